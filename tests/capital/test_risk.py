"""Risk: published portfolios, charts, options and projects, and the tails of samples whose truth is known."""

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import control, option, project, risk

MEANS = [0.0101110, 0.0043532, 0.0137058]
COV = [[0.00324625, 0.00022983, 0.00420395], [0.00022983, 0.00049937, 0.00019247], [0.00420395, 0.00019247, 0.00764097]]


def test_pert() -> None:
    made = risk.pert(low=4, mode=5.5, high=10)
    assert made["mean"] == pytest.approx(6) and made["quantile"] == pytest.approx(6.9412, abs=5e-5)
    rng = np.random.default_rng(0)
    drawn = 4 + 6 * rng.beta(2, 4, 400_000)
    assert made["sd"] == pytest.approx(drawn.std(), rel=0.01)
    assert risk.pert(low=3, mode=3, high=3, quantile=0.1) == {"mean": 3, "sd": 0, "quantile": 3}
    with pytest.raises(RecipeError, match="must rise in this order"):
        risk.pert(low=4, mode=3, high=10)


def test_the_tail_of_losses() -> None:
    assert risk.cvar(losses=list(range(1, 101)), beta=0.95) == {"var": 95, "cvar": pytest.approx(98)}
    assert risk.cvar(losses=[1.0, 2, 3, 4], beta=0.9) == {"var": 4, "cvar": pytest.approx(4)}
    # a quantile that falls within an atom: the tail holds a part of it (Rockafellar and Uryasev 2002)
    assert risk.cvar(losses=[0, 0, 0, 10], beta=0.5) == {"var": 0, "cvar": pytest.approx(5)}
    drawn = np.random.default_rng(1).normal(size=500_000)
    made = risk.cvar(losses=drawn, beta=0.95)
    assert made["var"] == pytest.approx(1.645, abs=0.01) and made["cvar"] == pytest.approx(2.063, abs=0.01)


@pytest.mark.parametrize(
    "beta, var, cvar", [(0.9, 0.067847, 0.096975), (0.95, 0.0902, 0.115908), (0.99, 0.132128, 0.152977)]
)
def test_the_portfolio_of_rockafellar_and_uryasev(beta: float, var: float, cvar: float) -> None:
    made = risk.cvar_portfolio(means=MEANS, cov=COV, target=0.011, beta=beta)
    assert made["weights"] == pytest.approx([0.452013, 0.115573, 0.432414], abs=2e-6)
    assert made["var"] == pytest.approx(var, abs=1e-6) and made["cvar"] == pytest.approx(cvar, abs=1e-6)  # as printed


def test_no_other_portfolio_has_less_tail() -> None:
    rng = np.random.default_rng(2)
    for n in (2, 5, 12):
        root = rng.normal(size=(n, n)) * 0.1
        cov, means = root @ root.T, rng.normal(0.05, 0.03, n)
        target = float(np.quantile(means, 0.7))
        best = risk.cvar_portfolio(means=means, cov=cov, target=target)
        assert sum(best["weights"]) == pytest.approx(1) and min(best["weights"]) >= 0
        assert means @ best["weights"] >= target - 1e-8
        others = rng.dirichlet(np.full(n, 0.5), 20_000)
        others = others[others @ means >= target]
        spread = np.sqrt(np.einsum("ij,jk,ik->i", others, cov, others))
        assert len(others) and best["cvar"] <= (2.062713 * spread - others @ means).min() + 1e-8


def test_portfolios_that_cannot_be() -> None:
    assert risk.cvar_portfolio(means=MEANS, cov=COV, target=max(MEANS))["weights"] == pytest.approx([0, 0, 1], abs=1e-6)
    with pytest.raises(RecipeError, match="target: a mean of 0.02 is more than the best asset's"):
        risk.cvar_portfolio(means=MEANS, cov=COV, target=0.02)
    with pytest.raises(DataError, match="cov: must have 3 rows of 3"):
        risk.cvar_portfolio(means=MEANS, cov=COV[:2], target=0)
    with pytest.raises(DataError, match="variance below 0"):
        risk.cvar_portfolio(means=[1, 2], cov=[[1, 2], [2, 1]], target=0)
    with pytest.raises(DataError, match="not symmetric"):
        risk.cvar_portfolio(means=[1, 2], cov=[[1, 0.5], [0.1, 1]], target=0)


