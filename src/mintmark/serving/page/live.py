"""Live: how a model fares now, from what /metrics and the monitoring path tell of it."""

from collections.abc import Mapping
from typing import Any

from mintmark.base.need import need
from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.serving.counts import Counts
from mintmark.serving.model import Model
from mintmark.serving.page.pieces import badge, figure, seconds, share, table, tile, tiles
from mintmark.serving.watching import Watching

MUCH = 0.25
"""a PSI above it is much, by custom"""
MOST_COLUMNS = 60
ACTIONS = {"warn": mark("warns"), "fallback": mark("another model answers"), "stop": mark("stops the model")}


def live(model: Model, counts: Counts, watching: Watching | None, say: Language) -> str:
    """Requests and latencies; triggers and drift, where the server watches the model."""
    counted = _counted(counts, model.name)
    watched = watching is not None and model.name in watching.watched
    state = watching.state(model.name) if watching and watched else {}
    parts = [_requests(counted, state.get("requests") or {}, say), *_triggers(state, say), *drift(model, state, say)]
    if not state:
        said = say("Drift and triggers are watched where the server keeps answers: mintmark serve --state DIR.")
        parts.append(f'<p class="soft">{words.safe(said)}</p>')
    return "".join(parts)


def _counted(counts: Counts, name: str) -> dict[str, Any]:
    """Requests by status, rows, and the buckets of times, since the server started; of all its workers."""
    families = need("prometheus_client.parser").text_string_to_metric_families(counts.text().decode())
    made: dict[str, Any] = {"statuses": {}, "rows": 0.0, "buckets": {}}
    for family in families:
        for sample in family.samples if family.name.startswith("mintmark_r") else ():
            if sample.labels.get("model") != name:
                continue
            if sample.name == "mintmark_requests_total":
                status = sample.labels["status"]
                made["statuses"][status] = made["statuses"].get(status, 0.0) + sample.value
            elif sample.name == "mintmark_rows_total":
                made["rows"] += sample.value
            elif sample.name == "mintmark_request_seconds_bucket":
                made["buckets"][float(sample.labels["le"])] = sample.value
    return made


def _requests(counted: Mapping[str, Any], window: Mapping[str, Any], say: Language) -> str:
    by = {kind: sum(n for s, n in counted["statuses"].items() if s[:1] in kind) for kind in ("123", "4", "5")}
    total = sum(by.values())
    p50, p99 = window.get("p50_s"), window.get("p99_s")
    if not window:
        p50, p99 = (_quantile(counted["buckets"], q) for q in (0.5, 0.99))
    wrong = say("refused {a}, failed {b}", a=int(by["4"]), b=int(by["5"]))
    made = [
        tile(words.safe(say("Requests")), say.number(total), words.safe(wrong)),
        tile(
            words.safe(say("Rows answered")), say.number(counted["rows"]), words.safe(say("since the server started"))
        ),
        tile(words.safe(say("Median latency")), seconds(p50, say), words.safe(say("half of the answers are quicker"))),
        tile(words.safe(say("99 % latency")), seconds(p99, say), words.safe(say("one answer in a hundred is slower"))),
    ]
    title = words.safe(say("Requests a second, while this page is open"))
    return tiles(made) + f'<figure class="rate" data-total="{total:.0f}"><h3>{title}</h3></figure>'


def _quantile(buckets: Mapping[float, float], q: float) -> float | None:
    """On the line between the ends of its bucket; None of nothing."""
    ends = sorted(buckets)
    total = buckets[ends[-1]] if ends else 0.0
    if not total:
        return None
    below, before = 0.0, 0.0
    for end in ends:
        if buckets[end] >= q * total:
            inside = (q * total - before) / max(buckets[end] - before, 1e-9)
            return below + inside * (end - below) if end != float("inf") else below
        below, before = end, buckets[end]
    return None


def _triggers(state: Mapping[str, Any], say: Language) -> list[str]:
    told = state.get("triggers") or []
    if not told:
        return []
    heads = [words.safe(say(h)) for h in (mark("Trigger"), mark("Watches"), mark("Now"), mark("Fires"), mark("Then"))]
    rows = []
    for t in told:
        fired = t["state"] == "fired"
        mark_ = badge(words.safe(say("fired")), "bad") if fired else badge(words.safe(say("armed")), "good")
        way, _, limit = t["limit"].partition(" ")
        fires = say("above {limit}", limit=limit) if way == "above" else say("below {limit}", limit=limit)
        over = say.count(t["rows"], "{n} row", "{n} rows")
        since = f"<small>{say('{time} UTC', time=say.moment(t['fired_at']))}</small>" if fired else ""
        then = words.safe(say(ACTIONS.get(t["action"], t["action"])))
        name = f"<bdi>{words.short(t['name'])}</bdi> {mark_}{since}"
        now = f"{figure(t['value'], say)}<small>{over}</small>"
        rows.append([name, f"<code>{words.short(t['watch'])}</code>", now, words.safe(fires), then])
    title = words.safe(say("Triggers"))
    return [f"<h3>{title}</h3>", table(title, heads, rows, kind="told")]


def drift(model: Model, state: Mapping[str, Any], say: Language) -> list[str]:
    told = state.get("drift")
    if not told:
        return []
    title = words.safe(say("Drift"))
    if not told["rows"]:
        said = say("No rows have been counted yet; each is held against the {n} rows that it learnt from.",
                   n=told["reference_rows"])  # fmt: skip
        if model.loaded.task.stream:
            said = say.together(said, say("What is answered as a stream is not counted here."))
        return [f"<h3>{title}</h3>", f'<p class="soft">{words.safe(said)}</p>']
    lead = say(
        "The newest {n} rows against the {all} rows that it learnt from. PSI under 0.1 is little, above 0.25 much; "
        "below the level of chance there is nothing to see.",
        n=told["rows"], all=told["reference_rows"],
    )  # fmt: skip
    named = [(name, f, "") for name, f in told["questions"].items()]
    answers = {"score": say("score"), "decision": say("decision")}
    named += [(answers.get(name, name), f, say("of the answers")) for name, f in told["answers"].items()]
    named.sort(key=lambda one: -one[1].get("psi", -1.0))
    heads = [say("Column"), "PSI", say("level of chance"), "KS", say("missing"), say("missing before")]
    rows = [
        [
            f"<bdi>{words.short(name)}</bdi>{_beyond(f, say)}" + (f"<small>{words.safe(of)}</small>" if of else ""),
            figure(f.get("psi"), say), figure(f.get("psi_chance"), say), figure(f.get("ks"), say),
            share(f["missing"], say), share(f["missing_before"], say),
        ]
        for name, f, of in named[:MOST_COLUMNS]
    ]  # fmt: skip
    shown = table(title, [words.safe(h) for h in heads], rows, numbers=range(1, 6), kind="told")
    return [f"<h3>{title}</h3>", f'<p class="soft">{words.safe(lead)}</p>', shown]


def _beyond(figures: Mapping[str, Any], say: Language) -> str:
    psi, chance = figures.get("psi"), figures.get("psi_chance")
    if psi is None or chance is None or psi <= chance:
        return ""
    return " " + (badge(words.safe(say("much")), "bad") if psi > MUCH else badge(words.safe(say("more than chance"))))
