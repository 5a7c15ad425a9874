"""The rules of the house, each a function over a source tree: asked of ours, and of trees broken on purpose."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {
    "torch", "transformers", "accelerate", "sklearn", "pandas", "polars", "scipy", "lightgbm", "xgboost", "ray",
    "statsmodels", "fastapi", "uvicorn", "sqlalchemy", "cryptography", "model_signing", "plotly", "statsforecast",
}  # fmt: skip
PICKLE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
DEEP = "deep"


def imports(nodes: list[ast.stmt] | ast.Module) -> set[str]:
    """First names of the modules that these statements import, or that a whole module does anywhere."""
    found: set[str] = set()
    for node in nodes if isinstance(nodes, list) else ast.walk(nodes):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


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


def no_pickle(src: Path) -> None:
    for path, tree in files(src):
        assert not imports(tree) & PICKLE, path
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"allow_pickle\s*=\s*True|torch\.load\(|read_pickle|to_pickle", text), path


def no_eval(src: Path) -> None:
    for path, tree in files(src):
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
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
    """`except Exception` belongs to the outermost faces: the command line and the server's last handler."""
    for path, tree in files(src):
        if path.relative_to(src).parts[0] in ("cli", "serving"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                name = node.type.id if isinstance(node.type, ast.Name) else ""
                assert node.type is not None and name not in ("Exception", "BaseException"), f"{path}:{node.lineno}"


RULES = [
    floors_hold, nothing_heavy_at_a_top, no_pickle, no_eval, base_is_the_standard_library,
    cli_imports_only_what_help_needs, the_spine_is_short, no_blanket_except,
]  # fmt: skip
