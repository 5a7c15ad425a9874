"""Calculators of customers: published figures, and what is refused with the name of its field."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.capital.methods import customers

DATA = Path(__file__).parents[3] / "shared" / "capital" / "data"
CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def beside(name: str) -> Path:
    if not (DATA / name).is_file():
        pytest.skip("the published tables are not beside this checkout (../shared/capital/data)")
    return DATA / name


def test_repeat_buying_of_the_published_customer() -> None:
    made = customers.bg_nbd_expect(**CDNOW, x=2, t_x=30.43, T=38.86, horizon=39)
    assert made["purchases"] == pytest.approx(1.226, abs=0.0005)
    assert made["p_alive"] == pytest.approx(0.7266, abs=0.0001)


def test_several_customers_at_once_are_each_of_them_alone() -> None:
    cases = [(2, 30.43, 38.86), (0, 0.0, 20.0), (7, 12.5, 38.86)]
    x, t_x, age = (list(v) for v in zip(*cases, strict=True))
    made = customers.bg_nbd_expect(**CDNOW, x=x, t_x=t_x, T=age, horizon=39)
    for i, (n, last, t) in enumerate(cases):
        alone = customers.bg_nbd_expect(**CDNOW, x=n, t_x=last, T=t, horizon=39)
        assert (made["purchases"][i], made["p_alive"][i]) == pytest.approx((alone["purchases"], alone["p_alive"]))
    assert made["p_alive"][1] == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"x": 1.5}, "x"), ({"t_x": 50}, "t_x"), ({"x": 0}, "t_x"), ({"r": 0}, "r"), ({"horizon": -1}, "horizon"),
     ({"x": [1, 2], "t_x": [1, 2, 3]}, "t_x"), ({"alpha": "much"}, "alpha")],
)  # fmt: skip
def test_impossible_customers_are_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        customers.bg_nbd_expect(**CDNOW | {"x": 2, "t_x": 30.43, "T": 38.86, "horizon": 39} | wrong)
    assert caught.value.where.endswith(field)


def test_a_cohort_from_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rate, leaving = rng.gamma(0.7, 1 / 5, 800), rng.beta(0.8, 2.4, 800)
    lines = ["frequency,recency,T"]
    for r, p in zip(rate, leaving, strict=True):
        at, count, last = 0.0, 0, 0.0
        while (at := at + rng.exponential(1 / r)) < 50:
            count, last = count + 1, at
            if rng.random() < p:
                break
        lines.append(f"{count},{last},50")
    path = tmp_path / "cohort.csv"
    path.write_text("\n".join(lines))
    made = customers.bg_nbd_fit(csv=str(path))
    mean = customers.bg_nbd_expect(**{k: made[k] for k in "r alpha a b".split()}, x=0, t_x=0, T=0, horizon=50)
    counts = np.loadtxt(path, delimiter=",", skiprows=1)[:, 0]
    assert mean["purchases"] == pytest.approx(counts.mean(), rel=0.1)
    assert made["log_likelihood"] < 0
    path.write_text("frequency,recency\n1,2\n")
    with pytest.raises(DataError, match="no column|unknown column"):
        customers.bg_nbd_fit(csv=str(path))
    with pytest.raises(DataError, match="cannot be read"):
        customers.bg_nbd_fit(csv=str(tmp_path / "nowhere.csv"))


def test_donations() -> None:
    made = customers.bg_bb_fit(csv=str(beside("donations.csv")))
    assert [made[k] for k in ("alpha", "beta", "gamma", "delta")] == pytest.approx(
        [1.204, 0.750, 0.657, 2.783], abs=5e-4
    )
    assert made["log_likelihood"] == pytest.approx(-33225.6, abs=0.05)


def test_donations_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    for rows, field in (("2,1,6", "frequency"), ("1,7,6", "recency"), ("0,2,6", "recency"), ("0,0,6", "frequency")):
        path.write_text(f"frequency,recency,periods\n{rows}\n")
        with pytest.raises(DataError) as caught:
            customers.bg_bb_fit(csv=str(path))
        assert caught.value.where == f"bg_bb_fit: {field}"


def test_retention_of_the_published_cohort() -> None:
    given = [63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1]
    made = customers.sbg_fit(survival=given, periods=12)
    assert (made["a"], made["b"]) == pytest.approx((0.704, 1.182), abs=5e-4)
    assert len(made["survival"]) == 12 and made["survival"][-1] == pytest.approx(17.0, abs=0.05)
    shares = customers.sbg_fit(survival=[1.0, *(v / 100 for v in given)], periods=[12])
    assert shares["survival"] == pytest.approx([made["survival"][-1] / 100])
    assert len(customers.sbg_fit(survival=given)["survival"]) == 7


@pytest.mark.parametrize(
    "survival", [[0.5], [], [0.5, 0.6], [1.0, 1.0, 1.0], [300, 200, 100], [-0.1, 0.2], ["many", "few"]], ids=str
)
def test_retention_that_tells_nothing_is_refused(survival: list[Any]) -> None:
    with pytest.raises(MintmarkError, match=r"sbg_fit: survival|sbg_fit"):
        customers.sbg_fit(survival=survival)


@pytest.mark.parametrize(
    ("retention", "discount", "multiple"),
    [(0.8, 0.10, 2.67), (0.8, 0.12, 2.50), (0.8, 0.14, 2.35), (0.8, 0.16, 2.22), (0.6, 0.10, 1.20), (0.9, 0.16, 3.46)],
)
def test_margin_multiples_of_the_published_table(retention: float, discount: float, multiple: float) -> None:
    made = customers.margin_multiple(retention=retention, discount=discount)
    assert made["multiple"] == pytest.approx(multiple, abs=0.005)


def test_a_customer_who_never_leaves_needs_a_discount() -> None:
    with pytest.raises(RecipeError, match="infinite"):
        customers.margin_multiple(retention=1, discount=0)
    with pytest.raises(RecipeError, match="retention"):
        customers.margin_multiple(retention=1.2, discount=0.1)
