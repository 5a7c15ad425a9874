"""Portfolio: joins a file of projects with the runs that it names, a face beside `business`: it reads records."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mintmark.base.errors import DataError


def allocate(
    portfolio: str | os.PathLike[str] | Mapping[str, Any], *, samples: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """How a budget is best spent: see capital/portfolio/study.py, whose plain figures come out.

    portfolio: a TOML file or its tables; a run that a curve names is its folder (from the file's own) or its name.
    Raises: RecipeError, DataError: see there; a run cannot be read, or its trials show no curve.
    """
    from mintmark.capital import portfolio as room
    from mintmark.recipe import text

    where, folder = "portfolio", Path()
    raw: Any = portfolio
    if not isinstance(portfolio, Mapping):
        where, folder = os.fspath(portfolio), Path(portfolio).parent
        raw = text.read(Path(portfolio))
    measured = _measured(raw, folder, where)
    return room.allocate(raw, measured=measured, where=where, samples=samples or room.SAMPLES, seed=seed)


def _measured(raw: Mapping[str, Any], folder: Path, where: str) -> dict[str, dict[str, Any]]:
    """Sizes and errors of the projects that name a run, and what the run is called."""
    from mintmark.business import record_of
    from mintmark.capital.portfolio import rungs

    found = {}
    projects = raw.get("projects")
    for name, table in (projects if isinstance(projects, Mapping) else {}).items():
        curve = table.get("curve") if isinstance(table, Mapping) else None
        run = curve.get("run") if isinstance(curve, Mapping) else None
        if isinstance(curve, Mapping) and isinstance(run, str) and run:
            place = f"{where}: projects.{name}.curve"
            try:
                record = record_of(folder / run if (folder / run).exists() else run)
            except DataError as exc:
                raise DataError(exc.what, where=f"{place}.run: {exc.where}", fix=exc.fix) from None
            made = rungs(record.trials, record.measures, str(curve.get("measure", "")), place)
            found[str(name)] = {**made, "run": record.run}
    return found
