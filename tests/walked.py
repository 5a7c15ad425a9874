"""A page of docs that was carried out: its folder, and what its blocks have printed."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "tutorial"))
import payments  # noqa: E402
import walk  # noqa: E402

__all__ = ["DOCS", "Walked", "page", "payments", "real_payments", "same_blocks", "walk"]


def page(name: str, lang: str) -> str:
    return walk.PAGES[name][lang].read_text(encoding="utf-8")


def same_blocks(name: str) -> bool:
    """Whether both pages have the same blocks, but for what is printed, and none is empty."""
    english, chinese = (walk.blocks(page(name, lang)) for lang in ("en", "zh"))
    told = [[(b.kind, b.name, "" if b.kind == "text" else b.content) for b in made] for made in (english, chinese)]
    return told[0] == told[1] and all(b.content.strip() for b in english + chinese)


def real_payments(data: Path, folder: Path, tables: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """The card payments of the ULB group in the shape of payments.py, in the order of time; all of them.

    tables: name -> where in time it begins, from 0 to 1, and how many times as dear its payments are; each becomes a
    CSV file in the folder.
    """
    rows = pd.read_csv(data / "fraud_creditcard" / "creditcard_sample.csv")
    rows = rows.sort_values("Time", kind="stable", ignore_index=True)
    rows = rows.rename(columns={"Time": "time", "Amount": "amount"})
    rows = rows.assign(payment=[f"P{i:05d}" for i in rows.index], fraud=rows.pop("Class").map({0: "no", 1: "yes"}))
    starts = [int(share * len(rows)) for share, _ in tables.values()]
    for (name, (_, dearer)), start, stop in zip(tables.items(), starts, [*starts[1:], len(rows)], strict=True):
        some = rows[start:stop]
        some.assign(amount=(some["amount"] * dearer).round(2)).to_csv(folder / f"{name}.csv", index=False)
    return rows


class Walked:
    """The folder that a page was carried out in, and what its blocks have printed."""

    def __init__(self, name: str, folder: Path, lang: str, change: Callable[[walk.Block], str]) -> None:
        if not shutil.which("curl") or not shutil.which("bash"):
            pytest.skip("needs curl and bash")
        self.folder, self.page = folder, page(name, lang)
        self.said = walk.walk(self.page, folder, lang, change)
        self._made = walk.blocks(self.page)

    @classmethod
    def carried_out(cls, name: str, folder: Path) -> Self:
        """The English page as it stands, in this folder, which is made."""
        folder.mkdir()
        shutil.copy(DOCS / "tutorial" / "payments.py", folder)
        return cls(name, folder, "en", lambda block: block.content)

    def after(self, words: str) -> str:
        """What the blocks that hold these words have printed."""
        found = [said for i, said in self.said.items() if words in self._made[i].content]
        assert found, f"no block says {words!r}"
        return "".join(found)

    def record(self, out: str) -> dict[str, Any]:
        (record,) = (self.folder / out).glob("*/record.json")
        made: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return made

    def measures(self, out: str) -> dict[str, float]:
        return {m["name"]: m["value"] for m in self.record(out)["measures"]}

    def notes(self, out: str) -> str:
        return "\n".join(self.record(out)["notes"])
