"""The pages of docs/reference, in English and, below zh-CN, in Chinese: each from what the code says."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from mintmark.base.words import Language
from mintmark.recipe import schema
from pages import assumptions, calculators, commands, errors, measures, recipe, server, tasks
from pages.form import Say

REFERENCE = Path(__file__).parents[1] / "reference"
CHINESE = REFERENCE / "zh-CN"
SCHEMA = REFERENCE / "recipe.schema.json"
HEADS = {
    "en": "<!-- Written by docs/generate.py from the code: change it there. -->",
    "zh": "<!-- 由 docs/generate.py 根据代码生成：请改代码。 -->",
}
PAGES: dict[str, Callable[[Say], str]] = {
    "cli.md": commands.page, "recipe.md": recipe.page, "tasks.md": tasks.page, "errors.md": errors.page,
    "measures.md": measures.page, "server.md": server.page, "calculators.md": calculators.page,
    "assumptions.md": assumptions.page,
}  # fmt: skip
MOVED = (("](../how-to/", "](../../how-to/"), ("](recipe.schema.json)", "](../recipe.schema.json)"))
"""links of the pages that lie a folder deeper"""


@lru_cache(maxsize=1)
def pages() -> dict[Path, str]:
    """Every page of the reference and its text."""
    made = {SCHEMA: json.dumps(schema.json_schema(), indent=1, ensure_ascii=False) + "\n"}
    for name, page in PAGES.items():
        made[REFERENCE / name] = f"{HEADS['en']}\n\n{page(Language('en'))}"
        made[CHINESE / name] = chinese(page(Language("zh")))
    return made


def chinese(page: str) -> str:
    for here, there in MOVED:
        page = page.replace(here, there)
    return f"{HEADS['zh']}\n\n{page}"
