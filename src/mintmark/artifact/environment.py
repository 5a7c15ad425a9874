"""What a model was made with: Python, the machine's system, and the version of each library below mintmark."""

import functools
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Any

from mintmark.base.version import __version__

OPTIONAL = ("catboost", "holidays", "peft", "statsforecast", "tokenizers", "torch", "transformers", "xgboost")
"""libraries of the extras: of those that this process has loaded the version is told too"""
NUMERIC = ("lightgbm", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "scipy", "statsmodels", *OPTIONAL)
"""libraries whose version can change an answer"""


def environment() -> dict[str, Any]:
    """Versions of Python, the platform, mintmark and all it requires here; reads metadata, imports none of them."""
    loaded = {name: _installed(name) for name in OPTIONAL if name in sys.modules}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "mintmark": __version__,
        "packages": dict(sorted((dict(_packages()) | loaded).items())),
    }


def drifted(then: dict[str, Any]) -> list[str]:
    """A sentence for each numeric library, or Python, that is not what it was then; what is unknown is left out."""
    now = environment()
    packages = then.get("packages")
    old: dict[str, Any] = packages if isinstance(packages, dict) else {}
    pairs = [(name, old.get(name), _installed(name)) for name in NUMERIC]
    minor = [".".join(str(e.get("python") or "").split(".")[:2]) for e in (then, now)]
    return [
        f"{name} was {before} and is {after}."
        for name, before, after in [("python", *minor), *pairs]
        if before and before != after
    ]


def _installed(name: str) -> str:
    for known in (name, f"{name}-cpu"):  # xgboost without CUDA is distributed under another name
        try:
            return version(known)
        except PackageNotFoundError:
            continue
    return "not installed"


@functools.cache
def _packages() -> tuple[tuple[str, str], ...]:
    """Distribution and version of what mintmark requires, through all levels, extras left out."""
    found: dict[str, str] = {}
    open_ends = ["mintmark"]
    seen = set(open_ends)
    while open_ends:
        name = open_ends.pop()
        try:
            here = distribution(name)
        except PackageNotFoundError:  # required on another system only
            continue
        found[name] = here.version
        for requirement in here.requires or []:
            start = re.match(r"[A-Za-z0-9._-]+", requirement)
            if start is None or re.search(r";.*\bextra\b", requirement):
                continue
            plain = re.sub(r"[-_.]+", "-", start[0]).lower()
            if plain not in seen:
                seen.add(plain)
                open_ends.append(plain)
    found.pop("mintmark", None)
    return tuple(sorted(found.items()))
