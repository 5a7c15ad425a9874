"""What a training run needs, against the figures that papers print."""

import math

import pytest

from mintmark.base.errors import RecipeError
from mintmark.base.record import Measured
from mintmark.capital import prices
from mintmark.capital.methods import memory, training


@pytest.mark.parametrize(
    ("hidden", "layers", "billions"),
    [
        (2304, 24, 1.7),
        (3072, 30, 3.6),
        (4096, 36, 7.5),
        (6144, 40, 18.4),
        (8192, 48, 39.1),
        (10240, 60, 76.1),
        (12288, 80, 145.6),
        (16384, 96, 310.1),
        (20480, 105, 529.6),
        (25600, 128, 1008.0),
    ],
)
def test_parameters_of_narayanan_table_1(hidden: int, layers: int, billions: float) -> None:
    made = training.parameters(hidden=hidden, layers=layers, vocab=51200, seq=2048)["parameters"]
    assert round(made / 1e9, 1) == billions


def test_parameters_counted_by_hand() -> None:
    """A block of width 2: four matrices of attention with biases, two of the net, two norms."""
    h = 2
    block = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 2 * 2 * h
    tied = training.parameters(hidden=h, layers=3, vocab=7, seq=5)["parameters"]
    assert tied == 3 * block + 7 * h + 5 * h
    untied = training.parameters(hidden=h, layers=3, vocab=7, tied=False)["parameters"]
    assert untied == 3 * block + 2 * 7 * h
    with pytest.raises(RecipeError, match=r"parameters: seq: is missing.*tied=false"):
        training.parameters(hidden=h, layers=3, vocab=7)


@pytest.mark.parametrize(
    ("parameters", "tokens", "factor", "flops", "days"),
    [
        (174_600e6, 300e9, 6, "3.14e+23", 3640),  # GPT-3 175B
        (12_850e6, 300e9, 6, "2.31e+22", 268),  # GPT-3 13B
        (760e6, 300e9, 6, "1.37e+21", 15.8),  # GPT-3 Large
        (11_000e6, 1000e9, 3, "3.30e+22", 382),  # T5-11B, an encoder-decoder
        (355e6, 2000e9, 6, "4.26e+21", 49.3),  # RoBERTa-Large
        (109e6, 250e9, 6, "1.64e+20", 1.89),  # BERT-Base
    ],
)
def test_operations_of_gpt3_table_d1(parameters: float, tokens: float, factor: float, flops: str, days: float) -> None:
    made = training.training_flops(parameters=parameters, tokens=tokens, factor=factor)
    assert f"{made['flops']:.2e}" == flops
    assert float(f"{made['pf_days']:.3g}") == days


@pytest.mark.parametrize(
    ("hidden", "layers", "gpus", "ms", "tflops"),
    [(1920, 24, 1, 1121, 71.9), (2304, 30, 2, 1093, 64.2), (3072, 36, 4, 1238, 58.5), (4096, 42, 8, 1407, 52.2)],
)
def test_operations_a_gpu_of_megatron_on_v100(hidden: int, layers: int, gpus: int, ms: float, tflops: float) -> None:
    made = training.utilisation(
        hidden=hidden, layers=layers, seq=1024, vocab=51200, batch=8, iteration_s=ms / 1000, gpus=gpus, recompute="full"
    )
    assert round(made["tflops_per_gpu"], 1) == tflops
    assert set(made) == {"tflops_per_gpu"}  # no peak, no share of it


@pytest.mark.parametrize(
    ("hidden", "layers", "gpus", "batch", "seconds", "mfu", "hfu"),
    [
        (6144, 48, 8, 4, 1.10, 41.5, 43.7),
        (12288, 96, 64, 64, 13.75, 51.4, 52.8),
        (20480, 105, 280, 280, 37.83, 56.0, 57.0),
        (25600, 128, 512, 512, 71.49, 56.3, 57.0),
    ],
)
def test_shares_of_the_peak_of_korthikanti_table_5(
    hidden: int, layers: int, gpus: int, batch: int, seconds: float, mfu: float, hfu: float
) -> None:
    made = training.utilisation(
        hidden=hidden, layers=layers, seq=2048, vocab=51200, batch=batch, iteration_s=seconds, gpus=gpus,
        peak_tflops=312, recompute="selective",
    )  # fmt: skip
    assert 100 * made["mfu"] == pytest.approx(mfu, abs=0.2)
    assert 100 * made["hfu"] == pytest.approx(hfu, abs=0.2)


def test_what_is_recomputed_changes_the_hardware_share_alone() -> None:
    given = {"hidden": 1024, "layers": 24, "seq": 512, "vocab": 30000, "batch": 8, "iteration_s": 1.0, "gpus": 1}
    none, some, full = (
        training.utilisation(**given, peak_tflops=100, recompute=kind) for kind in ("none", "selective", "full")
    )
    assert none["mfu"] == some["mfu"] == full["mfu"] == none["hfu"] < some["hfu"] < full["hfu"]
    matrices = 24 * 8 * 512 * (24 * 1024**2 + 4 * 512 * 1024)  # of a forward pass without the last layer
    assert full["tflops_per_gpu"] - none["tflops_per_gpu"] == pytest.approx(matrices / 1e12)


