"""Where this user's own things lie: keys and their like, outside of any project."""

import os
from pathlib import Path

from mintmark.base.errors import RecipeError


def home() -> Path:
    """`$MINTMARK_HOME`, else `$XDG_DATA_HOME/mintmark`, else `~/.local/share/mintmark`; made at first use, mode 700.

    Raises: RecipeError: it cannot be made.
    """
    chosen, data = os.environ.get("MINTMARK_HOME", ""), os.environ.get("XDG_DATA_HOME", "")
    fix = "set MINTMARK_HOME to a folder that you can write to."
    try:
        if chosen:
            place = Path(chosen).expanduser().absolute()
        else:
            place = (Path(data) if Path(data).is_absolute() else Path.home() / ".local/share") / "mintmark"
    except RuntimeError as exc:
        raise RecipeError("no home folder is known for this user.", where="MINTMARK_HOME", fix=fix) from exc
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError) as exc:
        raise RecipeError(f"{place} cannot be made: {exc}.", where="MINTMARK_HOME", fix=fix) from exc
    return place
