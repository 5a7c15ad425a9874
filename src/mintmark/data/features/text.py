"""Running text in a column of a table: by its words, of Chinese and its like by its characters."""

import re
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.state import State
from mintmark.data.rows import Rows

Array = npt.NDArray[Any]
WORD = re.compile(r"[^\W_]+")
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""scripts that put no blanks between words"""
MOST_TERMS, LEAST_ROWS = 20_000, 3
TOPICS = 32
"""columns that trees get of all terms"""
LONG_WORDS, LONG_CHARACTERS = 3.0, 8.0
LONGEST = 20_000
"""characters of a text that are read"""


def is_running(column: Any) -> bool:
    """Whether values are texts of several words, not names or codes."""
    some = [v for v in column.slice(0, 500).to_pylist() if v]
    if not some:
        return False
    words = float(np.mean([len(WORD.findall(v[:LONGEST])) for v in some]))
    dense = float(np.mean([len(DENSE.findall(v[:LONGEST])) for v in some]))
    return words >= LONG_WORDS or dense >= LONG_CHARACTERS


def learn(questions: Rows, names: list[str], seed: int) -> State:
    """Terms that come in at least three rows, with their weights; for trees the directions in which texts differ most.

    Source: Salton, Buckley 1988 (TF-IDF); Deerwester and others 1990 (latent semantic analysis).
    """
    columns, parts = [], {}
    for name in names:
        values = questions.select([name]).table().column(0).cast(pa.string()).to_pylist()
        terms = [_terms(v) for v in values]
        often = Counter(t for row in terms for t in set(row))
        least = LEAST_ROWS if len(values) > 100 else 2
        kept = sorted((t for t, c in often.items() if c >= least), key=lambda t: (-often[t], t))[:MOST_TERMS]
        if not kept:
            continue
        idf = np.log((1 + len(values)) / (1 + np.array([often[t] for t in kept]))) + 1
        own = State({"idf": idf}, {"places": {t: i for i, t in enumerate(kept)}})
        width = min(TOPICS, len(kept) - 1, len(values) - 1)
        if width > 1:
            from sklearn.utils.extmath import randomized_svd

            x = _matrix(own, values)
            _, _, directions = randomized_svd(x, width, random_state=seed, n_iter=4)
            own = State(own.arrays | {"directions": directions.astype(np.float64)}, own.facts)
        columns.append(name)
        parts[str(len(columns) - 1)] = own
    said = [f"{n}: topic {i + 1}" for j, n in enumerate(columns) for i in range(_width(parts[str(j)]))]
    return State(facts={"columns": columns, "names": said}, parts=parts)


def terms(state: State, questions: pa.RecordBatch) -> Any:
    """What a linear model gets: every term.   Shapes: (n, terms of all columns), csr, each row of length 1 a column."""
    from scipy import sparse

    made = [
        _matrix(state.parts[str(i)], questions.column(n).cast(pa.string()).to_pylist())
        for i, n in enumerate(state.facts["columns"])
    ]
    return made[0] if len(made) == 1 else sparse.hstack(made, format="csr")


def topics(state: State, questions: pa.RecordBatch) -> Array:
    """What trees get.   Shapes: (n, topics of all columns)."""
    made = []
    for i, name in enumerate(state.facts["columns"]):
        own = state.parts[str(i)]
        x = _matrix(own, questions.column(name).cast(pa.string()).to_pylist())
        made.append(x @ own.arrays["directions"].T if "directions" in own.arrays else x.toarray())
    return np.hstack(made)


def _width(own: State) -> int:
    return len(own.arrays["directions"]) if "directions" in own.arrays else len(own.facts["places"])


def _terms(value: str | None) -> list[str]:
    """Words and pairs of words; characters and pairs of them where words are not set apart."""
    if not value:
        return []
    value = value[:LONGEST].lower()
    if len(DENSE.findall(value)) * 2 > len(value.replace(" ", "")):
        single = [c for c in value if not c.isspace()]
    else:
        single = WORD.findall(value)
    return single + [f"{a} {b}" for a, b in zip(single, single[1:], strict=False)]


def _matrix(own: State, values: list[str | None]) -> Any:
    """Logarithm of how often, times rarity, each row of length 1.   Shapes: (n, terms), csr."""
    from scipy import sparse

    place, idf = own.facts["places"], own.arrays["idf"]
    starts, at, weight = [0], [], []
    for value in values:
        count = Counter(p for t in _terms(value) if (p := place.get(t)) is not None)
        found = sorted(count)
        w = (1 + np.log(np.array([count[p] for p in found], float))) * idf[found] if found else np.zeros(0)
        at += found
        weight.append(w / np.sqrt((w**2).sum()) if found else w)
        starts.append(len(at))
    data = np.concatenate(weight) if weight else np.zeros(0)
    return sparse.csr_matrix((data, np.array(at, np.int64), np.array(starts)), shape=(len(values), len(idf)))
