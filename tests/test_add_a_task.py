"""The README's section on adding a task, followed to the letter: its files as they are shown, its commands in order."""

import asyncio
import importlib.util
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import contract
import house
import httpx
import pytest

from mintmark import cli, spine, tasks
from mintmark.recipe import schema

NAME, GROUP = "nearest_mean", "mintmark.tasks"
RULES = (
    house.nothing_heavy_at_a_top, house.no_room_by_its_name, house.no_pickle, house.no_eval, house.no_blanket_except,
)  # fmt: skip


def blocks() -> dict[str, str]:
    """What the section shows: each file by its path, and the commands."""
    readme = (house.ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Add a task\n")[2].partition("\n## ")[0]
    found = re.findall(r"^```(.*?)\n(.*?)^```$", section, re.M | re.S)
    return {info.split(" ")[-1]: text for info, text in found}


SHOWN = blocks()
FILES = {path: text for path, text in SHOWN.items() if "/" in path}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip leaves it, with the task in a package of its own, named as the README's pyproject.toml does."""
    place = tmp_path_factory.mktemp("site")
    named: dict[str, str] = tomllib.loads(SHOWN["pyproject.toml"])["project"]["entry-points"][GROUP]
    info = place / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n", "utf-8")
    lines = "".join(f"{name} = {module}\n" for name, module in named.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", "utf-8")
    for module in named.values():
        path = place.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(SHOWN[f"src/mintmark/tasks/{NAME}.py"], "utf-8")
    return place


@pytest.fixture
def here(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, where the package is installed."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mintmark.api.CALL_S", 0.02)
    yield tmp_path
    for name in {n for n in set(sys.modules) - before if n.split(".")[0] == "my_package"}:
        del sys.modules[name]


def test_it_takes_three_files_and_no_edit(tmp_path: Path) -> None:
    """In a copy of the sources, without an entry point: the file is found by its name, and breaks no rule."""
    assert [Path(p).parent.as_posix() for p in FILES] == ["src/mintmark/tasks", "tests/tasks", "recipes"]
    shutil.copytree(house.ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for path, text in FILES.items():
        assert not (house.ROOT / path).exists()
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    (alone := tmp_path / "alone").mkdir()
    shutil.copy(tmp_path / "src" / "mintmark" / "tasks" / f"{NAME}.py", alone)
    for rule in RULES:
        rule(alone)
    rooms = re.findall(r"^from mintmark\.(\w+)", SHOWN[f"src/mintmark/tasks/{NAME}.py"], re.M)
    assert set(rooms) <= {"tasks", "data", "artifact", "numerics", "recipe", "base"}, "a room above the tasks"
    code = f"from mintmark import tasks; print(tasks.__file__, tasks.get({NAME!r}).answer)"
    env = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(tmp_path / "src" / "mintmark" / "tasks" / "__init__.py"), "classes"]


def test_another_process_lists_it(installed: Path) -> None:
    others = os.environ.get("PYTHONPATH", "")
    env = os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{others}" if others else str(installed)}
    command = [sys.executable, "-m", "mintmark", "tasks", "--json"]
    listed = json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)["tasks"]
    assert listed[NAME].startswith("Tell classes apart") and "tabular_classification" in listed
    assert NAME not in tasks.names(), "it is gone where the package is not installed"


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda c: c.__name__)
def test_it_keeps_every_promise(check: contract.Check, here: Path) -> None:
    check(NAME, here)


def test_its_own_test_and_recipe_run(here: Path) -> None:
    path = here / "test_own.py"
    path.write_text(SHOWN[f"tests/tasks/test_{NAME}.py"], "utf-8")
    spec = importlib.util.spec_from_file_location("own", path)
    assert spec and spec.loader
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    found = [f for n, f in inspect.getmembers(own, inspect.isfunction) if n.startswith("test_")]
    assert found
    for test in found:
        test()
    recipe = here / "recipe.toml"
    recipe.write_text(SHOWN[f"recipes/q00_{NAME}.toml"], "utf-8")
    made = spine.run(schema.load(recipe), here)
    assert made.get("evaluate.accuracy") > 0.8 and made.get("value.per_case") > made.get("value.act_on_all")


def test_the_commands_shown_carry_it_from_new_to_an_answer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mintmark import serving

    *commands, serve, ask = [shlex.split(line[2:]) for line in SHOWN["console"].splitlines()]
    assert [c[1] for c in commands] == ["tasks", "new", "run", "predict"]
    for words in commands:
        run = next((here / "runs").iterdir()).name if (here / "runs").exists() else ""
        assert cli.main([w.replace("RUN", run) for w in words[1:]]) == 0, words
    said = capsys.readouterr().out
    assert "shrink" in said and "roc_auc" in said
    answered = (here / "kinds.csv").read_text("utf-8").splitlines()
    assert len(answered) == 1 + len((here / "flowers" / f"{NAME}.csv").read_text("utf-8").splitlines()[1:])
    name, _, bundle = serve[2].partition("=")
    app = serving.make_app({name: spine.load(here / bundle.replace("RUN", run))})
    url, body = ask[1], ask[ask.index("-d") + 1]
    reply = asyncio.run(posted(app, url, body))
    assert reply.status_code == 200, reply.text
    assert [a["decision"] for a in reply.json()["answers"]] == ["rose"]


async def posted(app: object, url: str, body: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:  # type: ignore[arg-type]
        return await client.post(url, content=body, headers={"content-type": "application/json"})
