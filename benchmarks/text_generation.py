"""Tiny Shakespeare from nothing on two cores: nats a character on the last tenth of the text.

    python benchmarks/text_generation.py [--data input.txt] [--set settings.steps=...]
                                            writes benchmarks/results/text_generation.json

The recipe is recipes/q28_generation.toml. The last 10 % of the characters are the test, the 2 % before them the
validation, and all that comes before is learnt from. The wall clock runs over the whole of `mintmark.run`: reading,
training, evaluation, packaging and the calls that measure what an answer takes.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import ROOT, about, write

DATA = ROOT.parent / "shared" / "data" / "text_tinyshakespeare" / "input.txt"
WALL_S, MUST, AIM = 1200.0, 1.65, 1.60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--set", dest="sets", action="append", default=[])
    given = parser.parse_args()
    text = given.data.read_text(encoding="utf-8")
    cuts = {"train": (0.0, 0.88), "valid": (0.88, 0.9), "test": (0.9, 1.0)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (start, stop) in cuts.items():
            part = text[int(start * len(text)) : int(stop * len(text))]
            (Path(folder) / f"{name}.txt").write_text(part, encoding="utf-8")
        result = measure(Path(folder), given.sets)
    write("text_generation", result | about("torch") | {"characters": len(text), "sets": given.sets})


def measure(folder: Path, sets: list[str]) -> dict[str, Any]:
    import mintmark as mm

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        print(f"\r{time.perf_counter() - start:6.0f} s  {step}/{of}  {name} {value:.4f} {unit}   ", end="", flush=True)
        return False

    start = time.perf_counter()
    files = [f"{key}={folder / name}.txt" for key, name in (("valid", "valid"), ("test", "test"))]
    run = mm.run(
        ROOT / "recipes" / "q28_generation.toml", data=folder / "train.txt", out=folder / "runs",
        sets=[*files, *sets], hear=hear,
    )  # fmt: skip
    wall = time.perf_counter() - start
    wanted = ("nats_per_character", "bits_per_byte", "perplexity", "distinct_2")
    measures = {f"{stage}.{n}": run.measures.get(f"{stage}.{n}") for stage in ("valid", "evaluate") for n in wanted}
    reached = run.measures["evaluate.nats_per_character"]
    print(f"\n{reached:.4f} nats a character in {wall:.0f} s; notes: {run.record.notes}")
    return {
        "nats_per_character": reached, "wall_s": wall, "train_s": run.measures["train.wall"], "measures": measures,
        "must": MUST, "aim": AIM, "wall_must_s": WALL_S, "must_met": reached <= MUST and wall <= WALL_S,
        "aim_met": reached <= AIM and wall <= WALL_S, "recipe": run.record.recipe["settings"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
