"""mintmark api-keys new, list, rotate, revoke: who may ask a server what, in the file of `mintmark serve --keys`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mintmark.serving.access import Key

File = Annotated[Path, typer.Option(help="The file of `mintmark serve --keys`.")]
PLACE = Path("api-keys.json")
WHICH = "A key's ID, or its name where one key alone has it."


def new(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    file: File = PLACE,
    scope: Annotated[
        list[str],
        typer.Option(help="What it may do: predict, events, outcomes, read, admin. Predict, if none is named."),
    ] = [],  # noqa: B006
    model: Annotated[list[str], typer.Option(help="Of which models; of all, if none is named.")] = [],  # noqa: B006
    expires: Annotated[str, typer.Option(help='When it ends: "90 days", or a date.')] = "",
    rate: Annotated[str, typer.Option(help='How many requests: "100/s", "1000/min"; else the server\'s.')] = "",
) -> dict[str, Any]:
    """Make an API key and show it, once: the file holds its hash."""
    from mintmark.serving import key_file

    key, text = key_file.new(file, name, scope or ["predict"], model, ends(expires) if expires else None, rate)
    return {"key": text, **about(key), "file": str(file)}


def list_keys(file: File = PLACE) -> dict[str, Any]:
    """Show each API key: whose it is, what it may do, and whether it counts."""
    from mintmark.serving.access import read

    return {"keys": [about(key) for key in read(file).values()]}


def rotate(
    which: Annotated[str, typer.Argument(help=WHICH)],
    file: File = PLACE,
    keep: Annotated[str, typer.Option(help='How long the old one goes on counting; "0 s" ends it.')] = "1 day",
) -> dict[str, Any]:
    """Make a key that takes another one's place; both count for a while, so that clients can change over."""
    from mintmark.serving import key_file

    old, key, text = key_file.rotate(file, which, span(keep, "--keep"))
    return {"key": text, **about(key), "instead_of": old.id, "which_ends": old.expires, "file": str(file)}


def revoke(which: Annotated[str, typer.Argument(help=WHICH)], file: File = PLACE) -> dict[str, Any]:
    """End an API key now; a running server hears of it within a second."""
    from mintmark.serving import key_file

    key = key_file.revoke(file, which)
    return {"revoked": key.id, "name": key.name, "file": str(file)}


def about(key: "Key") -> dict[str, Any]:
    """A key without its hash."""
    import time

    return {
        "id": key.id, "name": key.name, "scopes": sorted(key.scopes), "models": sorted(key.models or ()) or "all",
        "rate": key.rate.text if key.rate else "the server's", "made": key.made, "expires": key.expires or "never",
        "state": key.state(time.time()),
    }  # fmt: skip


def ends(text: str) -> str:
    """An ISO time, from a date or a span from now on.   Raises: RecipeError."""
    from datetime import UTC, datetime, timedelta

    from mintmark.serving.access import seconds

    try:
        return datetime.fromtimestamp(seconds(text), UTC).isoformat(timespec="seconds")
    except ValueError:
        pass
    return (datetime.now(UTC) + timedelta(seconds=span(text, "--expires"))).isoformat(timespec="seconds")


def span(text: str, where: str) -> float:
    """Seconds.   Raises: RecipeError."""
    from mintmark.base.errors import RecipeError
    from mintmark.recipe.schema import delay

    try:
        return delay(text, timestamps=True)
    except RecipeError as exc:
        raise RecipeError(exc.what, where=where, fix='"90 days", "12 hours"') from None
