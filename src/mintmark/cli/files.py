"""Files: what commands that write a page from a file of assumptions have in common, options and last steps."""

from pathlib import Path
from typing import Annotated

import typer

Csv = Annotated[Path | None, typer.Option(help="A CSV file of all figures, too.", show_default=False)]
Focus = Annotated[
    Path | None,
    typer.Option(help="A CSV file of the expected costs, month by month, as FOCUS 1.2 rows.", show_default=False),
]
Samples = Annotated[int, typer.Option(min=1000, max=2_000_000, help="Draws of the assumptions.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the draws: the same seed, the same figures.")]
Open = Annotated[bool, typer.Option("--open", help="Show the page in the browser.")]


def save(path: Path, text: str, read: Path) -> str:
    """The path, of a file that now holds the text, whole.

    Raises: DataError: it cannot be written, or is the file that was read.
    """
    from mintmark.base.errors import DataError
    from mintmark.report import paper

    try:
        if path.exists() and path.samefile(read):
            raise DataError("is the file that was read; it would be lost.", where=str(path), fix="another place.")
        path.parent.mkdir(parents=True, exist_ok=True)
        paper.write(path, text)
    except OSError as exc:
        raise DataError(f"cannot be written: {exc.strerror}.", where=str(path), fix="another place.") from exc
    return str(path)


def browse(page: Path) -> bool:
    """Whether a browser could be started, which shows the page."""
    import webbrowser

    return webbrowser.open(page.resolve().as_uri())
