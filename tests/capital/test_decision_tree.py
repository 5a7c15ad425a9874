"""Decision trees: the published oil field with and without its survey, and forms that mean the same."""

import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods.tree import decision_tree, survey_worth

OIL = {"oil": {"p": 0.25, "value": 700}, "dry": {"p": 0.75, "value": -100}}
FIELD = {"decision": {"drill": {"chance": OIL}, "sell": 90}}


def after(oil: float) -> dict[str, object]:
    chance = {"oil": {"p": oil, "value": 700}, "dry": {"p": 1 - oil, "value": -100}}
    return {"decision": {"drill": {"chance": chance}, "sell": {"value": 90}}}


SURVEY = {
    "decision": {
        "survey": {
            "cost": 30,
            "chance": {"favourable": {"p": 0.3, "then": after(0.5)}, "not": {"p": 0.7, "then": after(1 / 7)}},
        },
        "none": FIELD,
    }
}


def test_the_oil_field() -> None:
    made = decision_tree(tree=FIELD)
    assert made == {"value": pytest.approx(100), "policy": {"start": "drill"}, "evpi": pytest.approx(142.5)}


def test_the_oil_field_with_its_survey() -> None:
    """Goferbroke: the survey is worth its cost of 30: 123 with it; to know all is worth 242.5 in all."""
    made = decision_tree(tree=SURVEY)
    assert made["value"] == pytest.approx(123)
    assert made["policy"] == {"start": "survey", "survey > favourable": "drill", "survey > not": "sell"}
    assert made["evpi"] == pytest.approx(242.5 - 123)


def test_what_a_survey_is_worth() -> None:
    payoffs, likelihood = [[700, -100], [90, 90]], [[0.6, 0.2], [0.4, 0.8]]
    assert survey_worth([0.25, 0.75], payoffs, likelihood) == pytest.approx(53)
    assert survey_worth([0.25, 0.75], payoffs, [[0.5, 0.5], [0.5, 0.5]]) == pytest.approx(0), "it says nothing"
    assert survey_worth([0.25, 0.75], payoffs, [[1, 0], [0, 1]]) == pytest.approx(142.5), "it says all"
    with pytest.raises(DataError, match="likelihood: chances must add up to 1"):
        survey_worth([0.25, 0.75], payoffs, [[0.5, 0.5], [0.4, 0.5]])


@pytest.mark.parametrize(
    "tree",
    [
        {"type": "decision", "options": [
            {"name": "drill", "type": "chance", "outcomes": [
                {"name": "oil", "p": 0.25, "value": 700}, {"name": "dry", "probability": 0.75, "payoff": -100}]},
            {"name": "sell", "value": 90}]},
        {"options": {"drill": {"outcomes": OIL}, "sell": 90}},
        {"decision": [{"name": "drill", "chance": [[0.25, 700], [0.75, -100]]}, {"name": "sell", "value": 90}]},
        {"decision": {"drill": {"then": {"chance": {"oil": [0.25, 700], "dry": [0.75, -100]}}}, "sell": 90}},
        {"decision": {"drill": {"cost": 100, "chance": {"oil": [0.25, 800], "dry": [0.75, 0]}}, "sell": 90}},
    ],
)  # fmt: skip
def test_forms_that_mean_the_same(tree: dict[str, object]) -> None:
    made = decision_tree(tree=tree)
    assert made == {"value": pytest.approx(100), "policy": {"start": "drill"}, "evpi": pytest.approx(142.5)}


def test_knowing_one_of_two_independent_things() -> None:
    """Two events that have nothing to do with each other: all four cases by hand."""

    def bet(win: float) -> dict[str, object]:
        return {"up": {"p": 0.5, "value": win}, "down": {"p": 0.5, "value": -win}}

    tree = {"decision": {"a": {"name": "a", "chance": bet(10)}, "b": {"name": "b", "chance": bet(4)}, "none": 0}}
    made = decision_tree(tree=tree)
    assert made["value"] == 0 and made["evpi"] == pytest.approx(0.5 * 10 + 0.25 * 4)
    same = {"decision": {"a": {"chance": bet(10)}, "b": {"chance": bet(4)}, "none": 0}}
    assert decision_tree(tree=same)["evpi"] == pytest.approx(0.5 * 10), "the same outcomes are one event"


def test_a_number_and_a_tree_without_decisions() -> None:
    assert decision_tree(tree=5) == {"value": 5, "policy": {}, "evpi": 0}
    assert decision_tree(tree={"chance": OIL}) == {"value": 100, "policy": {}, "evpi": pytest.approx(0)}


def test_a_tree_with_too_many_events_says_no_evpi() -> None:
    tree: object = 0
    for i in range(25):
        tree = {
            "decision": {"stop": i, "go": {"name": f"e{i}", "chance": {"y": {"p": 0.5, "then": tree}, "n": [0.5, -1]}}}
        }
    made = decision_tree(tree=tree)
    assert made["evpi"] is None and made["value"] == pytest.approx(24)


@pytest.mark.parametrize(
    "tree, match",
    [
        ({"chance": {"a": {"p": 0.5, "value": 1}, "b": {"p": 0.6, "value": 1}}}, "add up to 1.1, not to 1"),
        ({"chance": {"a": {"value": 1}, "b": {"p": 1.0, "value": 1}}}, r"chance\.a\.p: needs a probability"),
        ({"decision": {}}, "needs branches"), ({"desicion": {"a": 1}}, "did you mean 'decision'"),
        ({"decision": {"a": "x"}}, "a node is a number or a table"), ({"name": "x"}, "no value, decision or chance"),
        ({"decision": {"a": {"value": "5"}}}, r"decision\.a\.value: must be a number"),
        ({"decision": {"a": 1}, "chance": {"b": [1, 1]}}, "not both"), ({"type": "maybe"}, "unknown kind of node"),
    ],
)  # fmt: skip
def test_trees_that_cannot_be(tree: dict[str, object], match: str) -> None:
    with pytest.raises(RecipeError, match=match):
        decision_tree(tree=tree)
