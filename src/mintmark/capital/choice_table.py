"""Choice table: choices from files, wide ones (a row for each choice) and long ones (a row for each alternative)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.choice import Array, Choices
from mintmark.capital.table import columns, header

JOINTS = (".", "_", ":", "-", " ")
"""what stands between a feature and an alternative in the name of a column"""
YES = ("1", "1.0", "true", "yes")
NO = ("0", "0.0", "false", "no")


def truths(cells: Array, where: str, fix: str) -> Array:
    """Which cells say yes; where: the column.   Shapes: (rows,) of text; of bool.

    Raises: DataError: a cell that says neither yes nor no (names the row).
    """
    said = np.array([str(v).strip().lower() for v in cells])
    strange = np.flatnonzero(~np.isin(said, [*YES, *NO]))
    if len(strange):
        what = f"{str(cells[strange[0]])!r} is neither 1 nor 0."
        raise DataError(what, where=f"{where}, row {strange[0] + 1}", fix=fix)
    made: Array = np.isin(said, YES)
    return made


def read_wide(
    csv: str | Path, choice: str, alternatives: list[str] | None, features: list[str], constants: bool, where: str
) -> Choices:
    """Choices of a file with a row for each choice; `choice`: the column that holds the name of what was chosen.

    Raises: RecipeError: no alternatives.   DataError: a column that is not there, or as `wide`.
    """
    names = header(csv, where)
    known = alternatives or _alternatives(names, features)
    if len(set(known)) < 2:
        what = f"has one alternative, {known[0]!r}." if known else "has no alternatives."
        fix = 'alternatives = ["a", "b"], with columns such as price.a and price.b, or id for a long file.'
        raise RecipeError(what, where=f"{_asker(where)}: alternatives", fix=fix)
    found = {f: _of_feature(names, f, known, where) for f in features}
    every = [c for cs in found.values() for c in cs]
    table = columns(csv, every, where, text=[choice])
    values = {
        f: np.column_stack([table[c] for c in (cs if len(cs) > 1 else cs * len(known))]) for f, cs in found.items()
    }
    return wide(table[choice], known, values, constants, where)


def _alternatives(names: list[str], features: list[str]) -> list[str]:
    """What stands behind the first feature in the names of the columns."""
    for joint in JOINTS:
        made = [n.removeprefix(features[0] + joint) for n in names if features and n.startswith(features[0] + joint)]
        if len(made) > 1:
            return made
    return []


def _of_feature(names: list[str], feature: str, alternatives: list[str], where: str) -> list[str]:
    """The columns of a feature, one for each alternative, or the one of a feature of the person."""
    for joint in JOINTS:
        made = [f"{feature}{joint}{a}" for a in alternatives]
        if set(made) <= set(names):
            return made
    if feature in names:
        return [feature]
    missing = next((f"{feature}.{a}" for a in alternatives if f"{feature}.{a}" not in names), feature)
    what = f"has no column {missing!r}."
    raise DataError(what, where=where, fix=f"a column {feature}.NAME for each of {', '.join(alternatives)}.")


def read_long(
    csv: str | Path, choice: str, id: str | list[str], alternative: str | None, features: list[str], constants: bool,
    where: str,
) -> Choices:  # fmt: skip
    """Choices of a file with a row for each alternative; `choice`: the column that is 1 where it was chosen.

    Raises: DataError: a column that is not there, a cell that is neither 1 nor 0, or as `long`.
    """
    ids = [id] if isinstance(id, str) else id
    if not 1 <= len(ids) <= 2:
        raise RecipeError(
            "must be one column or two.", where=f"{_asker(where)}: id", fix='id = "chid" or ["chid", "alt"]'
        )
    alternative = ids[1] if len(ids) == 2 else alternative
    text = [ids[0], choice, *([alternative] if alternative else [])]
    strange = next((f for f in features if f in text), None)
    if strange is not None:
        what = f"{strange!r} says which choice it is or what was chosen."
        raise RecipeError(
            what, where=f"{_asker(where)}: features", fix="columns of numbers that tell alternatives apart."
        )
    table = columns(csv, features, where, text=text)
    picked = truths(table[choice], f"{where}: column {choice!r}", "1 where it was chosen.")
    names = table[alternative] if alternative else None
    values = {f: table[f] for f in features}
    return long(table[ids[0]], names, picked, values, constants, where)


def _asker(where: str) -> str:
    """Who asks, without which input: "logit_fit" of "logit_fit: csv"."""
    return where.partition(":")[0]


# --- from columns to choices ------------------------------------------------------------------------------------------


def long(
    situation: Array, alternative: Array | None, chosen: Array, features: dict[str, Array], constants: bool, where: str
) -> Choices:
    """From a row for each alternative of each choice.

    A feature that is the same for all alternatives of every choice, such as an income, gets a coefficient for each
    alternative but the first, as constants do.
    Shapes: all (rows,); situation and alternative of text, chosen of bool.
    Raises: DataError: a choice with none or several chosen, with one alternative, or with one of them twice.
    """
    names, index = np.unique(situation, return_inverse=True)
    index = index.ravel()
    count = np.bincount(index)
    _refuse(names, count < 2, "has one alternative", "at least two in each choice.", where)
    picked = np.bincount(index, weights=chosen)
    fix = (
        "1 in the row of the one that was chosen, 0 in the others; the column of the choice, not of the person, as id."
    )
    _refuse(names, picked != 1.0, "does not have exactly one that was chosen", fix, where)
    if alternative is None:
        order = np.argsort(index, kind="stable")
        starts = np.concatenate([[0], np.cumsum(count)[:-1]])
        place = np.empty(len(index), int)
        place[order] = np.arange(len(index)) - np.repeat(starts, count)
        labels: list[str] = []
    else:
        first = {str(a): None for a in alternative}
        labels = list(first)
        at = {a: i for i, a in enumerate(labels)}
        place = np.array([at[str(a)] for a in alternative])
        pairs = np.bincount(index * len(labels) + place, minlength=len(names) * len(labels)).reshape(len(names), -1)
        _refuse(names, pairs.max(1) > 1, "has an alternative twice", "one row for each alternative.", where)
    shape = (len(names), int(place.max()) + 1)
    there = np.zeros(shape, bool)
    there[index, place] = True
    filled = {}
    for name, column in features.items():
        filled[name] = np.zeros(shape)
        filled[name][index, place] = column
    picks = np.zeros(len(names), int)
    picks[index[chosen]] = place[chosen]
    return _choices(filled, there, picks, labels, constants, where)


def wide(
    chosen: Array, alternatives: Sequence[str], features: dict[str, Array], constants: bool, where: str
) -> Choices:
    """From a row for each choice.

    Shapes: chosen (rows,) of names of alternatives; features (rows, alternatives) each.
    Raises: DataError: a choice of none of them.
    """
    at = {a: i for i, a in enumerate(alternatives)}
    strange = [i for i, c in enumerate(chosen.tolist()) if str(c) not in at]
    if strange:
        what = f"{str(chosen[strange[0]])!r} in row {strange[0] + 1} is none of {', '.join(alternatives)}."
        raise DataError(what, where=where, fix="the names of the alternatives as the columns have them.")
    picks = np.array([at[str(c)] for c in chosen])
    there = np.ones((len(chosen), len(alternatives)), bool)
    return _choices(features, there, picks, list(alternatives), constants, where)


def _choices(
    features: dict[str, Array], there: Array, chosen: Array, labels: list[str], constants: bool, where: str
) -> Choices:
    """Terms of the utility: constants, features, and features of the person by alternative."""
    terms: list[str] = []
    parts: list[Array] = []
    width = there.shape[1]

    def each(prefix: str, values: Array) -> None:
        if not labels:
            what = (
                f"{prefix!r} needs a name for each alternative." if prefix else "constants need names of alternatives."
            )
            raise RecipeError(what, where=where, fix='alternatives = "alt", the column that names them.')
        for a in range(1, width):
            terms.append(f"{prefix or '(intercept)'}:{labels[a]}")
            made = np.zeros(there.shape)
            made[:, a] = values
            parts.append(made)

    if constants:
        each("", np.ones(len(there)))
    for name, column in features.items():
        low = np.where(there, column, np.inf).min(1)
        high = np.where(there, column, -np.inf).max(1)
        if labels and (low == high).all() and np.ptp(low) > 0:
            each(name, low)
        else:
            terms.append(name)
            parts.append(column)
    if not parts:
        raise RecipeError("no feature and no constants: nothing to fit.", where=where, fix='features = ["price"]')
    return Choices(np.stack(parts, -1), there, chosen, tuple(terms))


def _refuse(names: Array, wrong: Array, what: str, fix: str, where: str) -> None:
    bad = np.flatnonzero(wrong)
    if len(bad):
        more = f" ({len(bad)} choices do)" if len(bad) > 1 else ""
        raise DataError(f"choice {str(names[bad[0]])!r} {what}{more}.", where=where, fix=fix)