def test_correlation_left_out() -> None:
    assert risk.correlation_understatement(n=10, rho=0.2)["share"] == pytest.approx(0.40, abs=0.005)
    assert risk.correlation_understatement(n=30, rho=0.2)["share"] == pytest.approx(0.62, abs=0.005)
    assert risk.correlation_understatement(n=7, rho=0)["share"] == 0
    with pytest.raises(RecipeError, match="cannot all be correlated by -0.5"):
        risk.correlation_understatement(n=4, rho=-0.5)


# --- projects ---------------------------------------------------------------------------------------------------------

BUILDING = {
    "A": (1, 2, 3, ""), "B": (2, 3.5, 8, "A"), "C": (6, 9, 18, "B"), "D": (4, 5.5, 10, "C"), "E": (1, 4.5, 5, "C"),
    "F": (4, 4, 10, "E"), "G": (5, 6.5, 11, "D"), "H": (5, 8, 17, "E,G"), "I": (3, 7.5, 9, "C"), "J": (3, 9, 9, "F,I"),
    "K": (4, 4, 4, "J"), "L": (1, 5.5, 7, "J"), "M": (1, 2, 3, "H"), "N": (5, 5.5, 9, "K,L"),
}  # fmt: skip


def test_a_published_project() -> None:
    """Hillier and Lieberman's Reliable Construction: 44 weeks, variance 9, in time for 47 with 84 %."""
    made = project.project_network(
        activities={n: {"low": a, "mode": m, "high": b, "after": after} for n, (a, m, b, after) in BUILDING.items()},
        deadline=47,
    )  # fmt: skip
    assert made["critical_path"] == list("ABCEFJLN")
    assert (made["mean"], made["variance"]) == (pytest.approx(44), pytest.approx(9))
    assert made["p_deadline"] == pytest.approx(0.8413, abs=5e-5)
    assert 0.6 < made["p_deadline_mc"] < made["p_deadline"], "two other paths are nearly as long"


def test_one_activity_and_two_beside_each_other() -> None:
    one = {"low": 4, "mode": 5.5, "high": 10}
    alone = project.project_network(activities={"a": one}, deadline=6.9412)
    assert alone["p_deadline_mc"] == pytest.approx(0.8, abs=0.005)
    both = project.project_network(activities={"a": one, "b": one}, deadline=6.9412)
    assert both["p_deadline_mc"] == pytest.approx(0.64, abs=0.006)
    sure = project.project_network(activities={"a": {"low": 2, "mode": 2, "high": 2}}, deadline=2)
    assert (sure["p_deadline"], sure["p_deadline_mc"], sure["variance"]) == (1, 1, 0)


def test_projects_that_cannot_be() -> None:
    one = {"low": 1, "mode": 2, "high": 3}
    with pytest.raises(RecipeError, match="each of a, b waits for another"):
        project.project_network(activities={"a": one | {"after": ["b"]}, "b": one | {"after": ["a"]}}, deadline=3)
    with pytest.raises(RecipeError, match=r"activities\.b\.after: unknown activity 'desing'.*did you mean 'design'"):
        project.project_network(activities={"design": one, "b": one | {"after": ["desing"]}}, deadline=3)
    with pytest.raises(RecipeError, match=r"activities\.a: low 3, mode 2 and high 3 must rise"):
        project.project_network(activities={"a": one | {"low": 3}}, deadline=3)


# --- charts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "h, lengths",
    [(4, [168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71]),
     (5, [465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01])],
)  # fmt: skip
def test_cusum_as_published(h: float, lengths: list[float]) -> None:
    shifts = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4]
    made = [control.cusum_arl(k=0.5, h=h, shift=s)["arl"] for s in shifts]
    assert made == pytest.approx(lengths, rel=0.004)
    assert control.cusum_arl(k=0.5, h=h, shift=-1)["arl"] == pytest.approx(made[4])