def test_palm_from_its_tokens() -> None:
    made = training.mfu_tokens(
        parameters=540.35e9, layers=118, heads=48, head_dim=256, seq=2048, tokens_per_s=238.3e3, chips=6144,
        peak_tflops=275,
    )  # fmt: skip
    assert round(100 * made["mfu"], 1) == 46.2


def test_days_of_narayanan() -> None:
    given = {"parameters": 175e9, "tokens": 300e9, "gpus": 1024, "tflops": 140}
    assert round(training.training_days(**given)["days"]) == 34
    trillion = training.training_days(parameters=1e12, tokens=450e9, gpus=3072, tflops=163, recompute="full")
    assert round(trillion["days"]) == 83  # the paper says 84, of parameters that are not quite 1e12
    once = training.training_days(**given, recompute=False)
    assert once == training.training_days(**given, recompute="none")
    assert once["days"] == pytest.approx(33.908420 * 6 / 8)


@pytest.mark.parametrize(
    ("hours", "mwh", "tonnes"),
    [(82_432, 36, 14), (135_168, 59, 23), (530_432, 233, 90), (1_022_362, 449, 173), (809_472, 356, 137)],
)
def test_energy_of_llama_table_15(hours: float, mwh: float, tonnes: float) -> None:
    made = training.energy(gpu_hours=hours, watts=400, pue=1.1, t_per_mwh=0.385)
    assert made["mwh"] == pytest.approx(mwh, abs=1) and made["t_co2"] == pytest.approx(tonnes, abs=1)
    with pytest.raises(RecipeError, match=r"energy: pue: must be 1 or more, got 0.9"):
        training.energy(gpu_hours=hours, watts=400, pue=0.9, t_per_mwh=0.385)


def test_the_bill_of_deepseek_v3() -> None:
    hours = 2664e3 + 119e3 + 5e3
    price = prices.Price("gpu.H800", 2.0, "USD/h", "2024-12", "the paper's own assumption", "estimated")
    made = prices.cost(Measured("train.wall", hours * 3600, "s"), price, "cost.train")
    assert (hours, made.value) == (2788e3, pytest.approx(5.576e6))


def test_memory_of_zero_table_1() -> None:
    def shown(billions: float, n: int) -> list[float]:
        return [float(f"{v:.3g}") for v in memory.zero_memory(parameters=billions * 1e9, gpus=n).values()]

    assert list(memory.zero_memory(parameters=7.5e9, gpus=64)) == ["gb_os", "gb_os_g", "gb_os_g_p"]
    assert shown(7.5, 1) == [120, 120, 120]
    assert shown(7.5, 4) == [52.5, 41.2, 30]  # the paper prints 41.3 of 41.25
    assert shown(7.5, 16) == [35.6, 21.6, 7.5]
    assert shown(7.5, 64) == [31.4, 16.6, 1.88]
    assert shown(7.5, 1024) == [30.1, 15.1, 0.117]  # the paper prints 0.12
    assert shown(128, 64) == [536, 284, 32]
    assert shown(1000, 1024) == [4010, 2010, 15.6]


def test_activations_of_korthikanti_table_2() -> None:
    s, b, h, a, layers, t = 2048, 4, 6144, 64, 48, 8
    given = {"seq": s, "batch": b, "hidden": h, "heads": a, "layers": layers}
    sbh = s * b * h

    def layer(**more: object) -> float:
        made = memory.activation_memory(**given, **more)
        assert made["bytes"] == pytest.approx(layers * made["bytes_per_layer"])
        return float(made["bytes_per_layer"])

    assert layer() == pytest.approx(sbh * (34 + 5 * a * s / h))
    assert layer(tensor_parallel=t) == pytest.approx(sbh * (10 + 24 / t + 5 * a * s / (h * t)))
    assert layer(tensor_parallel=t, sequence_parallel=True) == pytest.approx(sbh / t * (34 + 5 * a * s / h))
    assert layer(tensor_parallel=t, recompute="selective") == pytest.approx(sbh * (10 + 24 / t))
    both = layer(tensor_parallel=t, sequence_parallel=True, recompute="selective")
    assert both == pytest.approx(34 * sbh / t)
    assert both == layer(tensor_parallel=t, sequence_parallel=True, flash_attention=True)
    assert layer(tensor_parallel=t, recompute="full") == 2 * sbh
    assert layer(tensor_parallel=1, sequence_parallel=True) == layer()


