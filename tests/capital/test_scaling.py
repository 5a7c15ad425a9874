"""Laws of scaling: the printed table, the first-order conditions of the printed laws, and a law that is known."""

from pathlib import Path

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import scaling

SHARED = Path(__file__).parents[3] / "shared" / "capital" / "data" / "epoch_chinchilla_points.csv"
TABLE_3 = [
    (4e8, 1.92e19, 8.0e9), (1e9, 1.21e20, 20.2e9), (1e10, 1.23e22, 205.1e9), (67e9, 5.76e23, 1.5e12),
    (175e9, 3.85e24, 3.7e12), (280e9, 9.90e24, 5.9e12), (520e9, 3.43e25, 11.0e12), (1e12, 1.27e26, 21.2e12),
    (1e13, 1.30e28, 216.2e12),
]  # fmt: skip
KNOWN = scaling.Scaling(A=400.0, B=1500.0, E=1.8, alpha=0.35, beta=0.36)


@pytest.mark.parametrize(("parameters", "flops", "tokens"), TABLE_3)
def test_chinchilla_table_3(parameters: float, flops: float, tokens: float) -> None:
    made = scaling.compute_optimal(parameters=parameters)
    assert (made["flops"], made["tokens"]) == (pytest.approx(flops), pytest.approx(tokens))
    made = scaling.compute_optimal(flops=flops, law="chinchilla1")
    assert (made["parameters"], made["tokens"]) == (pytest.approx(parameters), pytest.approx(tokens))


def test_between_and_beyond_the_rows_operations_are_spent_on_six_n_d() -> None:
    for parameters in (1e8, 3e9, 700e9, 5e12, 1e14):
        made = scaling.compute_optimal(parameters=parameters)
        assert made["flops"] == pytest.approx(6 * made["parameters"] * made["tokens"], rel=0.02)
        assert 19 < made["tokens"] / made["parameters"] < 23


@pytest.mark.parametrize("law", ["chinchilla3", "epoch2024"])
@pytest.mark.parametrize("flops", [1e18, 5.76e23, 1e27])
def test_no_other_size_has_less_loss(law: str, flops: float) -> None:
    made = scaling.compute_optimal(flops=flops, law=law)
    n, d = made["parameters"], made["tokens"]
    assert made["flops"] == flops == pytest.approx(6 * n * d)
    known = scaling.LAWS[law]
    near = n * np.array([0.9, 0.99, 1.0, 1.01, 1.1])
    assert np.argmin(known.loss(near, flops / 6 / near)) == 2
    again = scaling.compute_optimal(parameters=n, law=law)
    assert again["flops"] == pytest.approx(flops) and again["tokens"] == pytest.approx(d)


def test_the_printed_laws_for_the_budget_of_gopher() -> None:
    """5.76e23: the third approach says some 32 billion parameters, its fit anew some 70 billion and 1.3e12 tokens."""
    third, anew = (scaling.compute_optimal(flops=5.76e23, law=law) for law in ("chinchilla3", "epoch2024"))
    assert third["parameters"] == pytest.approx(32.2e9, rel=0.002)
    assert anew["parameters"] == pytest.approx(72.2e9, rel=0.002) and anew["tokens"] == pytest.approx(
        1.33e12, rel=0.002
    )


def test_one_of_flops_and_parameters() -> None:
    for given in ({}, {"flops": 1e20, "parameters": 1e9}):
        with pytest.raises(RecipeError, match="compute_optimal: flops or parameters"):
            scaling.compute_optimal(**given)
    with pytest.raises(RecipeError, match='law: must be one of "chinchilla1"'):
        scaling.compute_optimal(flops=1e20, law="kaplan")


# --- the fit ----------------------------------------------------------------------------------------------------------


