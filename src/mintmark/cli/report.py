"""mintmark report RUN: the page of an earlier run, written again, in either language."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import browse
from mintmark.cli.speech import spoken


def report(
    run: Annotated[
        str, typer.Argument(help="Its folder, or its name as `mintmark runs` shows it.", show_default=False)
    ],
    lang: Annotated[
        str, typer.Option(help="en or zh; without it the language of the environment.", show_default=False)
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="The file to write; without it report.html of the run.", show_default=False)
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> dict[str, Any]:
    """Write the page of a run again, from its record and figures, and show it."""
    from mintmark import reporting
    from mintmark.base.words import language

    code = (language(lang) if lang else spoken()).code
    page = reporting.again(_folder(run), out, code)
    shown = browse(page) if open_ else False
    return {"run": _folder(run).name, "report": str(page), "language": code, "shown": shown}


def _folder(run: str) -> Path:
    """A folder, or the newest of that name in the ledger.   Raises: DataError: neither (names the nearest)."""
    from mintmark.base.errors import DataError, unknown
    from mintmark.ledger import Ledger

    path = Path(run)
    if path.is_file() and path.parent.joinpath("record.json").exists():
        path = path.parent
    if path.is_dir():
        return path
    entries = Ledger.default().runs()
    found = next((e for e in entries if e["run"] == run), None)
    if found is None:
        raise unknown("run", run, {e["run"] for e in entries}, where="mintmark report", error=DataError)
    return Path(found["folder"])
