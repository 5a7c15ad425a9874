"""The house rules, as tests: they hold for every room, present and future."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import house
import pytest

from mintmark import tasks
from mintmark.recipe import schema

SRC = house.ROOT / "src" / "mintmark"


@pytest.mark.parametrize("rule", house.RULES, ids=lambda r: r.__name__)
def test_rule(rule: Callable[[Path], None]) -> None:
    rule(SRC)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, mintmark.cli\nassert mintmark.cli.main(['--help']) == 0\n"
        "heavy = {'numpy', 'pydantic', 'sklearn', 'pyarrow', 'pandas', 'lightgbm'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_import_of_the_package_is_light() -> None:
    code = "import sys, mintmark\nassert not {'numpy', 'pyarrow', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_every_task_is_in_a_recipe() -> None:
    """A task that no shipped recipe runs is a task that nobody has seen working."""
    files = {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in (house.ROOT / "recipes").glob("*.toml")}
    used = {schema.load(path).task for path, said in files.items() if "kind" not in said}  # else: assumptions
    assert set(tasks.names()) <= used


def test_every_recipe_is_a_known_question() -> None:
    for path in (house.ROOT / "recipes").glob("*.toml"):
        assert path.stem[0] == "q" and 0 <= int(path.stem[1:3]) <= 30, path


def test_the_versions_agree() -> None:
    from mintmark import __version__

    changelog = (house.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {__version__}" in changelog
