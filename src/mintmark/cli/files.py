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


def save(path: Path, text: str) -> str:
    """The path, of a file that now holds the text.   Raises: DataError: it cannot be written."""
    from mintmark.base.errors import DataError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise DataError(f"cannot be written: {exc.strerror}.", where=str(path), fix="another place.") from exc
    return str(path)


def browse(page: Path) -> bool:
    """Whether a browser could be started, which shows the page."""
    import webbrowser

    return webbrowser.open(page.resolve().as_uri())
