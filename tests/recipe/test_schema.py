"""The recipe: strict, helpful, the same hash for the same meaning, and upgraded from older versions."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mintmark.base.errors import RecipeError
from mintmark.recipe.schema import Payoff, Recipe, build, delay, json_schema, load, parse
from mintmark.recipe.upgrades import UPGRADES, VERSION, upgrade


class Config(BaseModel):
    model_config = ConfigDict(frozen=True)
    model: Literal["auto", "lightgbm", "random_forest"] = "auto"
    trees: int = Field(100, ge=1)
    rate: float = 0.1
    layers: tuple[int, ...] = ()

    @field_validator("trees")
    @classmethod
    def _even(cls, trees: int) -> int:
        if trees % 2:
            raise ValueError("trees come in pairs")
        return trees


def recipe(**more: Any) -> Recipe:
    return parse({"task": "tabular_classification"} | more, "recipe.toml")


def wrong(**more: Any) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        recipe(**more)
    assert caught.value.exit_code == 2 and caught.value.where.startswith("recipe.toml") and caught.value.fix
    return caught.value


def in_file(folder: Path, text: str | bytes, *sets: str, **more: str) -> Recipe:
    path = folder / "r.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path, sets, **more)


# --- what is wrong is said, with its place and what to try ------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "where", "what", "fix"),
    [
        ({"taget": "y"}, "taget", "unknown setting 'taget'", "did you mean 'target'?"),
        ({"columns": {"tme": "t"}}, "columns.tme", "unknown setting 'tme'", "did you mean 'time'?"),
        ({"payoff": {"true_postive": 1}}, "payoff.true_postive", "unknown setting", "did you mean 'true_positive'?"),
        ({"time": "t"}, "time", "unknown setting 'time'", '[columns] time = "..."'),
        ({"horizon": 3}, "horizon", "unknown setting 'horizon'", "[settings]"),
        ({"label": "y"}, "label", "unknown setting 'label'", 'target = "..."'),
        ({"payoff": {"tp": 1}}, "payoff.tp", "unknown setting 'tp'", "true_positive = ..."),
        ({"task": 1}, "task", "must be text in quotes, got 1", "task ="),
        ({"task": ""}, "task", "is empty", "task ="),
        ({"seed": True}, "seed", "must be a whole number, got true", "seed = 1"),
        ({"seed": "1"}, "seed", 'must be a whole number, got "1"', "seed = 1"),
        ({"seed": 1.0}, "seed", "must be a whole number, got 1.0", "seed = 1"),
        ({"seed": -1}, "seed", "must be at least 0, got -1", "seed = 0"),
        ({"seed": 2**32}, "seed", "must be at most 4294967295, got 4294967296", "seed"),
        ({"window": 0}, "window", "must be at least 1, got 0", "window = 1"),
        ({"with": "balance"}, "with", 'must be a list (text in quotes each), got "balance"', "with ="),
        ({"with": ["a", "b", "a"]}, "with", "'a' is listed twice", "once"),
        ({"engine": "ray"}, "engine", 'must be "local", got "ray"', 'engine = "local"'),
        ({"refit": "yes"}, "refit", 'must be true or false, got "yes"', "refit = true"),
        ({"columns": "time"}, "columns", "must be a table", "columns ="),
        ({"read": {"bad_rows": "skp"}}, "read.bad_rows", 'must be one of "stop", "skip"', "did you mean 'skip'?"),
        ({"read": {"missing": ["NA", 1]}}, "read.missing[1]", "must be text in quotes, got 1", "there"),
        ({"read": {"encoding": "utf9"}}, "read.encoding", "unknown encoding 'utf9'", "gb18030"),
        ({"read": {"delimiter": "||"}}, "read.delimiter", "must be one character", r"\t"),
        ({"target": "a", "columns": {"target": "b"}}, "", "target is 'a', columns.target is 'b'", "keep one"),
        ({"label_delay": -1}, "label_delay", "must not be negative", "3 days"),
        ({"label_delay": "3 moons"}, "label_delay", "'3 moons' is no span of time", "3 days"),
        ({"budget": "5 mni"}, "budget", "'5 mni' is neither a time nor money", "$2.50"),
        ({"budget": "0 s"}, "budget", "'0 s' buys nothing", "more than zero"),
        ({"settings": {"x": float("nan")}}, "settings.x", "nan is not a finite number", "leave the key out"),
        ({"settings": {"x": object()}}, "settings.x", "got object", "a plain value"),
        ({"payoff": {"true_positive": True}}, "payoff.true_positive", "a number or text in quotes, got true", "="),
        ({"payoff": {"true_positive": " "}}, "payoff", "true_positive is empty", "arithmetic"),
        ({"payoff": {"matrix": {"a": {"b": [1]}}}}, "payoff.matrix.a.b", "a number or text in quotes", "b ="),
        ({"payoff": {"matrix": {"a": {}}}}, "payoff", "decision 'a' has no money", "a ="),
        ({"payoff": {"false_positive": -1, "matrix": {"a": {"a": 1}}}}, "payoff", "both matrix and false_pos", "keep"),
        ({"payoff": {}}, "payoff", "pays nothing for any decision", "true_positive ="),
        ({"payoff": {"currency": "CNY", "capacity": 0.1}}, "payoff", "pays nothing", "true_positive ="),
        ({"payoff": {"over": -1}}, "payoff", "has over without under", "under ="),
        ({"payoff": {"accepted": 1, "currency": "usd"}}, "payoff.currency", "three capital letters", "CNY"),
        ({"payoff": {"accepted": 1, "capacity": 0}}, "payoff.capacity", "must be greater than 0, got 0", "another"),
        ({"payoff": {"accepted": 1, "capacity": 1.5}}, "payoff.capacity", "must be at most 1, got 1.5", "capacity = 1"),
        ({"payoff": {"accepted": 1, "prevalence": 1}}, "payoff.prevalence", "must be less than 1, got 1", "another"),
    ],
)
def test_mistakes(more: dict[str, Any], where: str, what: str, fix: str) -> None:
    error = wrong(**more)
    assert error.where == ("recipe.toml: " + where if where else "recipe.toml")
    assert what in error.what and fix in error.fix


def test_no_task() -> None:
    with pytest.raises(RecipeError, match=r'r: task: is missing\. Try: task = "\.\.\."'):
        parse({}, "r")


def test_several_mistakes_say_the_first_and_how_many_more() -> None:
    error = wrong(seed="x", window=0, payoff={"true_positive": [1]})
    assert error.where == "recipe.toml: seed" and "2 more" in error.what


def test_settings_of_a_task() -> None:
    assert build(Config, {"layers": [3, 4], "rate": 1}, "settings") == Config(layers=(3, 4), rate=1.0)
    for raw, where, said in [
        ({"modle": "auto"}, "settings.modle", "unknown setting 'modle'; known: layers, model, rate, trees."),
        ({"modle": "auto"}, "settings.modle", "Try: did you mean 'model'?"),
        ({"model": "lightgmb"}, "settings.model", "Try: did you mean 'lightgbm'?"),
        ({"model": "lightgmb"}, "settings.model", 'must be one of "auto", "lightgbm", "random_forest", got "lightgmb"'),
        ({"trees": "many"}, "settings.trees", 'must be a whole number, got "many"'),
        ({"trees": 0}, "settings.trees", "must be at least 1, got 0. Try: trees = 1"),
        ({"trees": 3}, "settings.trees", "trees come in pairs, got 3"),
        ({"rate": True}, "settings.rate", "must be a number, got true"),
        ({"layers": [1, 2.5]}, "settings.layers[1]", "must be a whole number, got 2.5"),
    ]:  # fmt: skip
        with pytest.raises(RecipeError) as caught:
            build(Config, raw, "settings")
        assert caught.value.where == where and said in str(caught.value)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file(tmp_path: Path) -> None:
    text = 'task = "t"\ndata = "x.csv"\nwith = ["explain"]\n[columns]\ntime = "时间"\n[payoff]\nfalse_positive = -5\n'
    made = in_file(tmp_path, "\ufeff" + text)  # with a byte order mark
    assert made.folder == tmp_path and made.with_ == ("explain",) and made.columns.time == "时间"
    assert made.payoff == Payoff(false_positive=-5.0) and made.rewritten == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [('task = "t"\nseed = \n', 2), ('a = 1\n\nb = "open\nc = 2', 3), ("a = 1\na = 2\n", 2), ("a = [1,\n2,\n", 3)],
)
def test_wrong_toml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(RecipeError, match="is no TOML") as caught:
        in_file(tmp_path, text)
    assert caught.value.where == f"{tmp_path / 'r.toml'}, line {line}"


def test_files_that_are_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(RecipeError, match="no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(RecipeError, match=r"line 2: is not UTF-8"):
        in_file(tmp_path, 'task = "t"\ntarget = "时间"'.encode("gbk"))
    with pytest.raises(RecipeError, match="longer than 1,000,000 bytes"):
        in_file(tmp_path, "#" * 1_000_001)
    with pytest.raises(RecipeError, match="nested too deep"):
        in_file(tmp_path, "a = " + "[" * 100_000)


def test_set_on_the_command_line(tmp_path: Path) -> None:
    sets = ["seed=3", "settings.model=lightgbm", "settings.layers=[1, 2]", "refit=true", 'target="1"', "budget=5 min"]
    sets += ['payoff.matrix."to call".yes=-5', "payoff.matrix.放弃.坏=Amount - 5"]
    made = in_file(tmp_path, 'task = "t"\nseed = 1\n[settings]\nmodel = "auto"\ntrees = 2\n', *sets)
    assert (made.seed, made.refit, made.target, made.budget) == (3, True, "1", "5 min")
    assert made.settings == {"model": "lightgbm", "layers": [1, 2], "trees": 2}
    assert made.payoff and made.payoff.matrix == {"to call": {"yes": -5.0}, "放弃": {"坏": "Amount - 5"}}


@pytest.mark.parametrize("text", ["seed", "=3", "a..b=3", "task.x=3", "x\ny=3"])
def test_set_that_is_wrong(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match=r"--set.*Try: --set"):
        in_file(tmp_path, 'task = "t"', text)


def test_a_value_cannot_smuggle_in_a_key(tmp_path: Path) -> None:
    assert in_file(tmp_path, 'task = "t"', "data=1\nseed = 5").seed == 0


def test_data_and_budget_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    monkeypatch.chdir(tmp_path)
    made = in_file(tmp_path / "recipes", 'task = "t"\ndata = "old.csv"', data="x/new.csv", budget="$2")
    assert made.data == "../x/new.csv" and (made.folder / made.data).resolve() == tmp_path / "x" / "new.csv"
    assert made.budget == "$2"
    for name in ("example", "sklearn:breast_cancer", "postgresql://host/db", "/abs/x.csv"):
        assert in_file(tmp_path / "recipes", 'task = "t"', data=name).data == name


# --- what a recipe can say of itself ----------------------------------------------------------------------------------


def test_the_hash_is_of_the_meaning(tmp_path: Path) -> None:
    plain = recipe(target="y", payoff={"true_positive": 5})
    spelled = recipe(
        version=1, target="y", seed=0, test_share=0.2, engine="local", columns={}, read={"bad_rows": "stop"},
            settings={},
        payoff={"true_positive": 5.0, "false_positive": 0, "currency": "USD"}, **{"with": []},
    )  # fmt: skip
    assert plain.hash() == spelled.hash() and len(plain.hash()) == 64
    assert recipe(columns={"target": "y"}, payoff={"true_positive": 5}).hash() == plain.hash()
    assert parse({"task": "tabular_classification"}, "a", Path("/a")).hash() == recipe().hash()
    others = [recipe(seed=1), recipe(target="z"), recipe(settings={"trees": 2}), recipe(label_delay=1), recipe()]
    assert len({r.hash() for r in [plain, *others]}) == 6


def test_the_hash_with_the_settings_of_the_task() -> None:
    short, long = recipe(), recipe(settings={"trees": 100, "rate": 0.1})
    assert short.hash() != long.hash()
    assert short.hash(Config()) == long.hash(build(Config, long.settings, "settings"))
    assert short.hash(Config()) != short.hash(Config(trees=2))


def test_a_recipe_of_version_0_has_the_hash_of_its_upgrade() -> None:
    old = parse({"version": 0, "task": "t", "label": "y", "model": "lightgbm", "payoff": {"fn": -9}}, "r")
    new = parse({"task": "t", "target": "y", "settings": {"model": "lightgbm"}, "payoff": {"false_negative": -9}}, "r")
    assert old.as_dict() == new.as_dict() and old.hash() == new.hash() and new.rewritten == ()
    (said,) = old.rewritten
    assert (
        "version 0" in said and "label, model, payoff.fn became payoff.false_negative, settings.model, target" in said
    )


def test_as_dict_makes_the_same_recipe_again() -> None:
    made = recipe(label_delay="3 days", payoff={"over": 1, "under": 2}, settings={"a": [1, {"b": None}]}, target="y")
    again = parse(json.loads(json.dumps(made.as_dict(), allow_nan=False)), "r")
    assert again == made and again.hash() == made.hash()


def test_it_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        recipe().seed = 3  # type: ignore[misc]


def test_roles() -> None:
    made = recipe(target="Class", columns={"time": "Time"})
    roles = made.roles(["Time", "id", "entity", "Class"], ("target", "time", "id", "group"))
    assert (roles.target, roles.time, roles.id, roles.entity, roles.group) == ("Class", "Time", "id", "", "")
    assert recipe().roles(["target", "x"], ("target", "time")).target == "target"
    assert recipe(target="id").roles(["id", "x"], ("target", "id")).id == ""  # the target is no id as well


@pytest.mark.parametrize(
    ("more", "where"), [({"target": "Clas"}, "target"), ({"columns": {"target": "Clas"}}, "columns.target"),
                        ({"columns": {"group": "clasS_"}}, "columns.group")],
)  # fmt: skip
def test_a_role_that_no_column_has(more: dict[str, Any], where: str) -> None:
    with pytest.raises(RecipeError, match=r"unknown column .*did you mean 'Class'\?") as caught:
        recipe(**more).roles(["Amount", "Class"], ())
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 s", 90), ("5 min", 300), ("5min", 300), ("1.5 h", 5400), ("2 hours", 7200), ("1 day", 86400), ("", None)],
)
def test_budget_in_time(text: str, seconds: float | None) -> None:
    assert recipe(budget=text).budget_s() == seconds


def test_budget_in_money() -> None:
    an_hour_costs_9 = 9 / 3600
    assert recipe(budget="$2.50").budget_s(an_hour_costs_9) == pytest.approx(1000)
    assert recipe(budget="2.50 USD").budget_s(an_hour_costs_9) == pytest.approx(1000)
    assert recipe(budget="¥20").budget_s(an_hour_costs_9, "CNY") == pytest.approx(8000)
    with pytest.raises(RecipeError, match=r"no price.*Try: a time"):
        recipe(budget="$2.50").budget_s(None)
    with pytest.raises(RecipeError, match=r"'¥20' is CNY or JPY, and the price of this machine is in USD"):
        recipe(budget="¥20").budget_s(an_hour_costs_9)


def test_delay() -> None:
    assert delay(3, timestamps=False) == 3 and delay(3, timestamps=True) == 3
    assert delay("3 days", timestamps=True) == 259200 and delay("12 h", timestamps=True) == 43200
    with pytest.raises(RecipeError, match="the time column holds plain numbers"):
        delay("3 days", timestamps=False)
    with pytest.raises(RecipeError, match="no span of time"):
        delay("soon", timestamps=True)


def test_json_schema() -> None:
    made = json_schema("tabular_classification", Config)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["properties"]["task"]["const"] == "tabular_classification" and made["required"] == ["task"]
    assert made["additionalProperties"] is False and "with" in made["properties"] and "with_" not in made["properties"]
    settings = made["$defs"]["Config"]["properties"]
    assert settings["model"]["enum"] == ["auto", "lightgbm", "random_forest"] and settings["trees"]["minimum"] == 1
    assert made["properties"]["seed"]["maximum"] == 4294967295
    assert made["properties"]["target"]["description"] == "the column to answer"
    assert json_schema()["properties"]["task"]["type"] == "string"
    json.dumps(made)


# --- versions ---------------------------------------------------------------------------------------------------------


def test_every_version_has_its_upgrade() -> None:
    assert sorted(UPGRADES) == list(range(VERSION))


def test_upgrade_of_version_0() -> None:
    old = {"version": 0, "task": "t", "label": "y", "model": "x", "payoff": {"tp": 1, "fp": 2, "fn": 3, "tn": 4}}
    before = json.dumps(old)
    new, said = upgrade(old)
    cells = {"true_positive": 1, "false_positive": 2, "false_negative": 3, "true_negative": 4}
    assert new == {"version": 1, "task": "t", "target": "y", "settings": {"model": "x"}, "payoff": cells}
    assert len(said) == 1 and json.dumps(old) == before
    assert upgrade(new) == (new, []) and upgrade({"task": "t"}) == ({"task": "t"}, [])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"version": 2}, "version 2; this mintmark reads versions up to 1"),
        ({"version": "1"}, "must be a whole number from 0 to 1, got '1'"),
        ({"version": True}, "must be a whole number"),
        ({"version": -1}, "must be a whole number"),
        ({"version": 0, "label": "a", "target": "b"}, "given twice, as 'label' too"),
        ({"version": 0, "payoff": {"tp": 1, "true_positive": 2}}, "given twice, as 'tp' too"),
        ({"version": 0, "model": "a", "settings": 3}, "settings: must be a table"),
    ],
)
def test_upgrades_that_cannot_be(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse({"task": "t"} | raw, "r.toml")
    assert said in str(caught.value) and caught.value.where.startswith("r.toml: ") and caught.value.fix
