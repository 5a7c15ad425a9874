"""Mintmark (铸模): data and a short recipe in; a model that is decided by money, signed and served out."""

from typing import Any

from mintmark.base.version import __version__

__all__ = ["__version__", "as_estimator", "capital", "load", "run"]


def __getattr__(name: str) -> Any:
    """`mm.run` and its like are imported when first used, so that `import mintmark` stays light."""
    if name == "capital":
        import mintmark.capital as room

        return room
    if name == "as_estimator":
        from mintmark.estimator import as_estimator

        return as_estimator
    if name in __all__:
        from mintmark import api

        return getattr(api, name)
    raise AttributeError(f"module 'mintmark' has no attribute {name!r}")
