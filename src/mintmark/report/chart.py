"""Chart: a series as one inline SVG, a fan of what is forecast beside what is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mintmark.base.words import Language
from mintmark.report import words
from mintmark.report.series import LARGEST, Forecast, Known, Series
from mintmark.report.words import Array

WIDTH, HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 26
DAY = 86_400
SPANS: tuple[tuple[str, int, float, str], ...] = (
    *(("s", n, n, "%H:%M:%S") for n in (1, 5, 15)),
    *(("m", n, n * 60, "%H:%M") for n in (1, 5, 15)),
    *(("h", n, n * 3600, "%m-%d %H:%M") for n in (1, 3, 6, 12)),
    *(("D", n, n * DAY, "%m-%d") for n in (1, 2, 7, 14)),
    *(("M", n, n * 30.4 * DAY, "%Y-%m") for n in (1, 3, 6)),
    *(("Y", n, n * 365.25 * DAY, "%Y") for n in (1, 2, 5, 10, 20, 50, 100, 1000, 10_000)),
)
"""steps between the ticks of a time axis: unit, how many, seconds, how a tick is written"""


@dataclass(frozen=True)
class Frame:
    """From times and values to places in the picture."""

    start: float
    end: float
    low: float
    high: float

    def x(self, at: Array) -> Array:
        made: Array = LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)
        return made

    def y(self, value: Array) -> Array:
        made: Array = HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)
        return made


def draw(series: Series, place: int, say: Language) -> str:
    """An SVG of a series, or "" where there is nothing to draw; `place` tells one picture of a page from another."""
    dated = np.issubdtype(series.history[0].dtype, np.datetime64)
    frame = _frame(series)
    if frame is None:
        return ""
    parts = [*_value_axis(frame, say), *_time_axis(frame, dated, say)]
    known = np.concatenate([series.history[0], series.actual[0]])
    if len(series.coming[0]) and len(known):
        edge = float((_seconds(known).max() + _seconds(series.coming[0]).min()) / 2)
        x = float(frame.x(np.array(edge)))
        parts.append(f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    clip = f"plot{place}"
    parts.append(f'<g clip-path="url(#{clip})">')
    for name, made in (("tested", series.forecast), ("coming", series.coming)):
        parts += _fan(frame, name, made)
    parts += _line(frame, "known", _joined(series.history, series.actual))
    parts.append("</g>")
    box = (
        f'<rect x="{LEFT - 3}" y="{TOP - 4}" width="{WIDTH - LEFT - RIGHT + 6}" height="{HEIGHT - TOP - BOTTOM + 4}"/>'
    )
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words.short(series.name)}">'
    return "".join([head, f'<clipPath id="{clip}">{box}</clipPath>', *parts, "</svg>"])


def lines(x: Sequence[float], y: Sequence[float], label: str, say: Language, target: float | None = None) -> str:
    """An SVG of one line over plain numbers, from zero on where it has no values below; `target` is a dotted line."""
    at, values = np.asarray(x, float), np.asarray(y, float)
    known = np.append(values, target if target is not None else values[:0])
    low, high = min(0.0, float(known.min())), float(known.max())
    high = high + 0.05 * (high - low) if high > low else low + 1.0
    start, end = float(at.min()), float(at.max())
    frame = Frame(start, end if end > start else start + 1, low, high)
    parts = [*_value_axis(frame, say), *_time_axis(frame, False, say)]
    if target is not None:
        height = float(frame.y(np.array(target)))
        parts.append(f'<line class="now" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
    parts += _line(frame, "coming", (at, values))
    label = words.safe(label)
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def nice(low: float, high: float, most: int = 5) -> Array:
    """At most so many round numbers (1, 2 or 5 times a power of ten apart) from `low` to `high`."""
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** np.floor(np.log10(raw))
    for times in (1, 2, 5, 10, 20):
        step = times * power
        first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
        if last - first < most:
            break
    ticks: Array = np.arange(first, last + 1) * step
    return ticks + 0.0  # no minus zero


def dates(start: float, end: float) -> list[tuple[float, str]]:
    """Round dates between two moments, as many as have room, and how each is written.   Units: seconds since 1970."""
    spans = [s for s in SPANS if (end - start) / s[2] < _room(s[3]) + 1] or [SPANS[-1]]
    made = ((_ticks(start, end, s), _room(s[3])) for s in spans)
    ticks: list[tuple[float, str]] = next((t for t, room in made if len(t) <= room), [])
    return ticks or _ticks(start, end, SPANS[-1])[:: 1 + int((end - start) / SPANS[-1][2] / 5)]


def _ticks(start: float, end: float, span: tuple[str, int, float, str]) -> list[tuple[float, str]]:
    unit, n, _, form = span
    code = f"datetime64[{unit}]"
    first, last = (np.datetime64(int(v), "s").astype(code).astype(np.int64) for v in (np.floor(start), np.ceil(end)))
    at = np.arange(first // n * n, last + n, n).astype(code).astype("datetime64[s]")
    seconds = at.astype(np.int64).astype(float)
    inside = (seconds >= start) & (seconds <= end)
    return [(float(s), words.date(t, form)) for s, t in zip(seconds[inside], at[inside], strict=True)]


def _room(form: str) -> int:
    """So many ticks written in this form stand side by side."""
    return int((WIDTH - LEFT - RIGHT) / (16 + 7 * len(form.replace("%Y", "0000"))))


def _frame(series: Series) -> Frame | None:
    """The window: all times; all values, and of intervals no more than the height of the values on either side."""
    parts = (series.history, series.actual, series.forecast, series.coming)
    at = np.concatenate([_seconds(p[0]) for p in parts])
    values = np.concatenate([_bounded(p[1]) for p in parts])
    values = values[np.isfinite(values)]
    if not len(values) or not len(at):
        return None
    low, high = float(values.min()), float(values.max())
    room = high - low or max(abs(high) * 0.1, 1.0)
    edges = np.concatenate([_bounded(e) for p in (series.forecast, series.coming) for e in p[2:]])
    edges = edges[np.isfinite(edges)]
    if len(edges):
        low, high = max(min(low, float(edges.min())), low - room), min(max(high, float(edges.max())), high + room)
    if low == high:
        low, high = low - room, high + room
    pad = 0.04 * (high - low)
    low = 0.0 if low >= 0 and low - pad < 0 else low - pad
    start, end = float(at.min()), float(at.max())
    return Frame(start, end if end > start else start + 1, low, high + pad)


def _seconds(times: Array) -> Array:
    if np.issubdtype(times.dtype, np.datetime64):
        made: Array = times.astype("datetime64[us]").astype(np.int64) / 1e6
        return made
    return times.astype(float)


def _bounded(values: Array) -> Array:
    """Floats that can be reckoned with; what is infinite is not known."""
    made: Array = np.where(np.isfinite(values), np.clip(values.astype(float), -LARGEST, LARGEST), np.nan)
    return made


def _joined(history: Known, actual: Known) -> Known:
    if not len(history[0]):
        return actual
    return np.concatenate([history[0], actual[0].astype(history[0].dtype)]), np.concatenate([history[1], actual[1]])


def _value_axis(frame: Frame, say: Language) -> Iterable[str]:
    for tick in nice(frame.low, frame.high):
        y = float(frame.y(np.array(tick)))
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{say.compact(float(tick))}</text>'


def _time_axis(frame: Frame, dated: bool, say: Language) -> Iterable[str]:
    ticks = dates(frame.start, frame.end) if dated else [(t, say.compact(t)) for t in nice(frame.start, frame.end)]
    for at, label in ticks:
        x = float(frame.x(np.array(at)))
        yield f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 4}"/>'
        inside = min(max(x, LEFT + 4), WIDTH - RIGHT - 3.2 * len(label))
        yield f'<text x="{inside:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>'
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}"/>'


def _fan(frame: Frame, name: str, made: Forecast) -> Iterable[str]:
    """The interval as an area wherever both its ends are known, the value as a line."""
    at, value, low, high = made
    for run in _runs(np.isfinite(low) & np.isfinite(high)):
        if len(run) == 1:
            run = np.repeat(run, 2)
        x, under, over = frame.x(_seconds(at[run])), frame.y(_bounded(low[run])), frame.y(_bounded(high[run]))
        if run[0] == run[-1]:  # one step alone has a width of its own
            x = x + np.array([-2.0, 2.0])
        area = [*zip(x, over, strict=True), *zip(x[::-1], under[::-1], strict=True)]
        yield f'<polygon class="{name}" points="{_points(area)}"/>'
    yield from _line(frame, name, (at, value))


def _line(frame: Frame, name: str, known: Known) -> Iterable[str]:
    """Through all neighbours that are known; one that has none is a dot."""
    at, values = _seconds(known[0]), _bounded(known[1])
    for run in _runs(np.isfinite(values)):
        x, y = frame.x(at[run]), frame.y(values[run])
        if len(run) == 1:
            yield f'<circle class="{name}" cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="2.5"/>'
        else:
            yield f'<polyline class="{name}" points="{_points(zip(x, y, strict=True))}"/>'


def _runs(known: Array) -> list[Array]:
    """Places of what is known, cut where something is not."""
    at = np.flatnonzero(known)
    return [run for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(run)]


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    """Within some widths of the picture, so that no renderer meets a number beyond its own."""
    return " ".join(f"{x:.1f},{min(max(y, -4 * HEIGHT), 5 * HEIGHT):.1f}" for x, y in pairs)
