"""Pictures of the pages that the story writes, and those of them that it shows.

python docs/story_pictures.py OUT      the story is carried out in OUT/shop; pages whole in OUT, parts in docs/pictures

Needs Chromium, Playwright and Pillow.
"""

import sys
from pathlib import Path

from pictures import SHOWN, WIDTHS, browser, opened, shrink, slices

sys.path.insert(0, str(Path(__file__).parent / "tutorial"))
import walk  # noqa: E402

PAGES = ("plan", "value", "price", "risk", "allocation")
SHOTS = {
    "story-plan": ("plan", "#waterfall"),
    "story-risk": ("risk", "#heat"),
    "story-allocation": ("allocation", "#curves"),
}
"""picture -> page, and the part of it"""


def main(out: Path) -> None:
    shop = out / "shop"
    if not (shop / "allocation.html").exists():
        shop.mkdir(parents=True)
        (shop / "payments.py").write_bytes((walk.HERE / "payments.py").read_bytes())
        walk.walk(walk.PAGES["story"]["en"].read_text(encoding="utf-8"), shop)
    with browser() as chromium:
        for name in PAGES:
            slices(chromium, shop / f"{name}.html", out)
        for name, (page, part) in SHOTS.items():
            path = SHOWN / f"{name}.png"
            with opened(chromium, shop / f"{page}.html", WIDTHS["wide"]) as tab:
                tab.locator(part).first.screenshot(path=path)
            shrink(path)
            print(f"docs/pictures/{path.name}  {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
