"""Pin what is installed now: the core in one file, what the tests need besides in another."""

import re
from importlib.metadata import distributions
from pathlib import Path

from mintmark.artifact.environment import environment

ROOT = Path(__file__).parents[1]
BUILD = {"setuptools", "wheel"}  # what `pip install -e .` needs without a network of its own


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def write(name: str, says: str, pins: dict[str, str]) -> None:
    lines = [f"# {says} Written by `make lock`.", *(f"{n}=={pins[n]}" for n in sorted(pins))]
    (ROOT / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


installed = {plain(d.metadata["Name"]): d.version.split("+")[0] for d in distributions()}  # no "+cpu": the index says
required = {plain(n) for n in environment()["packages"]} | (BUILD & installed.keys())
core = {n: v for n, v in installed.items() if n in required}
write("requirements.lock.txt", "The core, pinned: what `make demo` installs.", core)
rest = {n: v for n, v in installed.items() if n not in required | {"pip", "mintmark"}}
write("requirements-dev.lock.txt", "What the tests need besides, pinned.", rest)
