"""Terms: what a version of a model promised, and what its decisions earn once it is known what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError, nearest
from mintmark.numerics import payoff
from mintmark.numerics.answers import Array, names_of
from mintmark.numerics.payoff import Money
from mintmark.recipe import schema
from mintmark.serving.watch import scores
from mintmark.spine import Loaded


@dataclass(frozen=True)
class Decisions:
    """What is kept of the answers to one request.   Shapes: (n,), amounts (n, columns)."""

    action: Array
    """place among the actions, the first of which is to do nothing; 0 of numbers"""
    score: Array
    expected: Array
    """money that the model's own probabilities promise; NaN where that cannot be said"""
    amounts: Array
    """values of the payoff's columns, NaN where one is missing"""


@dataclass(frozen=True)
class Terms:
    kind: str
    classes: list[str]
    actions: list[str]
    money: Money | None
    mean: Array | None
    """money of action and outcome where the row's own is not known"""
    columns: list[str]
    """of the payoff, that a question has"""
    later: list[str]
    """of the payoff, that are only known with the outcome"""
    promise: dict[str, Any] | None
    run: str = ""
    """that made the bundle"""

    @classmethod
    def of(cls, loaded: Loaded) -> "Terms | None":
        """None for a bundle whose answers come to no outcome that could be compared: texts."""
        kind, facts = loaded.task.answer, loaded.decision.facts
        if kind not in ("classes", "number") or facts["by"] in ("none", "policy"):
            return None
        recipe, asked = loaded.facts.get("recipe") or {}, {f["name"] for f in loaded.facts["questions"]}
        classes = facts.get("classes", [])
        said = {
            "kind": kind,
            "classes": classes,
            "actions": facts.get("actions", classes),
            "mean": facts.get("mean_payoff"),
            "promise": loaded.facts.get("promise"),
            "run": loaded.facts.get("run", ""),
            "money": None,
        }
        if recipe.get("payoff"):
            money = payoff.parse(schema.build(schema.Payoff, recipe["payoff"], where="payoff"))
            said |= {"money": money.facts(), "asked": sorted(money.columns & asked)}
        return cls.of_facts(said)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> "Terms":
        """From what `facts` gave, as a journal has it."""
        money = Money.of_facts(facts["money"], facts["actions"]) if facts["money"] else None
        mean = None if facts["mean"] is None else np.array(facts["mean"], dtype=np.float64)
        asked = facts.get("asked", [])
        later = sorted(money.columns - set(asked)) if money else []
        named = {n: facts[n] for n in ("kind", "classes", "actions", "promise", "run")}
        return cls(money=money, mean=mean, columns=asked, later=later, **named)

    def facts(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "classes": self.classes,
            "actions": self.actions,
            "money": self.money.facts() if self.money else None,
            "mean": None if self.mean is None else self.mean.tolist(),
            "asked": self.columns,
            "promise": self.promise,
            "run": self.run,
        }

    def decisions(self, answers: Sequence[Mapping[str, Any]], given: Mapping[str, Sequence[Any]]) -> Decisions:
        """What to keep of these answers, as JSON has them, to questions with these columns."""
        n = len(answers)
        amounts = np.array([given[c] for c in self.columns], dtype=np.float64).reshape(len(self.columns), n).T
        score, action, expected = np.array(scores(answers, self.classes)), np.zeros(n, np.int64), np.full(n, np.nan)
        if self.kind == "classes":
            place = {a: i for i, a in enumerate(self.actions)}
            action = np.array([place[a["decision"]] for a in answers])
            if self.money:
                p = np.array([[a["probability"].get(c, 0.0) for c in self.classes] for a in answers])
                tensor, _ = self._tensor(amounts, np.full((n, len(self.later)), np.nan))
                expected = (p * tensor[np.arange(n), action]).sum(1)
        return Decisions(action, score, expected, amounts)

    def earned(self, action: Array, score: Array, amounts: Array, later: Array, outcome: Array) -> tuple[Array, Array]:
        """Money of each decision now that its outcome is known, NaN where the terms cannot say it; and whether it was
        worked out with mean amounts.

        Shapes: (n,), amounts (n, columns), later (n, later); outcome: places among the classes, or numbers.
        """
        n = len(outcome)
        if self.money is None:
            return np.full(n, np.nan), np.zeros(n, bool)
        if self.kind == "number":
            off = score - outcome
            cost = np.where(off > 0, abs(self.money.over or 0.0) * off, abs(self.money.under or 0.0) * -off)
            return 0.0 - cost, np.zeros(n, bool)
        tensor, blank = self._tensor(amounts, later)
        at = np.arange(n), action, outcome.astype(np.int64)
        return tensor[at], blank[at] & np.isfinite(tensor[at])

    def outcome(self, value: Any, where: str) -> float:
        """What happened as a number: the place of a class, or the number itself.   Raises: DataError."""
        if self.kind == "number":
            if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
                return float(value)
            raise DataError(f"a number is wanted, got {value!r:.60}.", where=where, fix="12.5")
        name = names_of(pa.array([value]))[0].as_py() if isinstance(value, str | bool | int | float) else None
        if name in self.classes:
            return float(self.classes.index(name))
        near = nearest(name or "", self.classes)
        known = ", ".join(self.classes[:10]) + (" and others" if len(self.classes) > 10 else "")
        fix = f"did you mean {near!r}?" if near else f"one of {known}."
        raise DataError(f"{value!r:.60} is no class of the model; it knows {known}.", where=where, fix=fix)

    def _tensor(self, amounts: Array, later: Array) -> tuple[Array, Array]:
        """Money of each row, action and outcome; and where a value was missing, so that the mean stands there."""
        if self.money is None:
            raise ValueError("terms without money")
        names = [*self.columns, *self.later, ""]  # the last for a payoff without columns: so many rows
        values = [*amounts.T, *later.T, np.zeros(len(amounts))]
        rows = pa.table({name: pa.array(column, from_pandas=True) for name, column in zip(names, values, strict=True)})
        tensor = self.money.tensor(rows, self.classes, strict=False)
        blank = ~np.isfinite(tensor)
        return (tensor if self.mean is None else np.where(blank, self.mean, tensor)), blank
