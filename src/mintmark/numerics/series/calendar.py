"""Calendar: how often a series is observed, the steps of its regular grid, its seasons, and what days are special.

Times are numbers: microseconds since 1970 where the column holds dates, else the numbers of the column itself.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import RecipeError, unknown
from mintmark.base.need import need

Array = npt.NDArray[Any]
SECOND, DAY = 1_000_000, 86_400_000_000
NAMES: dict[str, tuple[str, float]] = {
    "year": ("month", 12), "quarter": ("month", 3), "month": ("month", 1), "week": ("day", 7), "day": ("day", 1),
    "business day": ("business day", 1), "hour": ("second", 3600), "min": ("second", 60), "minute": ("second", 60),
    "second": ("second", 1), "step": ("step", 1), "s": ("second", 1), "h": ("second", 3600), "d": ("day", 1),
}  # fmt: skip
LOOKED_AT = 200_000
"""gaps between rows that are enough to see how often a series is observed"""
GUESSED = (4, 5, 7, 10, 12, 24, 48, 52, 96, 168, 365)
"""seasons tried where steps are mere numbers"""


@dataclass(frozen=True)
class Frequency:
    """One step of the grid. `phase` is where in a step rows usually lie, in the unit of the times."""

    unit: Literal["month", "day", "business day", "second", "step"]
    every: float = 1
    phase: float = 0.0

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def words(self) -> str:
        """As a person would say it, and as the setting is written."""
        unit, many = self.unit, self.every
        for name, (of, every) in NAMES.items():
            if of == unit and len(name) > 1 and many % every == 0:
                return name if many == every else f"{many / every:g} {name}"
        return f"{many:g} {unit}"


def parse(text: str) -> Frequency:
    """The frequency that a setting names: "month", "15 min".   Raises: RecipeError: no such word."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)?\s*([A-Za-z ]+?)\s*", text)
    word = found[2].lower() if found else text
    if found and word not in NAMES and word.endswith("s"):
        word = word[:-1]
    if not found or word not in NAMES or float(found[1] or 1) <= 0:
        raise unknown("frequency", text, [*NAMES, "auto"], where="settings.frequency")
    unit, every = NAMES[word]
    return Frequency(unit, every * float(found[1] or 1))  # type: ignore[arg-type]


