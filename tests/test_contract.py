"""Every task x every promise; a new task file is tested here without a line added."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import contract
import pytest

from mintmark import capabilities, cli, spine, tasks
from mintmark.base.errors import RecipeError
from mintmark.base.record import RunRecord

every_task = pytest.mark.parametrize("name", sorted(tasks.names()))


def cases() -> Iterator[Any]:
    """Each task in each variant by each promise."""
    for name in sorted(tasks.names()):
        for i, changes in enumerate(contract.variants(name)):
            for check in contract.CHECKS:
                if i == 0 or check not in contract.ONCE:
                    yield pytest.param(name, changes, check, id=f"{name}-{i}-{check.__name__}")


@pytest.mark.parametrize("name, changes, check", list(cases()))
def test_promise(
    name: str, changes: dict[str, Any], check: contract.Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = contract.recipe_of
    monkeypatch.setattr(contract, "recipe_of", lambda name, **more: right(name, **changes | more))
    check(name, tmp_path)


@every_task
def test_what_new_writes_runs_predicts_and_verifies(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.05)

    def said(*words: str) -> dict:  # type: ignore[type-arg]
        assert cli.main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]

    made = said("new", name, "--out", str(tmp_path))
    run = said("run", made["recipe"], "--out", str(tmp_path / "runs"))
    record = RunRecord.load(Path(run["record"]))
    assert record.run == run["run"] and {m.name for m in record.measures} == set(run["measures"])
    assert all(set(m) == {"value", "unit", "how"} for m in run["measures"].values())
    for needed in ("cost.train", "cost.per_1k_predictions", "serve.p99", "train.wall", "train.peak_memory"):
        assert run["measures"][needed]["value"] > 0, needed
    asked = Path(made["questions"]).read_text(encoding="utf-8").splitlines()
    assert len(said("predict", run["bundle"], made["questions"])["answers"]) == len(asked) > 0
    assert said("verify", run["bundle"])["verified"] is True


@every_task
@pytest.mark.parametrize("with_", capabilities.names())
def test_a_capability_runs_or_says_why_not(name: str, with_: str, tmp_path: Path) -> None:
    recipe = contract.recipe_of(name, **{"with": [with_]})
    if capabilities.get(with_).applies(tasks.get(name)):
        with pytest.raises(RecipeError, match="does not fit"):
            spine.prepare(recipe, contract.source_of(name))
    else:
        spine.run(recipe, tmp_path, contract.source_of(name))
        spine.load(tmp_path / "bundle")


@every_task
def test_settings_are_described(name: str) -> None:
    """Reference pages and the schema are made of these words."""
    for field, info in tasks.get(name).config.model_fields.items():
        assert info.description, f"{name}.{field}"
