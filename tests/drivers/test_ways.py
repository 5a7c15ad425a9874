"""Ways to train, tried on this machine: a small network for a moment each way."""

from pathlib import Path

import pytest

from mintmark.base.errors import RecipeError
from mintmark.drivers import ways

RECIPE = """
version = 1
task = "text_generation"
data = "input.txt"
[settings]
tokens = "characters"
layers = 1
width = 16
heads = 2
context = 16
batch = 8
"""


def recipe(folder: Path, text: str = RECIPE) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    (folder / "input.txt").write_text("To be, or not to be, that is the question. " * 200)
    return path


@pytest.mark.slow
def test_each_way_is_timed(tmp_path: Path) -> None:
    made = ways.ways(recipe(tmp_path), seconds=0.5)
    assert made.sequence == 16
    assert [w.name for w in made.ways] == ["one", "batch", "precision", "accumulate", "processes", "transfer"]
    assert all(bool(w.why) != bool(w.per_s) for w in made.ways)
    by_name = {w.name: w for w in made.ways}
    assert by_name["batch"].settings["batch"] == 8
    assert by_name["batch"].unit == "tokens"
    assert "pretrained" in by_name["transfer"].why


def test_what_is_not_trained_step_by_step_is_refused(tmp_path: Path) -> None:
    rows = "x,y\n" + "\n".join(f"{i},{i % 2}" for i in range(60))
    (tmp_path / "rows.csv").write_text(rows)
    text = 'version = 1\ntask = "tabular_classification"\ndata = "rows.csv"\ntarget = "y"\n'
    with pytest.raises(RecipeError) as error:
        ways.ways(recipe(tmp_path, text))
    assert "step by step" in str(error.value)
    assert "task" in error.value.where
