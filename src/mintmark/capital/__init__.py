"""Money: what things cost and are worth. Beside the tower; only the faces know this room.

Every calculator is a function here, found when it is asked for: `mintmark.capital.npv(rate=0.1, flows=[-100, 120])`.
"""

import importlib
import importlib.util
from typing import Any


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and importlib.util.find_spec(f"{__name__}.{name}") is None:
        from mintmark.capital.calculator import every

        if name in every():
            return getattr(importlib.import_module(every()[name].function.__module__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from mintmark.capital.calculator import every

    return sorted([*globals(), *every()])
