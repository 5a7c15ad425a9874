"""Table: the plans of an answer, and every layout that does not fit, as CSV."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from mintmark.capital import spreadsheet
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
    """All rows have the names of the first."""
    lines = iter(rows)
    first = next(lines, None)
    if first is None:
        return ""
    return spreadsheet.text(list(first), ([line[name] for name in first] for line in chain([first], lines)))
