"""Prices: dated, sourced, strict; time times price."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mintmark.base.errors import DataError
from mintmark.base.record import Measured
from mintmark.capital import prices
from mintmark.capital.prices import Price

OWN = {"name": "machine", "value": 0.36, "unit": "CNY/h", "dated": "2026-02", "source": "our bill", "how": "measured"}


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINTMARK_PRICES", raising=False)


def written(folder: Path, *rows: dict[str, Any], currency: Any = "CNY") -> Path:
    path = folder / "prices.json"
    path.write_text(json.dumps({"currency": currency, "prices": list(rows)}))
    return path


def test_the_shipped_sheet_says_where_each_price_is_from() -> None:
    made = prices.sheet()
    gpus = {"T4", "A10G", "L4", "V100", "A100-40GB", "A100-80GB", "H100"}
    assert set(made) == {"vcpu", "gib", "electricity"} | {f"gpu.{g}" for g in gpus}
    for price in made.values():
        assert price.value > 0 and price.currency == "USD" and len(price.source) > 40 and price.dated >= "2023"
    for name in ("vcpu", "gib", "electricity"):
        assert made[name].how == "estimated"
    for name in gpus:
        assert " @ " in made[f"gpu.{name}"].source


def test_vcpu_and_memory_give_back_the_two_list_prices_they_come_from() -> None:
    """Google, us-central1, hosts of 12 vCPU with 85 and with 170 GiB: 0.73948 and 1.09962 USD an hour."""
    vcpu, gib = prices.sheet()["vcpu"].value, prices.sheet()["gib"].value
    assert 12 * vcpu + 85 * gib == pytest.approx(0.73948, abs=5e-5)
    assert 12 * vcpu + 170 * gib == pytest.approx(1.09962, abs=5e-5)


@pytest.mark.parametrize(
    ("gpu", "usd"),
    [
        ("Tesla T4", 0.978),  # g4dn: .526 .752 .978 .978 1.204 2.176 4.352
        ("NVIDIA A10G", 1.83),  # g5: 1.006 1.212 1.418 1.624 2.036 2.036 2.448 4.096
        ("NVIDIA L4", 0.39),
        ("Tesla V100-SXM2-16GB", 0.79),  # 4.234 .79 .1381
        ("NVIDIA A100-SXM4-40GB", 3.93436),  # 2.42771 3.67339 3.93436 4.04072 4.32506
        ("NVIDIA A100-SXM4-80GB", 1.39),  # 3.43088 1.39 1.29
        ("NVIDIA H100 80GB HBM3", 3.47),  # 7.3616 3.99 2.95 2.29
    ],
)
def test_a_machine_with_a_gpu(gpu: str, usd: float) -> None:
    price = prices.machine_hour(16, gpu)
    assert (price.value, price.unit) == (usd, "USD/h")


def test_a_machine_without_a_gpu() -> None:
    """A general-purpose machine of 2 vCPU and 8 GiB is listed at 0.0971 USD an hour (n2-standard-2, us-central1)."""
    two, eight = prices.machine_hour(2), prices.machine_hour(8)
    assert two.value == pytest.approx(0.0971, abs=1e-4) and two.unit == "USD/h" and two.how == "estimated"
    assert eight.value == pytest.approx(4 * two.value)
    assert "2 vCPU" in two.source and "8 GiB" in two.source and two.dated == "2025"


@pytest.mark.parametrize("gpu", ["GeForce RTX 4090", "A100", "L40S", "T4G"])
def test_a_gpu_that_has_no_price(gpu: str) -> None:
    with pytest.raises(DataError, match=r"unknown GPU .*known: A100-40GB, A100-80GB, A10G, H100, L4, T4, V100"):
        prices.machine_hour(4, gpu)


def test_stale() -> None:
    price = Price("x", 1.0, "USD/h", "2025-03-01", "here")
    assert price.stale(date(2026, 3, 1)) == ""
    assert "x, 1 USD/h, is dated 2025-03-01" in price.stale(date(2026, 3, 2))
    assert Price("x", 1.0, "USD/h", "2025", "here").stale(date(2026, 1, 2))  # it may be of the year's first day
    assert not Price("x", 1.0, "USD/h", "2025-06", "here").stale(date(2026, 5, 30))


def test_own_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_PRICES", str(written(tmp_path, OWN)))
    price = prices.machine_hour(64, "an unknown GPU")
    assert (price.value, price.currency, price.how) == (0.36, "CNY", "measured")
    made = prices.cost(Measured("train.wall", 100.0, "s"), price, "cost.train")
    assert (made.name, made.value, made.unit, made.better, made.how) == (
        "cost.train", pytest.approx(0.01), "CNY", "down", "measured",
    )  # fmt: skip
    assert made.source == "100 s x 0.36 CNY/h (machine, measured, dated 2026-02: our bill)"


def test_cost_is_estimated_where_time_or_price_is() -> None:
    listed = Price("gpu.L4", 3.6, "USD/h", "2025", "a list", "listed")
    own = Price("machine", 3.6, "USD/h", "2025", "a bill", "measured")
    assert prices.cost(10, listed, "c") == Measured(
        "c", pytest.approx(0.01), "USD", "down", "estimated", "10 s x 3.6 USD/h (gpu.L4, listed, dated 2025: a list)"
    )
    assert prices.cost(Measured("t", 10.0, "s", how="estimated"), own, "c").how == "estimated"
    with pytest.raises(ValueError, match="not in seconds"):
        prices.cost(Measured("t", 10.0, "J"), own, "c")
    with pytest.raises(DataError, match="not for an hour"):
        prices.cost(1.0, prices.sheet()["electricity"], "c")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valeu": 1}, r"row 1: unknown key 'valeu'.*did you mean 'value'\?"),
        ({"source": None}, r"row 1: source is missing"),
        ({"source": " "}, r"row 1 \(machine\): source must be text, got ' '"),
        ({"value": "0.1"}, r"value must be a number, 0 or more, got '0.1'"),
        ({"value": True}, r"value must be a number"),
        ({"value": -1}, r"value must be a number, 0 or more, got -1"),
        ({"value": float("inf")}, r"value must be a number"),
        ({"unit": "USD/h"}, r"unit must be CNY/h or CNY/kWh, got 'USD/h'"),
        ({"unit": "CNY/min"}, r"unit must be CNY/h or CNY/kWh"),
        ({"dated": "last year"}, r"dated must be a date, got 'last year'"),
        ({"dated": "2025-13"}, r"dated must be a date"),
        ({"how": "guessed"}, r"unknown how 'guessed'; known: estimated, listed, measured"),
    ],
)
def test_rows_that_are_wrong(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    row = {k: v for k, v in (OWN | change).items() if v is not None}
    path = written(tmp_path, row)
    with pytest.raises(DataError, match=said) as caught:
        prices.sheet(path)
    assert caught.value.where.startswith(str(path)) and caught.value.fix


def test_sheets_that_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="'machine' has two rows"):
        prices.sheet(written(tmp_path, OWN, OWN))
    with pytest.raises(DataError, match="must be a list of rows"):
        prices.sheet(written(tmp_path))
    with pytest.raises(DataError, match="three capital letters"):
        prices.sheet(written(tmp_path, OWN, currency="yuan"))
    with pytest.raises(DataError, match="cannot be read"):
        prices.sheet(tmp_path / "none.json")
    for content in (b"[1, 2", b"\xff\xfe", b"[" * 200_000):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(DataError, match="is no JSON"):
            prices.sheet(tmp_path / "bad.json")
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(DataError, match="is no price sheet"):
        prices.sheet(tmp_path / "bad.json")
    monkeypatch.setenv("MINTMARK_PRICES", str(written(tmp_path, OWN | {"name": "office"})))
    with pytest.raises(DataError, match=r"no row 'vcpu'.*Try: a row \"machine\""):
        prices.machine_hour(2)
