"""schemathesis asks a real server what its OpenAPI document allows, and what it does not: nothing makes a 5xx."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from contract import recipe_of, source_of
from served import server

from mintmark import spine
from mintmark.serving import key_file

pytestmark = pytest.mark.slow
SCOPES = ["predict", "events", "outcomes", "read", "admin"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("bundles")
    small = {"n_estimators": 5}
    spine.run(recipe_of("tabular_classification", settings=small), made / "a", source_of("tabular_classification"))
    spine.run(recipe_of("tabular_classification", settings=small | {"num_leaves": 5}), made / "b",
              source_of("tabular_classification"))  # fmt: skip
    spine.run(recipe_of("tabular_regression", settings=small), made / "n", source_of("tabular_regression"))
    return made


@pytest.mark.parametrize("keys", [True, False])
def test_what_the_document_says_holds_and_nothing_makes_a_5xx(folder: Path, tmp_path: Path, keys: bool) -> None:
    """Of every path: examples, the borders of each value, and random ones, right and wrong, by a fixed seed."""
    pytest.importorskip("schemathesis")
    file = tmp_path / "keys"
    head = ["-H", f"x-api-key: {key_file.new(file, 'root', SCOPES)[1]}"] if keys else []
    bundles = [f"{name}={folder / of / 'bundle'}" for name, of in (("m", "a"), ("m@b", "b"), ("n", "n"))]
    locked = ["--keys", str(file), "--bundles", str(folder)] if keys else []
    with server(*bundles, *locked, "--state", tmp_path / "state", "--log", tmp_path / "log") as (process, url):
        words = [str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", *head, "--checks", CHECKS]
        words += ["--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--generation-deterministic"]
        said = subprocess.run([*words, "--no-color"], capture_output=True, text=True, timeout=600, cwd=tmp_path)
        assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-2000:]
        assert httpx.get(f"{url}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert '"level":"error"' not in (tmp_path / "log").read_text()
