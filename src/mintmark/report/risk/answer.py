"""Answer: what each control is worth, and the decisions that are to be taken, as trees."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms

OURS = {
    "have": mark("have it"),
    "leave": mark("leave it"),
    "it comes": mark("it comes"),
    "yes": mark("yes"),
    "no": mark("no"),
}
"""names of our own in a tree"""


def controls(terms: Terms) -> Iterable[str]:
    """Saved less spent, and what each takes from the reserve."""
    say, made = terms.say, terms.said["controls"]
    if not made:
        return ()
    heads = [say("control"), say("risk"), say("state"), say("saves"), say("costs"), say("worth"), say("standard error"),
             say("less reserve, P80"), say("less in the tail"), say("knowing before")]  # fmt: skip
    rows = [
        [words.short(c["name"]), words.breakable(c["risk"]), _state(terms, c), c["saves"], c["cost"], c["worth"],
         c["worth_se"], c["less_p80"], c["less_cvar"], c["decision"]["evpi"]]
        for c in made
    ]  # fmt: skip
    lead = say(
        "The same futures with and without each control, in {unit} over the plan; the last column is what it would be "
        "worth to know before whether the risk comes.",
        unit=terms.unit,
    )
    shown = max(made, key=lambda c: abs(c["worth"]))
    drawn = _tree(terms, shown["decision"]["tree"], OURS)
    tree = f"<details><summary>{words.short(shown['name'])}</summary>{drawn}</details>"
    return section("controls", say("What each control is worth"), [terms.sheet.table(heads, rows), tree], lead)


def _state(terms: Terms, c: Mapping[str, Any]) -> str:
    say = terms.say
    if c["in_place"]:
        return f'<span class="how in_place">{say("in place")}</span>'
    return f'<span class="how">{say("planned, pays") if c["worth"] > 0 else say("planned, does not pay")}</span>'


def decisions(terms: Terms) -> Iterable[str]:
    """The trees of the file, each with its best choices."""
    say, body = terms.say, []
    for d in terms.said["decisions"]:
        chosen = say.listed([words.short(option) for option in d["policy"].values()])
        best = say("Best: {choice}; worth {value}.", choice=chosen, value=terms.money(d["value"]))
        know = (
            say("To know all before would be worth {value}.", value=terms.money(d["evpi"]))
            if d["evpi"] is not None
            else ""
        )
        title = words.short(d["question"] or d["name"], 200)
        body.append(f"<h3>{title}</h3><p>{say.together(best, know)}</p>{_tree(terms, d['tree'], {})}")
    return section("decisions", say("Decisions"), body)


def _tree(terms: Terms, node: Any, ours: Mapping[str, str]) -> str:
    return f'<ul class="tree">{_node(terms, node, ours)}</ul>'


def _node(terms: Terms, node: Any, ours: Mapping[str, str]) -> str:
    """The branches of a node as a list; what a branch holds stands in it."""
    if not isinstance(node, Mapping):
        return ""
    node = node.get("then", node)
    inside = node if not isinstance(node, Mapping) else next(
        (node[k] for k in ("decision", "chance", "options", "outcomes", "branches") if k in node), None
    )  # fmt: skip
    if isinstance(inside, list):
        inside = {str(b.get("name", i + 1)) if isinstance(b, Mapping) else str(i + 1): b for i, b in enumerate(inside)}
    if not isinstance(inside, Mapping):
        return ""
    kind = "○" if any(isinstance(b, Mapping) and ("p" in b or "probability" in b) for b in inside.values()) else "□"
    return "".join(_branch(terms, kind, name, below, ours) for name, below in inside.items())


def _branch(terms: Terms, kind: str, name: str, below: Any, ours: Mapping[str, str]) -> str:
    say, facts = terms.say, below if isinstance(below, Mapping) else {"value": below}
    said = [say(ours[name]) if name in ours else words.short(name)]
    if (p := facts.get("p", facts.get("probability"))) is not None:
        said.append(say.share(round(float(p), 4)))
    if facts.get("cost"):
        said.append(say("costs {cost}", cost=terms.money(float(facts["cost"]))))
    value = facts.get("value", facts.get("then") if not isinstance(facts.get("then"), Mapping) else None)
    if isinstance(value, int | float):
        said.append(f"<b>{terms.money(float(value))}</b>")
    more = _node(terms, below, ours)
    return f"<li>{kind} {' · '.join(said)}{f'<ul>{more}</ul>' if more else ''}</li>"
