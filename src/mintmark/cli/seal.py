"""mintmark seal and unseal: what a bundle holds as ciphertext at rest, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mintmark.cli.speech import spoken

if TYPE_CHECKING:
    from mintmark.artifact.seal import Key

KeyFile = Annotated[
    Path | None,
    typer.Option(
        help="The key of a sealed bundle; else $MINTMARK_SEAL_KEY, else the system keyring.", show_default=False
    ),
]


def seal(
    bundle: Annotated[Path | None, typer.Argument(help="The bundle's folder.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the sealed bundle.", show_default=False)] = None,
    key_file: KeyFile = None,
    new_key: Annotated[
        Path | None, typer.Option(help="Make a key, in a file that only you can read.", show_default=False)
    ] = None,
) -> dict[str, Any]:
    """Encrypt a bundle, so that its folder tells nobody without the key what is in it; or make a key."""
    from mintmark.artifact import bundle as bundles
    from mintmark.artifact import seal as seals
    from mintmark.artifact import sign
    from mintmark.base.errors import RecipeError

    if new_key and key_file:
        raise RecipeError("a key is made or read, not both.", where="--new-key, --key-file", fix="one of them.")
    if bundle is None and new_key is None or (bundle is None) != (out is None):
        what = "a bundle and where to write it are wanted, or --new-key."
        raise RecipeError(what, where="seal", fix="mintmark seal BUNDLE --out SEALED, or mintmark seal --new-key FILE")
    if new_key:
        key = seals.new_key(new_key)
        keep = "keep a copy in a safe place: without it nobody can open what it sealed."
        said: dict[str, Any] = {"key_file": str(new_key), "seal_key": key.id, "keep": keep}
    else:
        key = seals.key(key_of(key_file))
        said = {"seal_key": key.id}
    if bundle is None or out is None:
        return said
    signer = sign.signer()
    size = bundles.seal_up(bundle, out, key, sign.trust(), signer)
    notes = ["the plain bundle still lies where it was.", *([sign.MADE] if signer.made else [])]
    return {"sealed": str(out), **said, "signed_by": signer.fingerprint, "bytes": size, "notes": notes}


def unseal(
    bundle: Annotated[Path, typer.Argument(help="The folder of the sealed bundle.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Where to write the plain bundle.", show_default=False)],
    key_file: KeyFile = None,
) -> dict[str, Any]:
    """Decrypt a sealed bundle: byte for byte what was sealed, with the signature of its maker."""
    from mintmark.artifact import bundle as bundles
    from mintmark.artifact import sign

    size = bundles.unseal(bundle, out, key_of(key_file), sign.trust())
    return {"unsealed": str(out), "bytes": size}


def key_of(file: Path | None) -> "Key | None":
    """The key in this file, if one is given; a warning goes to standard error."""
    if file is None:
        return None
    from mintmark.artifact import seal as seals

    key = seals.read_key(file)
    if key.warning:
        typer.echo(spoken()("Warning: {what}", what=spoken().again(key.warning)), err=True)
    return key