def test_cache_and_adapters() -> None:
    assert memory.kv_cache(layers=40, kv_heads=40, head_dim=128) == {"bytes_per_token": 819_200}  # OPT-13B
    assert memory.kv_cache(layers=80, kv_heads=8, head_dim=128, bytes=2) == {"bytes_per_token": 327_680}  # Llama-2-70B
    assert memory.kv_cache(layers=80, kv_heads=8, head_dim=128, bytes=1) == {"bytes_per_token": 163_840}
    gpt3 = memory.lora_parameters(matrices=2 * 96, width=12288, rank=1)["parameters"]
    assert round(gpt3 / 1e6, 1) == 4.7
    assert memory.lora_parameters(matrices=2 * 12, width=768, rank=8) == {"parameters": 294_912}  # RoBERTa-base


def test_the_bubble() -> None:
    assert round(training.bubble(stages=8, microbatches=64)["over_ideal"], 4) == 0.1094
    assert round(training.bubble(stages=8, microbatches=64, interleave=3)["over_ideal"], 4) == 0.0365
    assert training.bubble(stages=4, microbatches=4) == {"over_ideal": 0.75, "over_total": 3 / 7}
    assert training.bubble(stages=1, microbatches=4) == {"over_ideal": 0.0, "over_total": 0.0}


def test_checkpoint_intervals() -> None:
    made = training.checkpoint_interval(dump_min=5, mtbf_min=720)
    assert [round(made[k], 3) for k in ("young", "daly", "exact")] == [84.853, 81.552, 81.553]
    long = training.checkpoint_interval(dump_min=2000, mtbf_min=720)
    assert long["daly"] == 720 and 0 < long["exact"] < 720


@pytest.mark.parametrize(("dump", "mtbf"), [(5, 720), (1e-6, 720), (100, 60), (30, 180), (1, 1e6)])
def test_no_interval_is_better_than_the_exact_one(dump: float, mtbf: float) -> None:
    best = training.checkpoint_interval(dump_min=dump, mtbf_min=mtbf)["exact"]
    least = training.run_time(1e4, best, dump, mtbf, restart=10)
    for near in (0.9 * best, 0.999 * best, 1.001 * best, 1.1 * best):
        assert training.run_time(1e4, near, dump, mtbf, restart=10) >= least * (1 - 1e-12)
    assert math.isfinite(least)


def test_llama_3_fails_every_three_hours() -> None:
    """419 unexpected stops in 54 days: a run that writes for a minute does best to do so about every 18 minutes."""
    hours = 54 * 24 / 419
    assert round(hours, 2) == 3.09
    made = training.checkpoint_interval(dump_min=1, mtbf_min=60 * hours)
    assert made["exact"] == pytest.approx(math.sqrt(2 * 60 * hours), rel=0.05)


def test_the_critical_batch_from_two_sizes() -> None:
    """Mean squared norms of a gradient of length 3 whose noise has a trace of 900: 9 + 900/B."""
    assert training.critical_batch(10, 100, 9 + 90, 9 + 9) == pytest.approx(100)
    with pytest.raises(RecipeError, match="too few batches"):
        training.critical_batch(10, 100, 1.0, 2.0)
    with pytest.raises(RecipeError, match="0 < small < large"):
        training.critical_batch(100, 10, 1.0, 2.0)


def test_what_a_ring_sends() -> None:
    assert training.all_reduce_elements(1e9, 4) == 1.5e9
    assert training.all_reduce_elements(1e9, 4, stage=3) == 2.25e9
    assert training.all_reduce_elements(1e9, 1) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: training.parameters(hidden=0, layers=1, vocab=1, seq=1), r"parameters: hidden: must be at least 1"),
        (lambda: training.parameters(hidden=1.5, layers=1, vocab=1, seq=1), r"hidden: must be a whole number, got 1.5"),
        (lambda: training.training_flops(parameters=-1, tokens=1), r"training_flops: parameters: must be greater than"),
        (lambda: training.training_flops(parameters=1, tokens="all"), r"tokens: must be a number, got \"all\""),
        (lambda: training.training_flops(parameters=1), r"training_flops: tokens: is missing"),
        (lambda: training.training_flops(parameters=1, token=1), r"unknown setting 'token'.*did you mean 'tokens'"),
        (
            lambda: training.utilisation(
                hidden=8, layers=1, seq=8, vocab=8, batch=1, iteration_s=1, gpus=1, recompute="some"
            ),
            r"utilisation: recompute: must be one of \"full\", \"selective\", \"none\"",
        ),
        (lambda: training.checkpoint_interval(dump_min=0, mtbf_min=1), r"dump_min: must be greater than 0"),
        (lambda: memory.zero_memory(parameters=1e9, gpus=float("nan")), r"gpus"),
        (
            lambda: memory.kv_cache(layers=1, kv_heads=1, head_dim=1, bytes=0),
            r"kv_cache: bytes: must be greater than 0",
        ),
    ],
)
def test_inputs_that_are_wrong(call: object, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as caught:
        call()  # type: ignore[operator]
    assert caught.value.fix


def test_whole_numbers_may_be_written_as_powers_of_ten() -> None:
    assert training.bubble(stages=8.0, microbatches=1e2) == training.bubble(stages=8, microbatches=100)