def find(times: Array, series: Array, clock: bool) -> tuple[Frequency, float]:
    """How often most rows follow one another, and the share of rows that do.

    Shapes: times, series (n,), ordered by series and time.
    """
    gaps = np.diff(times)[(np.diff(series) == 0) & (np.diff(times) > 0)][:LOOKED_AT]
    if not len(gaps):
        return (Frequency("day", phase=_phase(times, DAY)) if clock else Frequency("step")), 1.0
    sizes, counts = np.unique(gaps, return_counts=True)
    usual = float(sizes[counts.argmax()])
    share = float(counts.max() / len(gaps))
    if not clock:
        return Frequency("step", usual, _phase(times, usual)), share
    middle = float(np.median(gaps)) / DAY
    if middle > 27 and not (len(sizes) == 1 and usual % (7 * DAY) == 0):
        months = _months(times)
        steps = np.diff(months)[(np.diff(series) == 0) & (np.diff(months) > 0)]
        sizes, counts = np.unique(steps, return_counts=True)
        every = int(sizes[counts.argmax()])
        return Frequency("month", every, _phase(months, every)), float(counts.max() / max(len(gaps), 1))
    if usual % DAY == 0:
        every = int(usual // DAY)
        weekday = (times // DAY + 3) % 7  # 0 is Monday
        if every == 1 and not (weekday >= 5).any() and len(np.unique(weekday)) == 5:
            return Frequency("business day"), float((gaps <= 3 * DAY).mean())
        return Frequency("day", every, _phase(times // DAY, every)), share
    return Frequency("second", usual / SECOND, _phase(times, usual)), share


def fixed(frequency: Frequency, times: Array) -> Frequency:
    """A frequency that was named, with the phase that these times have."""
    scale = {"second": SECOND, "step": 1.0}.get(frequency.unit, 1.0)
    at = _months(times) if frequency.unit == "month" else times // DAY if frequency.unit == "day" else times
    phase = 0.0 if frequency.unit == "business day" or not len(at) else _phase(at, frequency.every * scale)
    return Frequency(frequency.unit, frequency.every, phase)


def steps(times: Array, frequency: Frequency) -> npt.NDArray[np.int64]:
    """The number of the grid's step that each time falls into.   Shapes: (n,).

    Months count as months, however long. Business days leave out weekends; a holiday is a step like a gap, so that the
    days of the week stay a season.
    """
    unit, every, phase = frequency.unit, frequency.every, frequency.phase
    if unit == "month":
        at = np.floor((_months(times) - phase) / every)
    elif unit == "day":
        at = np.floor((times // DAY - phase) / every)
    elif unit == "business day":
        days = (times // DAY).astype("datetime64[D]")
        at = np.busday_count(np.datetime64("1970-01-01"), days)
    else:
        at = np.floor((times - phase) / (every * (SECOND if unit == "second" else 1.0)) + 0.5)
    made: npt.NDArray[np.int64] = at.astype(np.int64)
    return made


def following(last: Array, n: int, frequency: Frequency, country: str = "") -> Array:
    """The next n times after each of these; business days are no holidays.   Shapes: (k,) -> (k, n)."""
    unit, every = frequency.unit, frequency.every
    ahead = np.arange(1, n + 1)
    if unit == "month":
        days = (last // DAY).astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        of_month = (days - months.astype("datetime64[D]")).astype(int)
        is_end = (days + 1).astype("datetime64[M]") > months
        later = months[:, None] + (ahead * int(every)).astype("timedelta64[M]")
        lengths = ((later + 1).astype("datetime64[D]") - later.astype("datetime64[D]")).astype(int)
        day = np.where(is_end[:, None], lengths - 1, np.minimum(of_month[:, None], lengths - 1))
        made: Array = (later.astype("datetime64[D]").astype(np.int64) + day) * DAY + (last % DAY)[:, None]
        return made
    if unit == "business day":
        days = (last // DAY).astype("datetime64[D]")
        off = _off(np.concatenate([last, last + (2 * n + 40) * DAY]), country)
        later = np.busday_offset(days[:, None], ahead[None], roll="backward", holidays=off)
        made = later.astype(np.int64) * DAY + (last % DAY)[:, None]
        return made
    width = every * {"day": DAY, "second": SECOND}.get(unit, 1)
    made = last[:, None] + ahead[None] * width
    return made.astype(last.dtype) if float(width).is_integer() else made


def seasons(frequency: Frequency) -> list[int]:
    """Steps after which such series usually come round again, shortest first."""
    unit, every = frequency.unit, frequency.every
    if unit == "month":
        return [int(12 // every)] if every < 12 and 12 % every == 0 else []
    if unit == "business day":
        return [5]
    if unit == "day":
        return {1: [7], 7: [52]}.get(int(every), [])
    if unit == "second":
        return [int(p // every) for p in (3600, DAY // SECOND, 7 * DAY // SECOND) if p % every == 0 and p >= 4 * every]
    return list(GUESSED)


def found_seasons(series: Sequence[Array], frequency: Frequency) -> list[int]:
    """Seasons that these series show, at most two: those of the frequency that the autocorrelation does not deny.

    A season counts where the median autocorrelation at it, of changes from step to step, is above 0.1 and higher than
    half-way to it. The only one that dates offer is kept even if it is weak: the models test for it, series by series.
    """
    offered, kept = seasons(frequency), []
    strength = {m: _seen(series, m, smooth=frequency.unit != "step") for m in offered}
    if frequency.unit == "step":
        best = max(offered, key=lambda m: strength[m])
        if strength[best] < 0.25:
            return [1]
        near = [m for m in offered if strength[m] > 0.8 * strength[best] and best % m == 0]
        first = min(near)
        longer = [m for m in offered if m > first and m % first == 0 and strength[m] > strength[first] + 0.02]
        return [first, *sorted(longer, key=lambda m: -strength[m])[:1]]
    kept = [m for i, m in enumerate(offered) if strength[m] > 0.1 or (i == 0 and len(offered) == 1)]
    return (kept[-2:] if len(kept) > 2 else kept) or [1]


def features(times: Array, frequency: Frequency, country: str) -> Array:
    """What the calendar says of each time: place in the year, day of the week, place in the day, holidays.

    Shapes: (n, 14), zeros where it does not matter; nothing of it where steps are mere numbers (n, 0).
    """
    if frequency.unit == "step":
        return np.zeros((len(times), 0))
    days = times // DAY
    of_year = (days - days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(int)) / 365.25
    columns = [np.sin(2 * np.pi * of_year), np.cos(2 * np.pi * of_year)]
    daily = frequency.unit in ("business day", "second") or (frequency.unit == "day" and frequency.every == 1)
    weekday = (days + 3) % 7
    columns += [(weekday == k) * float(daily) for k in range(1, 7)]
    of_day = (times % DAY) / DAY * 2 * np.pi
    within = float(frequency.unit == "second")
    columns += [within * np.sin(of_day), within * np.cos(of_day), within * np.sin(2 * of_day)]
    off = _off(times, country).astype(np.int64)
    near = [np.isin(days + k, off) * float(daily) for k in (0, 1, -1)]
    if frequency.unit == "month" or (frequency.unit == "day" and not daily):  # holidays within the step
        length = int(frequency.every * (30 if frequency.unit == "month" else 1))
        near[0] = (np.searchsorted(off, days + length) - np.searchsorted(off, days)) / length
    return np.column_stack([*columns, *near]).astype(float)


def check_country(country: str) -> None:
    """Raises: RecipeError: no holidays are known for it."""
    if country:
        _holidays(country, 2024, 2024)


def _off(times: Array, country: str) -> Array:
    """The holidays of the years around these times, as days in order."""
    if not country or not len(times):
        return np.zeros(0, "datetime64[D]")
    first, last = (int(t // DAY) for t in (times.min(), times.max()))
    years = np.array([first - 370, last + 370], "datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    return _holidays(country, min(1970, int(years[0])), int(years[1]))


@lru_cache(maxsize=64)
def _holidays(country: str, first: int, last: int) -> Array:
    known = need("holidays", extra="series")
    supported = known.list_supported_countries()
    if country not in supported:
        raise unknown("country", country, supported, where="settings.holidays")
    days = sorted(known.country_holidays(country, years=range(first, last + 1)))
    return np.array(days, "datetime64[D]")


def _months(times: Array) -> npt.NDArray[np.int64]:
    return (times // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _phase(at: Array, width: float) -> float:
    """Where in steps of this width most of the values lie."""
    places, counts = np.unique(np.asarray(at) % width, return_counts=True)
    return float(places[counts.argmax()]) if len(places) else 0.0


def _seen(series: Sequence[Array], season: int, *, smooth: bool) -> float:
    """Median autocorrelation of changes at a season, less what lies half-way; -1 where no series is long enough.

    smooth: or that of what lies above the moving mean of a season, if it is higher. A day in quarters of an hour goes
    up and down so slowly that single changes are mostly noise.
    """
    found = []
    for y in series:
        if len(y) < 3 * season:
            continue
        change = np.diff(y)
        change = change - change.mean()
        if (change**2).sum() > 0:
            found.append(_above_half(change, season))
            if smooth:
                around = np.convolve(y, np.full(season, 1 / season), "valid")
                level = y[season // 2 : season // 2 + len(around)] - around
                found[-1] = max(found[-1], _above_half(level - level.mean(), season))
    return float(np.median(found)) if found else -1.0


def _above_half(x: Array, season: int) -> float:
    """Autocorrelation at a season, less what lies half-way, of values with the mean 0."""
    total = float((x**2).sum())
    if total <= 0:
        return 0.0
    own, half = (float((x[k:] * x[:-k]).sum()) / total for k in (season, max(1, season // 2)))
    return own - max(half, 0.0) if season > 2 else own


def wrong_kind(clock: bool, frequency: Frequency) -> None:
    """Raises: RecipeError: steps of time are asked of a column of numbers, or the other way round."""
    if clock == (frequency.unit == "step"):
        holds = "dates" if clock else "plain numbers"
        what = f"{frequency.words()!r} does not fit the time column, which holds {holds}."
        raise RecipeError(what, where="settings.frequency", fix="auto, " + ("month, day, ..." if clock else "step."))
