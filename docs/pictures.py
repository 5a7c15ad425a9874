"""Pictures of real reports: the shipped recipes are run with small budgets, and their pages opened in a real browser.

python docs/pictures.py OUT --data ../shared/data      every report, in both languages, wide and narrow
python docs/pictures.py OUT --data ../shared/data --docs     and the few that the docs show, into docs/pictures
python docs/pictures.py OUT --only q22_risk_control    some recipes

Without --data those recipes are run whose data come with scikit-learn. Needs Chromium, Playwright and Pillow. What was
run before lies in OUT/runs and is not run again.
"""

import argparse
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintmark import api, reporting
from mintmark.base.need import need

ROOT = Path(__file__).parents[1]
RECIPES, SHOWN = ROOT / "recipes", ROOT / "docs" / "pictures"
WIDTHS = {"wide": 1280, "narrow": 390}
LANGS = ("en", "zh")
SLICE = 2200
"""pixels of one picture of a long page, so that it can still be read"""
MOST_BYTES, MOST_TOGETHER = 200_000, 1_000_000


@dataclass(frozen=True)
class Small:
    """How a recipe is run here."""

    data: Callable[[Path, Path], Path] | None = None
    """(folder of the data sets, folder to write in) -> its data; None: they are built in"""
    budget: str | None = None
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shot:
    """A picture of the docs: part of a page."""

    name: str
    recipe: str
    lang: str
    width: str
    first: str
    """selector of what it begins with"""
    last: str
    """selector of what it ends with"""


def sales(data: Path, out: Path) -> Path:
    """Pieces a week, mean price, and whether it was low, of the 12 products of a shop that are sold in most weeks."""
    pd = need("pandas")
    lines = pd.read_csv(data / "segmentation_online_retail" / "online_retail_sample.csv", parse_dates=["InvoiceDate"])
    lines = lines[(lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    week = lines["InvoiceDate"].dt.to_period("W").dt.start_time
    sold = lines.assign(date=week, id=lines["StockCode"].astype(str)).groupby(["id", "date"])
    made = sold.agg(sales=("Quantity", "sum"), price=("UnitPrice", "mean")).reset_index()
    made = made[made["id"].isin(made["id"].value_counts().index[:12])]
    made = made.assign(promotion=made["price"] < 0.9 * made.groupby("id")["price"].transform("median"))
    path = out / "sales.csv"
    made.to_csv(path, index=False)
    return path


def file(*parts: str) -> Callable[[Path, Path], Path]:
    return lambda data, out: data.joinpath(*parts)


SMALL = {
    "q06_analytics": Small(file("churn_telco", "Telco-Customer-Churn.csv"), "6 trials"),
    "q06_regression": Small(None, "5 trials"),
    "q08_diagnosis": Small(),
    "q11_forecast": Small(sales, None, ("settings.origins=1", 'settings.candidates=["naive2", "theta", "linear"]')),
    "q12_imbalance": Small(file("fraud_creditcard", "creditcard_sample.csv"), None, ("settings.n_estimators=60",)),
    "q22_risk_control": Small(file("credit_german", "german.csv"), None, ('with=["explain"]',)),
    "q23_fraud_detection": Small(file("fraud_creditcard", "creditcard_sample.csv"), "6 trials"),
}
SHOTS = (
    Shot("fraud-top", "q23_fraud_detection", "en", "wide", "header", ".tiles"),
    Shot("fraud-top.zh", "q23_fraud_detection", "zh", "wide", "header", ".tiles"),
    Shot("fraud-money", "q23_fraud_detection", "en", "wide", "#decisions", "#decisions"),
    Shot("credit-slices", "q22_risk_control", "en", "wide", "#slices", "#slices"),
    Shot("imbalance-phone.zh", "q12_imbalance", "zh", "narrow", "header", ".tiles"),
    Shot("sales-forecast", "q11_forecast", "en", "wide", "header", ".tiles"),
)


def run(name: str, out: Path, data: Path | None) -> Path | None:
    """The folder of a recipe's run; None where its data are not there."""
    small, place = SMALL[name], out / "runs" / name
    if found := sorted(place.glob("*/record.json")):
        return found[-1].parent
    if small.data and data is None:
        return None
    place.mkdir(parents=True, exist_ok=True)
    told = str(small.data(data, place).resolve()) if small.data and data else None
    recipe = RECIPES / f"{name}.toml"
    made = api.run(recipe, data=told, sets=small.sets, budget=small.budget, out=place)
    return made.folder


@contextmanager
def browser() -> Iterator[Any]:
    """A real Chromium, the system's own."""
    path = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), "")
    if not path:
        raise SystemExit("Chromium is not installed. Try: apt-get install chromium")
    with need("playwright.sync_api").sync_playwright() as p:
        made = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield made
        finally:
            made.close()


