"""The A/B test of a model: its size, its bounds, and what its data say, which were drawn with a known effect."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.value import value


def plan(**experiment: Any) -> dict[str, Any]:
    asked = {"sd": 10, "mean": 20, "relative_effect": 0.05} | experiment
    return {"revenue": {"base_per_year": 1, "uplift": 0, "margin": 1},
            "experiment": {k: v for k, v in asked.items() if v is not None}}  # fmt: skip


def users(folder: Path, effect: float, n: int = 4000) -> str:
    """So many users of each variant, whose measure hangs on that from before by a correlation of 0.8."""
    rng = np.random.default_rng(4)
    before = rng.normal(20, 10, 2 * n)
    made = pd.DataFrame({"variant": ["control", "model"] * n, "before": before})
    made["value"] = 20 + 0.8 * (before - 20) + rng.normal(0, 6, 2 * n) + effect * (made["variant"] == "model")
    made.to_csv(folder / "test.csv", index=False)
    return "test.csv"


def test_how_many_users_and_days() -> None:
    made = value(plan(users_per_day=1000), samples=1000)["experiment"]
    assert made["users"] == pytest.approx(15.698 * 100 / 1, abs=2) and made["bounds"] == pytest.approx(
        [1.96], abs=0.001
    )
    assert made["days"] == 4
    five = value(plan(looks=5, kind="pocock"), samples=1000)["experiment"]
    assert five["users"] / five["fixed"] == pytest.approx(1.229, abs=0.002) and len(five["bounds"]) == 5
    less = value(plan(correlation=0.8), samples=1000)["experiment"]
    assert less["fixed"] == pytest.approx(made["fixed"] * 0.36, abs=1)
    rate = value(plan(sd=None, mean=None, rate=0.05), samples=1000)["experiment"]
    assert rate["users"] == pytest.approx(121_600 * 15.698 / 16, rel=1e-3)


def test_what_the_data_say(tmp_path: Path) -> None:
    data = users(tmp_path, effect=0.5)
    plain = value(plan(data=data, looks=3, look=3), folder=tmp_path, samples=1000)["experiment"]["read"]
    cuped = value(plan(data=data, looks=3, look=3, before="before"), folder=tmp_path, samples=1000)["experiment"][
        "read"
    ]
    assert cuped["variance_left"] == pytest.approx(1 - 0.64, abs=0.02) and plain["variance_left"] == 1
    assert cuped["se"] == pytest.approx(0.6 * plain["se"], rel=0.03)
    assert abs(cuped["value"] - 0.5) < 3 * cuped["se"] and (cuped["control"], cuped["treated"]) == (4000, 4000)
    assert cuped["says"] == "better" and plain["says"] == "not seen", "CUPED sees what the plain test does not"
    worse = users(tmp_path, effect=-1.5)
    made = value(plan(data=worse, looks=3, look=1, before="before"), folder=tmp_path, samples=1000)["experiment"][
        "read"
    ]
    assert made["says"] == "worse"


def test_less_is_better_where_less_is_hoped_for(tmp_path: Path) -> None:
    data = users(tmp_path, effect=-1.5)
    asked = plan(data=data, before="before", relative_effect=-0.05)
    read = value(asked, folder=tmp_path, samples=1000)["experiment"]["read"]
    assert read["z"] < -3 and read["says"] == "better"
    loss = plan(data=data, before="before", relative_effect=0.05, mean=-20)
    assert value(loss, folder=tmp_path, samples=1000)["experiment"]["read"]["says"] == "better"


def test_an_early_look_has_a_higher_bound(tmp_path: Path) -> None:
    data = users(tmp_path, effect=0.25)
    says = [
        value(plan(data=data, looks=4, look=k, before="before"), folder=tmp_path, samples=1000)["experiment"]["read"]
        for k in (1, 4)
    ]
    assert says[0]["z"] == says[1]["z"] and says[0]["bound"] > 4 > says[1]["bound"]
    assert says[0]["says"] == "go on"


@pytest.mark.parametrize(
    "experiment, match",
    [
        ({"rate": 0.1}, "either rate, or sd and mean"), ({"mean": None}, "either rate, or sd and mean"),
        ({"sd": None, "mean": None, "rate": 0.1, "relative_effect": 0}, "an effect of 0"),
        ({"looks": 2, "look": 3}, "look 3 of 2 looks"), ({"kind": "pococks"}, "kind"),
        ({"rate": 1.5, "sd": None, "mean": None}, "rate"),
    ],
)  # fmt: skip
def test_experiments_that_cannot_be(experiment: dict[str, Any], match: str) -> None:
    with pytest.raises(RecipeError, match=match):
        value(plan(**experiment), samples=1000)


def test_data_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises((DataError, RecipeError), match=r"nothing\.csv"):
        value(plan(data="nothing.csv"), folder=tmp_path, samples=1000)
    pd.DataFrame({"variant": ["a", "b", "c"] * 3, "value": range(9)}).to_csv(tmp_path / "three.csv", index=False)
    with pytest.raises(DataError, match="has the variants a, b, c; two are wanted"):
        value(plan(data="three.csv"), folder=tmp_path, samples=1000)
    pd.DataFrame({"variant": ["control", "b"], "won": [1, 2]}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises((DataError, RecipeError), match="value"):
        value(plan(data="other.csv"), folder=tmp_path, samples=1000)
    pd.DataFrame({"variant": ["control", "b"], "value": [1, 2]}).to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(DataError, match="two finite numbers or more"):
        value(plan(data="few.csv"), folder=tmp_path, samples=1000)
