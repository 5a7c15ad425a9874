"""Price lists as SkyPilot's catalogue has them: read as they are, their traps refused and said."""

from pathlib import Path

import pytest

from mintmark.base.errors import DataError
from mintmark.capital import planning
from mintmark.capital.planning import catalogue, machine, offer

HEAD = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,AvailabilityZone"
GOOD = "p5.48xlarge,H100,8,192,2048,60.0,20.0,r1,a"


def listed(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "vms.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_prices_are_for_one_gpu_over_all_regions(tmp_path: Path):
    path = listed(
        tmp_path, GOOD, "p5.48xlarge,H100,8,192,2048,80.0,,r2,b", "p5.48xlarge,H100,8,192,2048,64.0,24.0,r3,c"
    )
    offers, notes = catalogue.read(path)
    assert notes == []
    (one,) = offers
    assert (one.gpu, one.count, one.cloud, one.regions) == ("H100", 8, "vms", 3)
    assert one.price == pytest.approx((7.5, 8.0, 10.0))
    assert one.spot == pytest.approx((2.5, 2.75, 3.0))
    assert one.scaled


@pytest.mark.parametrize(
    ("row", "said", "spot", "price"),
    [
        ("x8,H100,8,192,2048,60.0,70.0,r2,b", "1 spot prices are above the price on demand", 2.5, 7.5),
        ("x8,H100,8,192,2048,60.0,60.0,r2,b", "which is no discount", 2.5, 7.5),
        ("x8,H100,8,192,2048,700.0,,r2,b", "placeholders", 2.5, 7.5),
        ("x8,H100,8,192,2048,9999.0,,r2,b", "placeholders", 2.5, 7.5),
        ("x8,H100,8,192,2048,0,,r2,b", "placeholders", 2.5, 7.5),
        ("tpu,tpu-v6e-8,8,192,2048,7.0,,r2,b", "tpu-v6e-8", 2.5, 7.5),
    ],
)
def test_traps_are_refused_and_said(tmp_path: Path, row: str, said: str, spot: float, price: float):
    offers, notes = catalogue.read(listed(tmp_path, GOOD, "p5.48xlarge,H100,8,192,2048,60.0,20.0,r3,c", row))
    assert any(said in n["text"] for n in notes)
    assert [o.price and o.price[1] for o in offers] == [price]
    assert [o.spot and o.spot[1] for o in offers] == [spot]


def test_a_machine_that_is_listed_apart_is_paid_too(tmp_path: Path):
    rows = (",A100-80GB,8,,,12.0,6.0,us,a", "a2-ultragpu-8g,,,96,1360,8.0,2.0,us,a", ",A100-80GB,8,,,12.0,6.0,eu,a")
    offers, notes = catalogue.read(listed(tmp_path, *rows))
    (one,) = offers
    assert one.price == pytest.approx((2.5, 2.5, 2.5))
    assert one.spot == pytest.approx((1.0, 1.0, 1.0))
    said = " ".join(n["text"] for n in notes)
    assert "the price of their machine was added" in said
    assert "none is listed for their region" in said


@pytest.mark.parametrize(
    ("rows", "head", "what"),
    [
        (["x8,H100,8,1,1,sixty,,r,a"], HEAD, "'sixty' is no price"),
        (["x8,H100,8,1,1,-3,,r,a"], HEAD, "'-3' is no price"),
        (["x8,H100,8,1,1,700.0,,r,a"], HEAD, "no row has a GPU that is known"),
        (["x8,Gaudi,8,1,1,7.0,,r,a"], HEAD, "Gaudi"),
        (["x8,8,1.0"], "InstanceType,AcceleratorCount,Price", "AcceleratorName"),
        (["x8,H100,many,1,1,60.0,,r,a"], HEAD, "'many' is no number of accelerators"),
        ([], HEAD, "no rows"),
    ],
)
def test_lists_that_cannot_be_worked_with_are_refused(tmp_path: Path, rows: list[str], head: str, what: str):
    with pytest.raises(DataError) as error:
        catalogue.read(listed(tmp_path, *rows, head=head))
    assert what in str(error.value)


def test_a_list_takes_the_place_of_the_built_in_sheet(tmp_path: Path):
    model = {"hidden": 2048, "layers": 24, "heads": 16, "vocab": 32000, "seq": 2048}
    raw = {"model": model, "goal": {"tokens": 20e9}, "fleet": {"prices": "vms.csv", "gpu_counts": [8, 16]},
           "leaner": [1.0], "draws": 400}  # fmt: skip
    path = listed(tmp_path, GOOD)
    plan = planning.parse(raw, "plan.toml")
    best = planning.plan(plan, "plan.toml", tmp_path)["best"]
    assert (best["cloud"], best["gpu"]) == ("vms", "H100")
    assert best["usd_per_gpu_hour"]["mid"] == pytest.approx(2.5 if best["spot"] else 7.5)
    assert (
        planning.plan(planning.parse(raw | {"fleet": {"gpu_counts": [8, 16]}}, "x"), "x", prices=path)["best"] == best
    )


def test_small_instances_do_not_train_together():
    made = machine.machines([o for o in offer.built_in() if o.gpu == "H100"], spot=True)
    assert any(m.node == 1 for m in made)
    for m in made:
        assert m.counts([1, 2, 8, 16]) == (
            [8, 16] if m.scaled and m.node == 8 else [m.node] if m.node in (1, 2, 8) else []
        )


def test_the_real_lists_say_their_traps(real_data: Path):
    """Their README names them: hosts apart, spot above demand, a placeholder of 700, spot equal to demand."""
    offers, notes = catalogue.read(real_data / "gpu_prices" / "skypilot_catalog_v8_gpu_subset.csv")
    said = " ".join(n["text"] for n in notes)
    for trap in ("price of their machine was added", "above the price on demand", "tpu", "no discount"):
        assert trap in said
    h100 = next(o for o in offers if (o.cloud, o.gpu, o.count) == ("aws", "H100", 8))
    assert h100.price
    assert h100.price[0] == pytest.approx(55.04 / 8)
    aws, _ = catalogue.read(real_data / "gpu_prices" / "aws_us-east-1_2023-08-30.csv")
    assert {o.gpu for o in aws} >= {"T4", "A10G", "V100"}
    assert all(o.dated == "2023-08-30" for o in aws)
