"""mintmark keys list, import, export, rotate, revoke: whose signatures are accepted here, and what signs here."""

from pathlib import Path
from typing import Annotated, Any

import typer

FINGERPRINT = "A fingerprint, or at least its first 8 characters."


def list_keys() -> dict[str, Any]:
    """Show each known key: whose it is, whether it is trusted, and why it was revoked."""
    from mintmark.artifact import sign

    return {"keys": sign.keys()}


def import_key(
    file: Annotated[Path, typer.Argument(help="A public key in PEM, as `mintmark keys export` writes it.")],
    name: Annotated[str, typer.Option(help="Whose key it is; the file's name if left out.")] = "",
) -> dict[str, Any]:
    """Trust what the holder of this public key signs."""
    from mintmark.artifact import sign

    by = sign.import_key(file, name)
    return {"imported": by, "name": sign.trust().names[by]}


def export_key(
    fingerprint: Annotated[str, typer.Argument(help=FINGERPRINT + " The key of this machine if left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="The file to write; must not exist yet.")] = None,
) -> dict[str, Any]:
    """Give the public key, for others to import."""
    from mintmark.artifact import sign
    from mintmark.base.errors import RecipeError

    public = sign.export_key(fingerprint)
    exported = {"exported": sign.fingerprint(public), "public_key": public.decode()}
    if out is not None:
        try:
            with out.open("xb") as file:
                file.write(public)
        except OSError as exc:
            raise RecipeError(f"{exc.strerror}.", where=str(out), fix="choose another file with --out.") from exc
        exported["file"] = str(out)
    return exported


def rotate() -> dict[str, Any]:
    """Make a new signing key; bundles signed with the old one stay valid until it is revoked."""
    from mintmark.artifact import sign

    return {"signs_now": sign.rotate()}


def revoke(
    fingerprint: Annotated[str, typer.Argument(help=FINGERPRINT)],
    reason: Annotated[str, typer.Option(help="Why; shown whenever a bundle is refused for it.")],
) -> dict[str, Any]:
    """Refuse from now on everything that this key signed."""
    from mintmark.artifact import sign

    return {"revoked": sign.revoke(fingerprint, reason), "reason": reason}
