"""What the pages must run to know: every task on its own data, and a server of what came out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from mintmark import api, capabilities, serving, spine, tasks
from mintmark.base.record import Measured
from mintmark.serving import key_file
from mintmark.serving.access import Keys
from mintmark.serving.plain import Plain
from pages.form import home
from pages.tasks import fitting

SERVED = ("tabular_classification", "text_generation")
"""together they have every path"""


@dataclass(frozen=True)
class Metric:
    name: str
    kind: str
    labels: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Made:
    measures: list[Measured]
    document: dict[str, Any]
    """OpenAPI of a server, as a key of scope admin sees it"""
    metrics: list[Metric]


@lru_cache(maxsize=1)
def made() -> Made:
    """With every capability that fits and measures something, but for what a machine has not."""
    measures, bundles = [], {}
    with home() as place, mock.patch.object(api, "CALL_S", 0.02):
        for name in tasks.names():
            looks = [c for c in fitting(tasks.get(name)) if capabilities.get(c).look]
            recipe = {"task": name, "with": looks, **tasks.get(name).starter}
            run = api.run(recipe, out=place / "runs")
            measures += run.record.measures
            bundles[name] = run.bundle
        document, metrics = served({name: bundles[name] for name in SERVED}, place)
    return Made([m for m in measures if not m.name.endswith(".energy")], document, metrics)


def served(bundles: Mapping[str, Path], place: Path) -> tuple[dict[str, Any], list[Metric]]:
    """What a server of these bundles says of its paths, and what it counts."""
    key, text = key_file.new(place / "api-keys.json", "docs", ["admin", "read"], [], None, "")
    loaded = {name: spine.load(path) for name, path in bundles.items()}
    app = serving.make_app(loaded, keys=Keys(place / "api-keys.json"))
    try:
        return asyncio.run(_document(app, text)), _metrics(app)
    finally:
        app.state.close()


async def _document(app: Any, key: str) -> dict[str, Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://docs") as client:
        got = await client.get("/openapi.json", headers={"x-api-key": key})
    document: dict[str, Any] = got.raise_for_status().json()
    return document


def _metrics(app: Any) -> list[Metric]:
    plain = next(r.endpoint for r in app.router.routes if isinstance(getattr(r, "endpoint", None), Plain))
    own = [m for m in plain.counts.registry._collector_to_names if hasattr(m, "_labelnames")]
    shown = [f for collector in plain.counts._shown._collector_to_names for f in collector.collect()]
    found = []
    for m in [*own, *shown]:
        name, says, kind = (getattr(m, a, None) or getattr(m, f"_{a}") for a in ("name", "documentation", "type"))
        total = "_total" if kind == "counter" and not name.endswith("_total") else ""
        found.append(Metric(name + total, kind, tuple(m._labelnames), says))
    return sorted(found, key=lambda m: m.name)