@pytest.mark.parametrize(
    "lambda_, limit, lengths",
    [(0.4, 3.054, [500, 224, 71.2, 28.4, 14.3, 5.9, 3.5]), (0.25, 2.998, [500, 170, 48.2, 20.1, 11.1, 5.5, 3.6]),
     (0.2, 2.962, [500, 150, 41.8, 18.2, 10.5, 5.5, 3.7]), (0.1, 2.814, [500, 106, 31.3, 15.9, 10.3, 6.1, 4.4]),
     (0.05, 2.615, [500, 84.1, 28.8, 16.4, 11.4, 7.1, 5.2])],
)  # fmt: skip
def test_ewma_as_published(lambda_: float, limit: float, lengths: list[float]) -> None:
    values = [{"lambda": lambda_, "L": limit, "shift": s} for s in (0, 0.25, 0.5, 0.75, 1, 1.5, 2)]
    made = [control.ewma_arl(**v)["arl"] for v in values]
    assert made == pytest.approx(lengths, rel=0.006, abs=0.06)


def test_charts_as_drawn() -> None:
    """Runs until the alarm, simulated."""
    rng = np.random.default_rng(7)
    x = rng.normal(0.7, 1, (20_000, 400))
    up, down, ewma = np.zeros(20_000), np.zeros(20_000), np.zeros(20_000)
    ends, by = np.zeros(20_000), np.zeros(20_000)
    for i in range(400):
        up, down = np.maximum(0, up + x[:, i] - 0.4), np.maximum(0, down - x[:, i] - 0.4)
        ewma = 0.15 * x[:, i] + 0.85 * ewma
        ends = np.where((ends == 0) & ((up > 3.2) | (down > 3.2)), i + 1, ends)
        by = np.where((by == 0) & (np.abs(ewma) > 2.7 * np.sqrt(0.15 / 1.85)), i + 1, by)
    assert control.cusum_arl(k=0.4, h=3.2, shift=0.7)["arl"] == pytest.approx(ends.mean(), rel=0.02)
    assert control.ewma_arl(lambda_=0.15, L=2.7, shift=0.7)["arl"] == pytest.approx(by.mean(), rel=0.02)


def test_charts_at_their_ends() -> None:
    from scipy.stats import norm

    assert control.ewma_arl(lambda_=1.0, L=3.0)["arl"] == pytest.approx(1 / (2 * norm.sf(3)), rel=1e-6), "Shewhart"
    assert control.cusum_arl(k=0.5, h=4, sides=1)["arl"] == pytest.approx(2 * 167.7, rel=0.005)
    with pytest.raises(RecipeError, match="ewma_arl: lambda"):
        control.ewma_arl(lambda_=0, L=3)
    with pytest.raises(RecipeError, match="cusum_arl: h"):
        control.cusum_arl(k=0.5, h=0)


def test_distances() -> None:
    assert control.psi(expected=[0.5, 0.5], actual=[0.5, 0.5])["psi"] == 0
    assert control.psi(expected=[50, 50], actual=[60, 40])["psi"] == pytest.approx(
        0.1 * np.log(1.2) - 0.1 * np.log(0.8)
    )
    assert control.ks_threshold(alpha=0.05)["c"] == pytest.approx(1.3581, abs=5e-5)
    assert control.ks_threshold(alpha=0.01)["c"] == pytest.approx(1.6276, abs=5e-5)
    with pytest.raises(DataError, match="3 bins, expected are 2"):
        control.psi(expected=[1, 2], actual=[1, 2, 3])
    with pytest.raises(DataError, match="psi: actual: all bins are empty"):
        control.psi(expected=[1, 2], actual=[0, 0])


# --- options ----------------------------------------------------------------------------------------------------------


def test_the_american_put_of_hull() -> None:
    put = {"spot": 50, "strike": 50, "rate": 0.10, "sigma": 0.40, "years": 5 / 12}
    values = [option.american_put(**put, steps=n)["value"] for n in (5, 30, 50, 100, 500)]
    assert values == pytest.approx([4.488, 4.263, 4.272, 4.278, 4.283], abs=5e-4)


def test_options_at_their_ends() -> None:
    deep = option.american_put(spot=1, strike=100, rate=0.1, sigma=0.2, years=1, steps=200)["value"]
    assert deep == pytest.approx(99), "it is used at once"
    assert option.american_put(spot=100, strike=0, rate=0.1, sigma=0.2, years=1)["value"] == 0
    # without interest waiting costs nothing: Black and Scholes' European put
    assert option.american_put(spot=100, strike=100, rate=0.0, sigma=0.2, years=1, steps=4000)[
        "value"
    ] == pytest.approx(7.9656, abs=0.001)
    with pytest.raises(RecipeError, match="steps are too few"):
        option.american_put(spot=1, strike=1, rate=1.0, sigma=0.01, years=1, steps=5)
