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
    from mintmark import business, reporting
    from mintmark.base.words import language

    code, folder = (language(lang) if lang else spoken()).code, business.folder_of(run)
    page = reporting.again(folder, out, code)
    shown = browse(page) if open_ else False
    return {"run": folder.name, "report": str(page), "language": code, "shown": shown}
