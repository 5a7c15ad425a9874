"""How long a report takes to write, and how large it is: of a run of each recipe, in both languages.

python benchmarks/report.py --data ../shared/data    every recipe; without --data those whose data are built in

Runs are small ones, as docs/pictures.py makes them: a page does not grow with the time that was spent on a model. What
is timed is the work of `mintmark report`: record and figures are read, the page is written. Of five times the best is
told, and the first, which a user waits for.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import ROOT, about, write

sys.path.insert(0, str(ROOT / "docs"))
import pictures  # noqa: E402

from mintmark import reporting  # noqa: E402

REPEATS = 5
MOST_S, MOST_MB = 3.0, 6.0
TEXT = ("settings.steps=20", "settings.layers=1", "settings.width=32", "settings.context=64", "settings.batch=8")
SMALL = pictures.SMALL | {
    "q28_generation": pictures.Small(pictures.file("text_tinyshakespeare", "input.txt"), None, TEXT),
}


def timed(folder: Path, out: Path) -> dict[str, Any]:
    """Seconds and bytes of a run's page."""
    found: dict[str, Any] = {}
    for lang in pictures.LANGS:
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            page = reporting.again(folder, out / f"{folder.name}.{lang}.html", lang)
            seconds.append(time.perf_counter() - start)
        found[lang] = {"first_s": seconds[0], "best_s": min(seconds), "bytes": page.stat().st_size}
    return found


def main() -> None:
    said = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    said.add_argument("--data", type=Path, help="the folder of the data sets")
    said.add_argument("--only", nargs="*", choices=SMALL, help="these recipes; writes no result")
    asked = said.parse_args()
    pictures.SMALL.update(SMALL)
    found, missing = {}, []
    with tempfile.TemporaryDirectory() as place:
        for name in asked.only or SMALL:
            folder = pictures.run(name, Path(place), asked.data)
            if folder is None:
                missing.append(name)
                continue
            found[name] = timed(folder, Path(place))
            print(name, found[name])
    pages = [one for each in found.values() for one in each.values()]
    worst_s, worst_mb = max(p["first_s"] for p in pages), max(p["bytes"] for p in pages) / 1e6
    result = {
        **about("plotly"), "repeats": REPEATS, "recipes": found, "not_run": missing,
        "worst": {"first_s": worst_s, "megabytes": worst_mb}, "aim": {"seconds": MOST_S, "megabytes": MOST_MB},
        "met": worst_s < MOST_S and worst_mb < MOST_MB,
    }  # fmt: skip
    if asked.only:
        print(result)
    else:
        write("report", result)


if __name__ == "__main__":
    main()
