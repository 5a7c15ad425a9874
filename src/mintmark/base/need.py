"""Import what is optional or heavy only when it is used."""

import importlib
from typing import Any

from mintmark.base.errors import MissingExtra


def need(module: str, *, extra: str = "") -> Any:
    """The module.   Raises: MissingExtra: it is not installed; names the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name is None or not (module == exc.name or module.startswith(exc.name + ".")):
            raise
        fix = f"pip install 'mintmark[{extra}]'" if extra else "pip install --upgrade mintmark"
        raise MissingExtra(f"needs {exc.name!r}, which is not installed.", where=module, fix=fix) from exc
