"""Data that come with scikit-learn and statsmodels, so that a first run needs no file and no network."""

import pkgutil
from typing import Any

from mintmark.base.errors import DataError, unknown
from mintmark.base.need import need
from mintmark.data.frame import from_frame
from mintmark.data.rows import Rows

SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "wine")
LIBRARIES = ("sklearn", "statsmodels")


def load(library: str, name: str) -> Rows:
    """The rows; a scikit-learn set has its answers in `target`, as names where they are classes.

    Raises: DataError: no such set (names the nearest).
    """
    return _sklearn(name) if library == "sklearn" else _statsmodels(name)


def _sklearn(name: str) -> Rows:
    from sklearn import datasets

    if name not in SKLEARN:
        raise unknown("data set of scikit-learn", name, SKLEARN, where="data", error=DataError)
    found = getattr(datasets, f"load_{name}")()
    columns: dict[str, Any] = {str(n): found.data[:, i] for i, n in enumerate(found.feature_names)}
    target = found.target
    if "target_names" in found:
        target = [str(found.target_names[i]) for i in target]
    return from_frame(columns | {"target": target})


def _statsmodels(name: str) -> Rows:
    from statsmodels import datasets

    known = [m.name for m in pkgutil.iter_modules(datasets.__path__) if m.ispkg and m.name not in ("tests", "template")]
    if name not in known:
        raise unknown("data set of statsmodels", name, known, where="data", error=DataError)
    frame = need(f"statsmodels.datasets.{name}").load_pandas().data
    if type(frame.index).__name__ != "RangeIndex":  # the dates of a series are its index
        frame = frame.rename_axis(frame.index.name or "date").reset_index()
    return from_frame(frame)
