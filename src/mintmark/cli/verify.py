"""mintmark verify BUNDLE: whether it is unaltered, who signed it, and what that proves."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.seal import KeyFile, key_of


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder: the one with model.sig.")],
    key_file: KeyFile = None,
) -> dict[str, Any]:
    """Check a bundle's signature and every file of it; say who signed it, and which libraries have changed since.

    Of a sealed bundle the signature is checked without the key; with it, what is within is checked, too.
    """
    from mintmark.artifact import bundle as bundles
    from mintmark.artifact import environment, seal, sign, signature

    trust, key = sign.trust(), key_of(key_file)
    files = bundles.verify(bundle, trust)
    by = signature.signed_by(files[signature.NAME])
    size = {"files": len(files), "bytes": sum(map(len, files.values()))}
    said = {"bundle": str(bundle), "verified": True, "key": by, "this_machine": by in trust.here}
    proves = {"proves": trust.proves(by)}
    if seal.HEADER in files:
        said |= {"sealed": True, "seal_key": seal.about(files, str(bundle)).key}
        inner, why = _within(files, trust, bundle, key)
        if inner is None:
            return said | {"opened": False, **size, **proves, "content": why}
        files, by = inner, signature.signed_by(inner[signature.NAME])
        said |= {"opened": True, "made_by": by}
        proves["content"] = trust.proves(by)
    facts = bundles.facts(files, bundle)
    told = {"task": facts.get("task", ""), "format": facts.get("format")}
    drifted = environment.drifted(facts.get("environment") or {})
    return {**said, **told, **size, **proves, "other_versions_here": drifted}


def _within(files: Any, trust: Any, bundle: Path, key: Any) -> tuple[Any, str]:
    """The files within a sealed bundle, or why no key opens it. A key that was given must open it."""
    from mintmark.artifact import bundle as bundles
    from mintmark.artifact import seal
    from mintmark.base.errors import BundleError

    try:
        found = seal.key_of(seal.about(files, str(bundle)), str(bundle), key)
    except BundleError as exc:
        if key is not None:
            raise
        return None, exc.what
    return bundles.opened(files, trust, str(bundle), found), ""
