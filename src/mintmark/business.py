"""Business: what the money's room (capital) makes of runs, a face beside `api`: it reads records and writes pages."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import DataError, unknown
from mintmark.base.record import RunRecord

if TYPE_CHECKING:
    from mintmark.capital.register.evidence import Seen

RECORD, PAGE = "record.json", "value.html"
MOST_BYTES = 10_000_000
"""of what a server says of outcomes"""
WAIT_S = 10
"""for a server"""


def folder_of(run: str | os.PathLike[str]) -> Path:
    """Where a run lies: its folder, a file in it, or the newest of its name in the ledger.

    Raises: DataError: none of these (names the nearest).
    """
    from mintmark.ledger import Ledger

    path = Path(run)
    if path.is_dir():
        return path
    if path.is_file():
        return path.parent
    entries = Ledger.default().runs()
    found = next((e for e in entries if e["run"] == str(run)), None)
    if found is None:
        raise unknown("run", str(run), {e["run"] for e in entries}, where="RUN", error=DataError)
    return Path(found["folder"])


def record_of(run: str | os.PathLike[str]) -> RunRecord:
    """The record of a run, by its folder, its record.json, or its name.   Raises: DataError: there is none."""
    path = Path(run) if Path(run).is_file() else folder_of(run) / RECORD
    try:
        return RunRecord.load(path)
    except OSError as exc:
        fix = "the folder of a run, or its name as `mintmark runs` shows it."
        raise DataError(f"no run lies here: {exc.strerror}.", where=str(path), fix=fix) from exc
    except (ValueError, TypeError, KeyError) as exc:
        raise DataError(f"is no record of a run: {exc}.", where=str(path), fix="mintmark runs --verify") from exc


def value(
    assumptions: str | os.PathLike[str] | Mapping[str, Any],
    run: str | os.PathLike[str] | None = None,
    realised: str | os.PathLike[str] | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What a model is worth: see capital/value/worth.py, whose plain figures come out.

    assumptions: a TOML file or its tables; realised: what a server says at /v1/models/NAME/outcomes, a file or its
    address (with $MINTMARK_API_KEY, where it asks for a key).
    Raises: RecipeError, DataError: see there; the run or what was realised cannot be read.
    """
    from mintmark.capital import value as room
    from mintmark.recipe import text

    given = isinstance(assumptions, Mapping)
    path = Path() if isinstance(assumptions, Mapping) else Path(assumptions)
    raw = assumptions if isinstance(assumptions, Mapping) else text.read(path)
    known, notes = None, []
    if run is not None:
        record = record_of(run)
        known = room.known(record.run, record.measures, record.trials, record.rows.get("dev", 0))
    real = None
    if realised is not None:
        real = room.realised(outcomes(realised), str(realised))
        notes = [] if real else [room.Said(room.NOT_YET).plain()]
    made = room.value(
        raw, run=known, real=real, where="assumptions" if given else str(path), folder=path.parent,
        samples=samples or room.SAMPLES, seed=seed,
    )  # fmt: skip
    return made | {"notes": [*notes, *made["notes"]]}


def page(said: Mapping[str, Any], run: str | os.PathLike[str] | None, out: Path | None, lang: str = "") -> Path:
    """The result of `value` as a page: in the run's folder, or where `out` says.

    Raises: DataError: it cannot be written.   RecipeError: no such language.
    """
    from mintmark.report import value as paper

    target = out or (folder_of(run) if run is not None else Path()) / PAGE
    record = record_of(run) if run is not None else None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return paper.write(target, said, record, lang)
    except OSError as exc:
        fix = "another file with --out."
        raise DataError(f"cannot be written: {exc.strerror}.", where=str(target), fix=fix) from exc


def table(said: Mapping[str, Any]) -> str:
    """The result of `value` as CSV, a line a figure."""
    from mintmark.capital import value as room

    return room.csv(said)


def bill(said: Mapping[str, Any]) -> str:
    """The costs of a result of `value` as a CSV of FOCUS 1.2 rows, from this month on."""
    from mintmark.capital import focus
    from mintmark.capital import value as room

    return focus.to_csv(room.charges(said, date.today()))