def runs(noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten sizes, four shares of data each: loss by the known law, with some noise in its logarithm."""
    rng = np.random.default_rng(seed)
    n = np.repeat(np.geomspace(5e7, 1e10, 10), 4)
    d = n * np.tile([5.0, 15.0, 40.0, 100.0], 10)
    return n, d, KNOWN.loss(n, d) * np.exp(rng.normal(0, noise, len(n)))


def written(path: Path, n: np.ndarray, d: np.ndarray, loss: np.ndarray, names: str = "N,D,loss") -> str:
    rows = [names, *(f"{a!r},{b!r},{c!r}" for a, b, c in zip(n.tolist(), d.tolist(), loss.tolist(), strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def test_a_known_law_is_found_again(tmp_path: Path) -> None:
    n, d, loss = runs()
    for names, second in (("N,D,loss", d), ("Model Size,Training FLOP,loss", 6 * n * d)):
        made = scaling.scaling_fit(csv=written(tmp_path / "runs.csv", n, second, loss, names), drop_highest=0)
        for name in ("A", "B", "E", "alpha", "beta"):
            assert made[name] == pytest.approx(getattr(KNOWN, name), rel=1e-4)
        assert made["huber_sum"] < 1e-12


def test_runs_that_were_stopped_early_are_left_out(tmp_path: Path) -> None:
    n, d, loss = runs()
    worst = np.argsort(loss)[-5:]
    loss[worst] *= 1.3
    made = scaling.scaling_fit(csv=written(tmp_path / "runs.csv", n, d, loss))
    assert made["E"] == pytest.approx(1.8, rel=1e-4) and made["alpha"] == pytest.approx(0.35, rel=1e-3)


def test_a_few_runs_that_went_wrong_move_little(tmp_path: Path) -> None:
    n, d, loss = runs(noise=0.001)
    loss[[3, 17, 30]] *= 1.5
    made = scaling.scaling_fit(csv=written(tmp_path / "runs.csv", n, d, loss), drop_highest=0)
    assert made["E"] == pytest.approx(1.8, rel=0.02) and made["alpha"] == pytest.approx(0.35, rel=0.05)


def test_an_interval_holds_the_known_law() -> None:
    n, d, loss = runs(noise=0.003, seed=4)
    made = scaling.intervals(n, d, loss, np.random.default_rng(1), draws=60)
    for name in ("E", "alpha", "beta"):
        low, high = made[name]
        assert low < getattr(KNOWN, name) < high and high - low < 0.3 * getattr(KNOWN, name)


def test_runs_that_are_wrong(tmp_path: Path) -> None:
    n, d, loss = runs()
    path = tmp_path / "runs.csv"
    with pytest.raises(DataError, match=r"runs.csv: column 'D', row 3: must be greater than 0, got -1"):
        scaling.scaling_fit(csv=written(path, n, np.where(np.arange(40) == 2, -1.0, d), loss))
    with pytest.raises(DataError, match="5 runs are left"):
        scaling.scaling_fit(csv=written(path, n[:10], d[:10], loss[:10]))
    with pytest.raises(DataError, match="N has fewer than 3 different values"):
        scaling.scaling_fit(csv=written(path, np.full(40, 1e9), d, loss))
    with pytest.raises(DataError, match=r"unknown column 'N'; known: loss, size"):
        scaling.scaling_fit(csv=written(path, n, d, loss, "size,size2,loss"))
    with pytest.raises(DataError, match="no law of this form fits"):
        scaling.scaling_fit(csv=written(path, n, d, n**0.1))
    with pytest.raises(DataError, match="cannot be read"):
        scaling.scaling_fit(csv=str(tmp_path / "none.csv"))
    with pytest.raises(RecipeError, match="drop_highest: must be at least 0"):
        scaling.scaling_fit(csv=str(path), drop_highest=-1)


@pytest.mark.skipif(not SHARED.exists(), reason="the points of Besiroglu et al. are not beside this checkout")
@pytest.mark.slow
def test_the_fit_anew_of_besiroglu_et_al() -> None:
    made = scaling.scaling_fit(csv=str(SHARED))
    assert f"{made['huber_sum']:.6e}" == "1.018274e-03"
    assert made["A"] == pytest.approx(477.84, rel=1e-3) and made["B"] == pytest.approx(2143.86, rel=1e-3)
    assert round(made["E"], 4) == 1.8172
    assert made["alpha"] == pytest.approx(0.34731, abs=2e-5) and made["beta"] == pytest.approx(0.36718, abs=2e-5)
    for name, printed in (("A", 482.01), ("B", 2085.43), ("E", 1.8172), ("alpha", 0.3478), ("beta", 0.3658)):
        assert made[name] == pytest.approx(printed, rel=0.03)
    kept = scaling.scaling_fit(csv=str(SHARED), drop_highest=0)
    assert kept["huber_sum"] > made["huber_sum"]
