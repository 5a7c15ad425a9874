"""mintmark verify BUNDLE: whether it is unaltered, who signed it, and what that proves."""

from pathlib import Path
from typing import Annotated, Any

import typer


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder: the one with model.sig.")],
) -> dict[str, Any]:
    """Check a bundle's signature and every file of it; say who signed it, and which libraries have changed since."""
    from mintmark.artifact import bundle as bundles
    from mintmark.artifact import environment, sign, signature

    trust = sign.trust()
    files = bundles.verify(bundle, trust)
    facts = bundles.facts(files, bundle)
    by = signature.signed_by(files[signature.NAME])
    return {
        "bundle": str(bundle),
        "verified": True,
        "key": by,
        "this_machine": by in trust.here,
        "task": facts.get("task", ""),
        "format": facts.get("format"),
        "files": len(files),
        "bytes": sum(map(len, files.values())),
        "proves": trust.proves(by),
        "other_versions_here": environment.drifted(facts.get("environment") or {}),
    }