def price(
    assumptions: str | os.PathLike[str] | Mapping[str, Any],
    run: str | os.PathLike[str] | None = None,
    *,
    survey: Path | None = None,
    choices: Path | None = None,
    transactions: Path | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """At which price to sell a model, and the plan for its market: see capital/pricing/plan.py.

    assumptions: a TOML file or its tables; survey, choices and transactions: CSV files.
    Raises: RecipeError, DataError: see there; the run cannot be read.
    """
    from mintmark.capital import assumptions as files
    from mintmark.capital import pricing
    from mintmark.recipe import text

    where, raw = "assumptions", assumptions
    if not isinstance(assumptions, Mapping):
        where, raw = os.fspath(assumptions), text.read(Path(assumptions))
    made = files.parse(raw, pricing.Plan, where)  # type: ignore[arg-type]
    record = record_of(run) if run is not None else None
    return pricing.plan(
        made, where, run=record.run if record else "", measures=record.measures if record else (), survey=survey,
        choices=choices, transactions=transactions, samples=samples or pricing.SAMPLES, seed=seed,
    )  # fmt: skip


def risk(
    register: str | os.PathLike[str] | Mapping[str, Any],
    runs: Sequence[str | os.PathLike[str]] = (),
    serving: str | os.PathLike[str] | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What the risks of a register can cost: see capital/register/study.py, whose plain figures come out.

    register: a TOML file or its tables; runs: what they measured counts, the newest last; serving: what a server says
    at /v1/models/NAME/monitor, a file or its address.
    Raises: RecipeError, DataError: see there; a run or what the server says cannot be read.
    """
    from mintmark.capital import register as room
    from mintmark.recipe import text

    where, raw = "register", register
    if not isinstance(register, Mapping):
        where, raw = os.fspath(register), text.read(Path(register))
    measured = room.evidence([seen(run) for run in runs])
    now = None if serving is None else room.live(outcomes(serving, "monitor"), os.fspath(serving))
    made = room.risk(raw, measured=measured, where=where, samples=samples or room.SAMPLES, seed=seed)  # type: ignore[arg-type]
    return made | {"live": now}


def seen(run: str | os.PathLike[str]) -> "Seen":
    """What risks are read from: a run's record, and what its pictures are drawn from.   Raises: DataError."""
    from mintmark.capital.register.evidence import Seen

    record, drawn = record_of(run), folder_of(run) / "figures.json"
    try:
        figures = json.loads(drawn.read_text(encoding="utf-8")) if drawn.is_file() else {}
    except (OSError, ValueError, RecursionError) as exc:
        raise DataError(f"is no JSON: {exc}.", where=str(drawn), fix="mintmark runs --verify") from exc
    clock = str((record.recipe.get("columns") or {}).get("time") or "")
    return Seen(record.run, {m.name: m for m in record.measures}, record.rows,
                figures if isinstance(figures, dict) else {}, record.profile, clock)  # fmt: skip


def risk_starter(run: str | os.PathLike[str] | None) -> str:
    """The commented file of `mintmark new risk`, filled from a run where one is named.   Raises: DataError."""
    from mintmark.capital import register as room

    if run is None:
        return room.STARTER
    what = seen(run)
    return room.starter(what, room.evidence([what]))


def outcomes(where: str | os.PathLike[str], path: str = "outcomes") -> Any:
    """What a server says of outcomes, or at another path, from a file or from its address.

    Raises: DataError: no JSON is there.
    """
    named = os.fspath(where)
    web = named.startswith(("http://", "https://"))
    try:
        content = _asked(named, path) if web else _read(Path(named), path)
    except OSError as exc:
        fix = (
            f"the server's /v1/models/NAME/{path}, with $MINTMARK_API_KEY where it asks for a key."
            if web
            else "a file."
        )
        raise DataError(f"cannot be read: {exc}.", where=named, fix=fix) from exc
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise DataError(f"is no JSON: {exc}.", where=named, fix=f"curl SERVER/v1/models/NAME/{path} > FILE") from exc


def _asked(address: str, path: str) -> bytes:
    from urllib.request import Request, urlopen

    key = os.environ.get("MINTMARK_API_KEY")
    with urlopen(Request(address, headers={"x-api-key": key} if key else {}), timeout=WAIT_S) as answer:
        return _bounded(answer.read(MOST_BYTES + 1), address, path)


def _read(file: Path, path: str) -> bytes:
    with file.open("rb") as opened:
        return _bounded(opened.read(MOST_BYTES + 1), str(file), path)


def _bounded(content: bytes, where: str, path: str) -> bytes:
    if len(content) > MOST_BYTES:
        what = f"is longer than {MOST_BYTES:,} bytes: no server says so much."
        raise DataError(what, where=where, fix=f"its answer at /v1/models/NAME/{path}.")
    return content
