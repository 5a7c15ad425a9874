"""What the files of assumptions share: figures with distributions, correlations, currencies with dated rates.

    currency = "USD"
    [fx]
    EUR = { rate = 1.08, dated = "2026-05-01", source = "ECB" }    # what one EUR is worth in the file's currency
    [[correlations]]
    between = ["labour.hours", "labour.wage"]
    rho = 0.4

A kind of file subclasses `Assumptions` and adds tables whose fields are an `Assumption`, a `Share`, an `Amount` or
`Money` (see distribution.py). Figures are named by their path: `labour.hours`, `tiers[0].price`. All money that comes
out is in the file's currency.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, Field, model_validator

from mintmark.base.errors import RecipeError, nearest
from mintmark.capital.distribution import Array, Assumption, Dated, day
from mintmark.capital.prices import STALE_DAYS
from mintmark.recipe import text
from mintmark.recipe.strict import Strict, Wrong, build, plain, show

Kind = TypeVar("Kind", bound="Assumptions")
SINGULAR = 1e-9
"""an eigenvalue above minus this counts as 0: correlations were written with a few digits"""
LARGEST = 1e30
"""that a figure may be, and its quantile of one in a thousand million: products of a few are still numbers"""


class Rate(Strict):
    """What one unit of a currency is worth in the file's."""

    rate: Annotated[float, Field(gt=0)]
    dated: Dated
    """When it was read: 2026-05-01, 2026-05 or 2026."""
    source: str = ""


class Correlation(Strict):
    """How two figures move together: the correlation of their normal scores (a Gaussian copula)."""

    between: Annotated[list[str], Field(min_length=2, max_length=2)]
    rho: Annotated[float, Field(ge=-1, le=1)]
    source: str = ""


class Assumptions(Strict):
    """The part that every file of assumptions has."""

    currency: str = "USD"
    """Three capital letters (ISO 4217); what comes out is in it."""
    fx: dict[str, Rate] = {}
    """Rates of the other currencies that the file names."""
    correlations: list[Correlation] = []

    @model_validator(mode="after")
    def _agree(self) -> "Assumptions":
        for code in (self.currency, *self.fx):
            if not re.fullmatch("[A-Z]{3}", code):
                raise Wrong(f"a currency is three capital letters (ISO 4217), got {code!r}.", 'currency = "USD"')
        if self.currency in self.fx:
            raise Wrong(f"fx.{self.currency} is the file's own currency.", "leave that rate out.")
        for name, figure in self.figures.items():
            if figure.currency is not None and figure.currency not in (self.currency, *self.fx):
                what = f"{name} is in {figure.currency}, which has no rate in [fx]."
                fix = f'[fx] {figure.currency} = {{ rate = 1.08, dated = "2026-05-01" }}, in {self.currency} each.'
                raise Wrong(what, fix)
            most = figure.reach() * self.rate(figure.currency)
            if not most <= LARGEST:
                raise Wrong(f"{name} reaches {most:.3g}; figures up to {LARGEST:g} are worked with.", "a larger unit.")
        _matrix(self.correlations, list(self.figures))
        return self

    @cached_property
    def figures(self) -> Mapping[str, Assumption]:
        """Every figure by its path, in the order of the file's kind."""
        return dict(_walk(self))

    def rate(self, currency: str | None) -> float:
        """What one unit of a currency of this file is worth in the file's own; None is the file's own."""
        return 1.0 if currency in (None, self.currency) else self.fx[str(currency)].rate

    def centres(self) -> dict[str, float]:
        """The mean of each figure, money in the file's currency."""
        return {name: figure.centre() * self.rate(figure.currency) for name, figure in self.figures.items()}

    def quantiles(self, p: float) -> dict[str, float]:
        """The value below which the share p of each figure lies, money in the file's currency."""
        return {n: float(f.quantile(p)) * self.rate(f.currency) for n, f in self.figures.items()}

    def sample(self, rng: np.random.Generator, n: int, even: bool = False) -> dict[str, Array]:
        """Draws of all figures together, as correlated as the file says; money in the file's currency.

        Correlated normal scores, each put through the quantile function of its figure. Known figures are constant and
        use no randomness. Even: scores are evenly spread quantiles in random order (a Latin hypercube), whose means are
        nearer to the true ones; the standard errors of independent draws do not hold for them.
        Shapes: each (n,).   Source: Gaussian copula, Nelsen, An Introduction to Copulas, 2006, section 2.3.
        """
        names = list(self.figures)
        draw = evenly if even else np.random.Generator.standard_normal
        scores = {name: draw(rng, n) for name, figure in self.figures.items() if not figure.known}
        together = [name for pair in self.correlations for name in pair.between if name in scores]
        together = list(dict.fromkeys(together))
        if together:
            at = [names.index(name) for name in together]
            root = _root(_matrix(self.correlations, names)[np.ix_(at, at)])
            scores |= dict(zip(together, root @ np.array([scores[name] for name in together]), strict=True))
        still = np.zeros(n)
        return {
            name: figure.draw(scores.get(name, still)) * self.rate(figure.currency)
            for name, figure in self.figures.items()
        }

    def stale(self, today: date) -> list[str]:
        """A sentence for each rate and each dated figure that is, or may be, more than a year old."""
        dated = [(f"The rate of {code}", f"{r.rate:g} {self.currency}", r.dated) for code, r in self.fx.items()]
        dated += [(name, "as the file has it", f.dated) for name, f in self.figures.items() if f.dated]
        return [
            f"{name}, {what}, is dated {when}: it may be out of date."
            for name, what, when in dated
            if (today - day(when)).days > STALE_DAYS
        ]


