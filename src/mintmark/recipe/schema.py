"""A recipe: one TOML file, one typed and frozen object. An unknown key or a wrong type is an error, never ignored."""

import codecs
import copy
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, create_model, field_validator, model_validator

from mintmark.base.errors import RecipeError, unknown
from mintmark.base.url import secret
from mintmark.recipe import text
from mintmark.recipe.strict import Strict, Wrong, build, plain
from mintmark.recipe.upgrades import CELLS, MOVED, VERSION, upgrade

__all__ = ["Columns", "Payoff", "Read", "Recipe", "Strict", "build", "delay", "json_schema", "load", "parse"]

SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
SECONDS |= {"d": 86400.0, "day": 86400.0, "week": 604800.0}
SECONDS |= {name + "s": seconds for name, seconds in SECONDS.items() if len(name) > 2}
SIGNS = {"$": ("USD",), "€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "￥": ("CNY", "JPY")}
TRIALS = re.compile(r"([1-9]\d{0,4})\s*trials?")
SQLITE = "sqlite:///"
AMOUNT = r"(\d+(?:\.\d*)?|\.\d+)"
Money = float | str
"""a number, the name of a column, or arithmetic over columns"""


class Columns(Strict):
    """Which column plays which role, where names and types do not say it."""

    target: str = ""
    time: str = ""
    id: str = ""
    entity: str = ""
    group: str = ""
    user: str = ""
    item: str = ""
    rating: str = ""
    weight: str = ""
    text: str = ""
    tokens: str = ""
    tags: str = ""
    image: str = ""
    audio: str = ""
    video: str = ""
    smiles: str = ""


class Read(Strict):
    """How files are read, where that cannot be found out."""

    encoding: str = ""
    delimiter: str = ""
    missing: tuple[str, ...] = ()
    """texts that stand for a missing value, besides the empty one"""
    text: tuple[str, ...] = ()
    """columns of a text table whose values are no numbers, such as codes with leading zeros"""
    bad_rows: Literal["stop", "skip"] = "stop"
    """what a row of the wrong width does"""
    query: str = ""
    """one SELECT: what to read of a database; of files, whose table is `data`, it takes what fits into memory"""

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return name and codecs.lookup(name).name
        except (LookupError, ValueError):
            raise Wrong(f"unknown encoding {name!r}.", 'encoding = "utf-8", "gb18030" or "utf-16".') from None

    @field_validator("delimiter")
    @classmethod
    def _single(cls, mark: str) -> str:
        if len(mark) > 1 or mark in ("\n", "\r", '"'):
            raise Wrong(f"must be one character, got {mark!r}.", r'delimiter = "," or ";" or "\t".')
        return mark


class Payoff(Strict):
    """Money per decision: a number, a column, or arithmetic over columns. Costs are negative."""

    currency: str = "USD"
    true_positive: Money = 0.0
    false_positive: Money = 0.0
    false_negative: Money = 0.0
    true_negative: Money = 0.0
    matrix: dict[str, dict[str, Money]] = {}
    """decision -> truth -> money, for many classes"""
    over: float | None = None
    """money for each unit that the answer lay above the truth"""
    under: float | None = None
    """money for each unit that the answer lay below the truth"""
    accepted: Money | None = None
    """money for a recommendation that is taken"""
    capacity: float | None = Field(None, gt=0, le=1)
    """share of the cases that can be acted on"""
    prevalence: float | None = Field(None, gt=0, lt=1)
    """true share of the positive class, where the sample is enriched"""

    @field_validator("currency")
    @classmethod
    def _code(cls, code: str) -> str:
        if not re.fullmatch("[A-Z]{3}", code):
            raise Wrong(f"must be three capital letters (ISO 4217), got {code!r}.", 'currency = "USD", "CNY" or "EUR".')
        return code

    @model_validator(mode="after")
    def _one_way(self) -> "Payoff":
        cells = {name: getattr(self, name) for name in CELLS.values()}
        written = {n: v for n, v in cells.items() if v != 0}
        if written and self.matrix:
            what = f"has both matrix and {', '.join(written)}: two ways of saying the same."
            raise Wrong(what, "keep the four cells for two classes, [payoff.matrix] for more.")
        if (self.over is None) != (self.under is None):
            have, lack = ("over", "under") if self.under is None else ("under", "over")
            raise Wrong(f"has {have} without {lack}.", f"{lack} = ... as well, 0 if it costs nothing.")
        empty = [d for d, truths in self.matrix.items() if not truths]
        if empty:
            raise Wrong(f"matrix: decision {empty[0]!r} has no money.", f'{empty[0]} = {{ "the truth" = -5 }}')
        texts = {**cells, "accepted": self.accepted}
        texts |= {f"matrix.{d}.{t}": v for d, truths in self.matrix.items() for t, v in truths.items()}
        blank = [n for n, v in texts.items() if isinstance(v, str) and not v.strip()]
        if blank:
            raise Wrong(f"{blank[0]} is empty.", "a number, the name of a column, or arithmetic over columns.")
        if not written and not self.matrix and self.over is None and self.accepted is None:
            fix = 'true_positive = "Amount - 5" and false_positive = -5 (two classes), [payoff.matrix] (more), '
            raise Wrong(
                "pays nothing for any decision.", fix + "over and under (numbers), or accepted (recommendation)."
            )
        return self


class Policy(Strict):
    """What no text that is answered may hold."""

    blocked: tuple[str, ...] = ()
    """words that are never written"""
    mask: tuple[Literal["email", "phone", "id_number", "card"], ...] = ()
    """personal data that are never written"""
    instead: str = "***"
    """written in their place"""


class Recipe(Strict):
    """What to learn, from what, and what its decisions are worth."""

    version: int = Field(VERSION, ge=VERSION, le=VERSION)
    task: str = Field(min_length=1)
    data: str = Field("example", min_length=1)
    """file, folder, database (`sqlite:///file`, `postgresql://user@host/database`, both with `[read] query`), data set
    of the Hugging Face hub (`hub:owner/name`) or built-in (`sklearn:`, `statsmodels:`); `example` is the task's own"""
    target: str = ""
    """the column to answer"""
    test: str = ""
    """the test rows, where they are given"""
    valid: str = ""
    """the validation rows, where they are given"""
    seed: int = Field(0, ge=0, le=2**32 - 1)
    budget: str = ""
    """time, money or models that a search may use: "5 min", "$2.50", "40 trials"; it stops when that is used up """
    label_delay: float | str = 0.0
    """a row's label is known this long after the row, in units of the time column, or "3 days" """
    window: int | None = Field(None, ge=1)
    """at most so many earlier rows of a key are seen, in training and in serving; without it the task says"""
    test_share: float = Field(0.2, gt=0, lt=1)
    """of the rows, where no file fixes the test"""
    valid_share: float = Field(0.2, gt=0, lt=1)
    """of the rows that are not test, where no file fixes the validation and they are not answered out of fold"""
    folds: int | None = Field(None, ge=2, le=100)
    """so many parts, each answered by a model of the others, in place of one hold-out (cross-validation)"""
    refit: bool | None = None
    """fit once more on all rows after the test; without it the task says"""
    engine: Literal["local"] = "local"
    with_: tuple[str, ...] = Field((), validation_alias="with", serialization_alias="with")
    """capabilities"""
    columns: Columns = Columns()
    read: Read = Read()
    settings: dict[str, Any] = {}
    """the task's own"""
    payoff: Payoff | None = None
    policy: Policy | None = None

    _folder: Path = PrivateAttr(default_factory=Path)
    _rewritten: tuple[str, ...] = PrivateAttr(default=())

    @property
    def folder(self) -> Path:
        """Where relative paths of the recipe start."""
        return self._folder

    @property
    def rewritten(self) -> tuple[str, ...]:
        """What an upgrade of an older recipe changed, in sentences."""
        return self._rewritten

    @field_validator("data", "test", "valid")
    @classmethod
    def _open(cls, text: str) -> str:
        if secret(text):
            fix = "PGPASSWORD or ~/.pgpass, or postgresql://user:${MY_PASSWORD}@host/db with a variable MY_PASSWORD."
            raise Wrong("holds a password, and recipes are kept in records and bundles.", fix)
        return text

    @field_validator("budget")
    @classmethod
    def _budget(cls, text: str) -> str:
        if text.strip() and not TRIALS.fullmatch(text.strip()):
            _read_budget(text)
        return text.strip()

    @field_validator("label_delay")
    @classmethod
    def _delay(cls, value: float | str) -> float | str:
        if isinstance(value, str):
            _read_time(value)
        elif value < 0:
            raise Wrong(f"must not be negative, got {value:g}.", 'label_delay = 3 or "3 days".')
        return value

    @field_validator("with_")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = [n for i, n in enumerate(names) if n in names[:i]]
        if twice:
            raise Wrong(f"{twice[0]!r} is listed twice.", "name each capability once.")
        return names

    @model_validator(mode="after")
    def _one_target(self) -> "Recipe":
        if self.columns.target and self.target and self.columns.target != self.target:
            raise Wrong(f"target is {self.target!r}, columns.target is {self.columns.target!r}.", "keep one of them.")
        return self

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, every default filled in; `parse` makes the same recipe of it."""
        return self.model_dump(mode="json", by_alias=True)

    def hash(self, settings: BaseModel | None = None) -> str:
        """SHA-256 of the content, in hex; `settings` are the task's own, with their defaults, instead of those written.

        A default that is spelled out changes nothing, nor does where the data lie: their own hash says what they are.
        """
        content = {k: v for k, v in self.as_dict().items() if k not in ("data", "valid", "test")}
        content["target"] = content["columns"]["target"] = self.target or self.columns.target
        if matrix := content["payoff"] and content["payoff"]["matrix"]:  # its first line means to do nothing
            content["payoff"] = content["payoff"] | {"matrix": [[d, truths] for d, truths in matrix.items()]}
        if settings is not None:
            content["settings"] = settings.model_dump(mode="json", by_alias=True)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def roles(self, names: Iterable[str], assumed: tuple[str, ...] = ()) -> Columns:
        """The roles for columns of these names; one that is `assumed` and not given takes the free column of its name.

        Raises: RecipeError: a role names no column (says which is nearest).
        """
        names = list(names)
        given = {role: name for role, name in self.columns if name}
        if self.target:
            given["target"] = self.target
        for role, name in given.items():
            if name not in names:
                where = "target" if role == "target" and self.target else f"columns.{role}"
                raise unknown("column", name, names, where=where)
        for role, name in given.items():
            if role != "target" and name == given.get("target"):
                what = f"column {name!r} is the target, and so cannot be the {role} as well."
                raise RecipeError(what, where=f"columns.{role}", fix="another column, or leave it out.")
        free = set(names) - set(given.values())
        return Columns(**{role: role for role in assumed if role in free and role not in given} | given)

    @property
    def trials(self) -> int | None:
        """How many models may be tried, where the budget is given so."""
        found = TRIALS.fullmatch(self.budget)
        return int(found[1]) if found else None

    def budget_s(self, money_per_s: float | None = None, currency: str = "USD") -> float | None:
        """Seconds that the budget buys; None without a budget.   Units: money_per_s in `currency`.

        Raises: RecipeError: the budget is money, and no price is known or it is in another currency.
        """
        if not self.budget or self.trials is not None:
            return None
        amount, money = _read_budget(self.budget)
        if not money:
            return amount
        if money_per_s is None or money_per_s <= 0:
            what = f"{self.budget!r} is money, and no price of this machine is known."
            raise RecipeError(what, where="budget", fix='a time: budget = "5 min", or a price sheet with this machine.')
        if currency not in money:
            what = f"{self.budget!r} is {' or '.join(money)}, and the price of this machine is in {currency}."
            raise RecipeError(what, where="budget", fix=f'budget = "{amount:g} {currency}", or a time: "5 min".')
        return amount / money_per_s


ELSEWHERE = MOVED | {role: f'[columns] {role} = "..."' for role in Columns.model_fields if role != "target"}
"""where a key belongs that is wrong at the top of a recipe"""
ELSEWHERE |= {"": "one of those listed; what belongs to the task alone goes under [settings]."}


def load(path: Path, sets: Sequence[str] = (), data: str | None = None, budget: str | None = None) -> Recipe:
    """The recipe in a file, with what the command line sets; `data` is a path from where the user stands.

    Raises: RecipeError: unreadable, no TOML (names the line), an unknown key, or a value of the wrong type.
    """
    return changed(text.read(path), sets, data, budget, where=str(path), folder=path.parent)


def changed(
    raw: Mapping[str, Any],
    sets: Sequence[str] = (),
    data: str | None = None,
    budget: str | None = None,
    *,
    where: str = "recipe",
    folder: Path | None = None,
) -> Recipe:
    """The recipe that plain values describe, with some of them set anew.   Raises: RecipeError."""
    made, said = upgrade(copy.deepcopy(dict(raw)), f"{where}: ")
    for given in sets:
        text.put(made, given)
    if data is not None:
        made["data"] = _from_here(data, folder or Path())
    if budget is not None:
        made["budget"] = budget
    recipe = parse(made, where, folder)
    recipe._rewritten = (*said, *recipe._rewritten)
    return recipe


def parse(raw: Mapping[str, Any], where: str, folder: Path | None = None) -> Recipe:
    """The recipe that plain values describe.   Raises: RecipeError, which begins with `where`."""
    place = f"{where}: " if where else ""
    made, said = upgrade(plain(raw, place), place)
    recipe = build(Recipe, made, place, moved=ELSEWHERE)
    recipe._folder, recipe._rewritten = folder or Path(), tuple(said)
    return recipe


def json_schema(task: str | None = None, config: type[BaseModel] | None = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe file, with the settings of one task where it is named."""
    fields: dict[str, Any] = {}
    if task:
        fields["task"] = (Literal[task], ...)
    if config is not None:
        optional = not any(f.is_required() for f in config.model_fields.values())
        fields["settings"] = (config, Field(default_factory=config)) if optional else (config, ...)
    kind = create_model("Recipe", __base__=Recipe, **fields) if fields else Recipe
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mintmark recipe"}
    return {**kind.model_json_schema(by_alias=True, mode="validation"), **made}


def delay(value: float | str, timestamps: bool) -> float:
    """The delay in units of the time column, which are seconds where the column holds timestamps.

    Raises: RecipeError: no time, or "3 days" where the time column holds plain numbers.
    """
    if not isinstance(value, str):
        return float(value)
    try:
        seconds = _read_time(value)
    except Wrong as exc:
        raise RecipeError(str(exc), where="label_delay", fix=exc.fix) from None
    if not timestamps:
        what = f"{value!r} is a span of time, and the time column holds plain numbers."
        raise RecipeError(what, where="label_delay", fix="a number, in the units of that column: label_delay = 3")
    return seconds


# --- paths, times and money as people write them --------------------------------------------------------------------


def _from_here(data: str, folder: Path) -> str:
    """A path given on the command line as the recipe in `folder` would write it; names and URLs stay."""
    if data.startswith(SQLITE):
        return SQLITE + _from_here(data.removeprefix(SQLITE), folder)
    if data == "example" or re.match(r"[A-Za-z][\w+.-]+:", data):
        return data
    path = Path(data).expanduser()
    if path.is_absolute():
        return str(path)
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return str(path.absolute())


def _read_time(text: str) -> float:
    """Seconds of "90 s", "12 h", "3 days".   Raises: Wrong."""
    found = re.fullmatch(AMOUNT + r"\s*([A-Za-z]+)", text.strip())
    unit = found[2].lower() if found else ""
    if not found or unit not in SECONDS:
        raise Wrong(f"{text!r} is no span of time.", 'a number and a unit: "90 s", "5 min", "1.5 h", "3 days".')
    return float(found[1]) * SECONDS[unit]


def _read_budget(text: str) -> tuple[float, tuple[str, ...]]:
    """Seconds and nothing, or an amount and the currencies that it can be in.   Raises: Wrong."""
    text = text.strip()
    signed = re.fullmatch(f"([{''.join(SIGNS)}])\\s*{AMOUNT}", text)
    coded = re.fullmatch(AMOUNT + r"\s*([A-Z]{3})", text)
    try:
        if signed:
            amount, money = float(signed[2]), SIGNS[signed[1]]
        elif coded and coded[2].lower() not in SECONDS:
            amount, money = float(coded[1]), (coded[2],)
        else:
            amount, money = _read_time(text), ()
    except Wrong:
        raise Wrong(
            f"{text!r} is neither a time nor money.",
            'budget = "90 s", "5 min", "1.5 h", "$2.50", "20 CNY" or "40 trials".',
        ) from None
    if not 0 < amount < float("inf"):
        raise Wrong(f"{text!r} buys nothing.", 'more than zero: budget = "5 min".')
    return amount, money
