"""Ensembles: several fitted models as one, each with its own features, their answers merged by weights."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mintmark.base.state import State

MEMBERS = "members"
Fits = Sequence[tuple[State, State]]
"""features and model of each member"""


def joined(fits: Fits, weights: Sequence[float] | None = None) -> tuple[State, State]:
    """One pair of States for several; equal weights where none are given, and one alone stays itself.

    Features that two members share are kept once. What the task looks up in facts of the features, its classes and the
    columns of the past, is that of all members together.
    """
    if len(fits) == 1:
        return fits[0]
    share = np.full(len(fits), 1 / len(fits)) if weights is None else np.asarray(weights, float) / np.sum(weights)
    apart = [
        (own, one, w * inner)
        for (features, model), w in zip(fits, share, strict=True)
        for (own, one), inner in zip(_apart(features, model), weights_of(model), strict=True)
    ]
    fits, weight = [(own, one) for own, one, _ in apart], np.array([w for _, _, w in apart])
    kept: list[State] = []
    of = []
    for features, _ in fits:
        at = next((i for i, k in enumerate(kept) if _same(k, features)), len(kept))
        kept += [features] if at == len(kept) else []
        of.append(at)
    order = sorted(range(len(fits)), key=lambda i: of[i])  # so that each encoding is made once, and used, in turn
    facts = [f.facts for f, _ in fits]
    about: dict[str, Any] = max(facts, key=lambda f: len(f.get("classes", ())))
    about = {n: about[n] for n in ("classes", "left_out") if n in about}
    about["notes"] = list(dict.fromkeys(n for f in facts for n in f.get("notes", ())))
    if all("past" in f for f in facts):  # else a member reads all columns of the past
        about["past"] = sorted({c for f in facts for c in f["past"]})
    trained = list(dict.fromkeys(n for _, m in fits for n in m.facts.get("training", {}).get("notes", ())))
    features = State(facts=about, parts={str(i): k for i, k in enumerate(kept)})
    parts = {str(at): fits[i][1] for at, i in enumerate(order)}
    model = {MEMBERS: [of[i] for i in order], "training": {"notes": trained}}
    return features, State({"weight": weight[order]}, model, parts=parts)


def members(features: State, model: State) -> Iterator[tuple[State, list[State]]]:
    """Each set of features with the models that read it, in the order of `weights_of`."""
    if MEMBERS not in model.facts:
        yield features, [model]
        return
    of = model.facts[MEMBERS]
    for at in dict.fromkeys(of):
        yield features.parts[str(at)], [model.parts[str(i)] for i, place in enumerate(of) if place == at]


def weights_of(model: State) -> list[float]:
    """Of each member, with the sum 1."""
    return model.arrays["weight"].tolist() if MEMBERS in model.facts else [1.0]


def _apart(features: State, model: State) -> Fits:
    """The members one by one."""
    return [(own, one) for own, models in members(features, model) for one in models]


def _same(a: State, b: State) -> bool:
    if a is b:
        return True
    if (
        a.facts != b.facts
        or a.files != b.files
        or a.arrays.keys() != b.arrays.keys()
        or a.parts.keys() != b.parts.keys()
    ):
        return False
    same = all(np.array_equal(a.arrays[n], b.arrays[n], equal_nan=a.arrays[n].dtype.kind == "f") for n in a.arrays)
    return same and all(_same(a.parts[n], b.parts[n]) for n in a.parts)
