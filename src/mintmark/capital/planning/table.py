"""Table: the plans of an answer, and every layout that does not fit, as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.capital.planning import row
from mintmark.capital.planning.study import Study


def plans(said: Mapping[str, Any]) -> str:
    """The ranked plans, a row each; tables within them as `cost.p80`."""
    return _written(_flat(p) | {"strategies": " ".join(p["strategies"])} for p in said["plans"])


def rejected(made: Study) -> str:
    """Every layout that was too large, with the GB that it needs, has, and lacks."""
    return _written(line for part in made.rejected for line in row.rejected(made, part))


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            made |= {f"{name}.{k}": v for k, v in value.items()}
        else:
            made[name] = value
    return made


def _written(rows: Iterable[Mapping[str, Any]]) -> str:
    out, writer = io.StringIO(), None
    for line in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(line), lineterminator="\n")
            writer.writeheader()
        writer.writerow(line)
    return out.getvalue()