def evenly(rng: np.random.Generator, n: int) -> Array:
    """The n midpoint quantiles of the standard normal distribution, in random order, (n,)."""
    from scipy.special import ndtri

    return rng.permutation(np.asarray(ndtri((np.arange(n) + 0.5) / n)))


def load(path: Path, kind: type[Kind]) -> Kind:
    """The assumptions in a TOML file.   Raises: RecipeError: unreadable, no TOML, or as `parse`."""
    return parse(text.read(path), kind, str(path))


def parse(raw: Mapping[str, Any], kind: type[Kind], where: str) -> Kind:
    """The assumptions that plain values describe.

    Raises: RecipeError: a file of another kind, an unknown key (names the nearest), a value of the wrong kind, figures
    that contradict each other, money without a rate, correlations that cannot be together.
    """
    wanted = kind.model_fields["kind"].default if "kind" in kind.model_fields else None
    if wanted is not None and raw.get("kind", wanted) != wanted:
        what = f"is {show(raw['kind'])}; this command reads files of the kind {wanted!r}."
        raise RecipeError(what, where=f"{where}: kind", fix=f"`mintmark new {wanted}` writes one.")
    return build(kind, plain(raw, f"{where}: "), f"{where}: ")


# --- paths and correlations -------------------------------------------------------------------------------------------


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Assumption]]:
    if isinstance(value, Assumption):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _walk(getattr(value, name), f"{path}.{info.alias or name}".lstrip("."))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _walk(part, f"{path}[{i}]")


def _matrix(pairs: Sequence[Correlation], names: Sequence[str]) -> Array:
    """The correlations of all figures.   Raises: Wrong: an unknown name, a pair twice, no such correlations."""
    made = np.eye(len(names))
    seen: set[frozenset[str]] = set()
    for i, pair in enumerate(pairs):
        where, (one, other) = f"correlations[{i}]", pair.between
        for name in pair.between:
            if name not in names:
                near = nearest(name, names)
                fix = f"did you mean {near!r}?" if near else f"one of {', '.join(names[:20])}."
                raise Wrong(f"{where}: no figure is named {name!r}.", fix)
        if one == other:
            raise Wrong(f"{where}: {one!r} is named twice.", "two figures.")
        if frozenset(pair.between) in seen:
            raise Wrong(f"{where}: {one!r} and {other!r} have a correlation already.", "one for each pair.")
        seen.add(frozenset(pair.between))
        at, to = names.index(one), names.index(other)
        made[at, to] = made[to, at] = pair.rho
    least = float(np.linalg.eigvalsh(made)[0]) if len(made) else 1.0
    if least < -SINGULAR:
        said = ", ".join(f"{a} with {b} {p.rho:g}" for p in itertools.islice(pairs, 6) for a, b in [p.between])
        fix = f"each times {math.floor(100 / (1 - least)) / 100:g} or less, or fewer pairs."
        raise Wrong(f"the correlations cannot hold together: {said}.", fix)
    return made


def _root(matrix: Array) -> Array:
    """R with R R' = the matrix, which may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