@contextmanager
def opened(chromium: Any, page: Path, width: int) -> Iterator[Any]:
    """The page once it is drawn.   Raises: SystemExit: the browser complains, or something is wider than the page."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, device_scale_factor=1, color_scheme="light"
    )
    tab, told = context.new_page(), []
    tab.on("console", lambda message: told.append(message.text))
    tab.on("pageerror", lambda error: told.append(str(error)))
    try:
        tab.goto(page.resolve().as_uri())
        tab.wait_for_function(
            "() => [...document.querySelectorAll('[data-figure]')].every(p => p.querySelector('.main-svg'))"
        )
        tab.wait_for_timeout(300)
        wide = tab.evaluate("() => document.documentElement.scrollWidth")
        if told or wide > width:
            raise SystemExit(f"{page.name} at {width} px: {told or f'{wide} px wide'}")
        yield tab
    finally:
        context.close()


def whole(chromium: Any, name: str, folder: Path, out: Path) -> None:
    """All of a report as pictures, one below the other."""
    for lang in LANGS:
        slices(chromium, reporting.again(folder, out / f"{name}.{lang}.html", lang), out)


def slices(chromium: Any, page: Path, out: Path) -> None:
    """All of a page, wide and narrow, as pictures, one below the other."""
    for size, width in WIDTHS.items():
        with opened(chromium, page, width) as tab:
            height = tab.evaluate("() => document.documentElement.scrollHeight")
            for i, top in enumerate(range(0, height, SLICE), 1):
                clip = {"x": 0, "y": top, "width": width, "height": min(SLICE, height - top)}
                tab.screenshot(path=out / f"{page.stem}.{size}.{i}.png", full_page=True, clip=clip)


def show(chromium: Any, folders: dict[str, Path], out: Path) -> None:
    """The pictures of the docs."""
    SHOWN.mkdir(exist_ok=True)
    for shot in SHOTS:
        page = reporting.again(folders[shot.recipe], out / f"{shot.recipe}.{shot.lang}.html", shot.lang)
        path = SHOWN / f"{shot.name}.png"
        with opened(chromium, page, WIDTHS[shot.width]) as tab:
            boxes = [tab.locator(s).first.bounding_box() for s in (shot.first, shot.last)]
            right = min(WIDTHS[shot.width], max(b["x"] + b["width"] for b in boxes) + 16)
            top, bottom = max(0, boxes[0]["y"] - 12), boxes[1]["y"] + boxes[1]["height"] + 8
            clip = {"x": 0, "y": top, "width": right, "height": bottom - top}
            tab.screenshot(path=path, full_page=True, clip=clip)
        shrink(path)
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e3:.0f} kB")
    sizes = {p.name: p.stat().st_size for p in SHOWN.glob("*.png")}
    if max(sizes.values()) > MOST_BYTES or sum(sizes.values()) > MOST_TOGETHER:
        raise SystemExit(f"too large for the docs: {sizes}")


def shrink(path: Path) -> None:
    """As few colours as do, losslessly packed."""
    image = need("PIL.Image")
    with image.open(path) as picture:
        few = picture.convert("RGB").quantize(96, dither=image.Dither.NONE)
    few.save(path, optimize=True)


def main() -> None:
    said = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    said.add_argument("out", type=Path)
    said.add_argument("--data", type=Path, help="the folder of the data sets")
    said.add_argument("--only", nargs="*", choices=SMALL, help="these recipes")
    said.add_argument("--docs", action="store_true", help="write docs/pictures, too")
    asked = said.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    found = {name: run(name, asked.out, asked.data) for name in asked.only or SMALL}
    folders = {name: folder for name, folder in found.items() if folder}
    for name in found.keys() - folders.keys():
        print(f"{name}: its data are not there. Try: --data FOLDER")
    with browser() as chromium:
        for name, folder in folders.items():
            whole(chromium, name, folder, asked.out)
            print(f"{name}: {len(list(asked.out.glob(f'{name}.*.png')))} pictures")
        if asked.docs:
            show(chromium, folders, asked.out)


if __name__ == "__main__":
    main()
