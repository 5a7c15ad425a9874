"""The rules of the house, each a function over a source tree: asked of ours, and of trees broken on purpose."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {
    "torch", "transformers", "accelerate", "sklearn", "pandas", "polars", "scipy", "lightgbm", "xgboost", "ray",
    "statsmodels", "fastapi", "uvicorn", "sqlalchemy", "cryptography", "model_signing", "plotly", "statsforecast",
    "duckdb", "datasets", "psycopg", "adbc_driver_manager", "optuna", "catboost", "interpret", "keyring",
}  # fmt: skip
PICKLE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
DEEP, WORKSHOP = "deep", Path("drivers/workshop.py")


def imports(nodes: list[ast.stmt] | ast.Module) -> set[str]:
    """First names of the modules that these statements import when they are run, or that a whole module does anywhere.

    A name given to a call (`need("x")`, `import_module("x")`) counts as an import.
    """
    found: set[str] = set()
    for node in at_import(nodes) if isinstance(nodes, list) else ast.walk(nodes):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and _called(node) in ("need", "import_module", "__import__") and node.args:
            named = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
            found.add(str(named).split(".")[0])
    return found


def at_import(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """What runs when a module is imported: not the bodies of functions, nor what only a type checker sees."""
    todo: list[ast.AST] = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def files(src: Path) -> list[tuple[Path, ast.Module]]:
    return [(p, ast.parse(p.read_text(encoding="utf-8"))) for p in sorted(src.rglob("*.py"))]


def floors_hold(src: Path) -> None:
    """import-linter's contracts, on whatever tree is named by PYTHONPATH."""
    tool = Path(sys.executable).parent / "lint-imports"
    shutil.copy(ROOT / "pyproject.toml", src.parent / "floors.toml") if src.parent != ROOT / "src" else None
    config = ROOT / "pyproject.toml" if src.parent == ROOT / "src" else src.parent / "floors.toml"
    env = {"PYTHONPATH": str(src.parent), "PATH": "/usr/bin:/bin", "HOME": str(src.parent)}
    done = subprocess.run(
        [str(tool), "--config", str(config), "--no-cache"], cwd=src.parent, capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stdout + done.stderr


def nothing_heavy_at_a_top(src: Path) -> None:
    for path, tree in files(src):
        if DEEP not in path.relative_to(src).parts:
            assert not imports(tree.body) & HEAVY, path


def no_room_by_its_name(src: Path) -> None:
    """An import that import-linter cannot see: only what finds tasks and capabilities by name may do so."""
    for path, tree in files(src):
        for node in ast.walk(tree):
            named = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if isinstance(named, ast.Constant) and _called(node) in ("need", "import_module"):
                assert not str(named.value).startswith("mintmark"), f"{path}:{node.lineno}"


def no_pickle(src: Path) -> None:
    for path, tree in files(src):
        assert not imports(tree) & PICKLE, path
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"allow_pickle\s*=\s*True|torch\.load\(|read_pickle|to_pickle", text), path


def _evaluates(node: ast.Call) -> bool:
    """A bare name, or one of builtins; `re.compile` is neither."""
    of = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(node.func, ast.Name) or isinstance(of, ast.Name) and of.id in ("builtins", "__builtins__")


def no_eval(src: Path) -> None:
    for path, tree in files(src):
        called = {_called(n) for n in ast.walk(tree) if isinstance(n, ast.Call) and _evaluates(n)}
        assert not called & {"eval", "exec", "compile", "__import__"}, path


def base_is_the_standard_library(src: Path) -> None:
    for path, tree in files(src / "base"):
        assert imports(tree.body) <= sys.stdlib_module_names | {"mintmark"}, path


def cli_imports_only_what_help_needs(src: Path) -> None:
    for path, tree in files(src / "cli"):
        assert imports(tree.body) <= sys.stdlib_module_names | {"mintmark", "typer"}, path


def the_spine_is_short(src: Path) -> None:
    assert len((src / "spine.py").read_text(encoding="utf-8").splitlines()) < 200


def no_blanket_except(src: Path) -> None:
    """`except Exception` belongs to the outermost faces: the command line, the server's last handler, and the process
    that carries out a trial, which must end with a word on what broke it."""
    for path, tree in files(src):
        if path.relative_to(src).parts[0] in ("cli", "serving") or path.relative_to(src) == WORKSHOP:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                name = node.type.id if isinstance(node.type, ast.Name) else ""
                assert node.type is not None and name not in ("Exception", "BaseException"), f"{path}:{node.lineno}"


RULES = [
    floors_hold, nothing_heavy_at_a_top, no_room_by_its_name, no_pickle, no_eval, base_is_the_standard_library,
    cli_imports_only_what_help_needs, the_spine_is_short, no_blanket_except,
]  # fmt: skip
