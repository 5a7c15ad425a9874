"""Frequencies, steps of the grid, what comes next, seasons and holidays, against the calendar on the wall."""

import numpy as np
import pytest

from mintmark.base.errors import RecipeError
from mintmark.numerics.series import calendar
from mintmark.numerics.series.calendar import Frequency


def micro(*days: str) -> np.ndarray:
    return np.array(days, "datetime64[us]").astype(np.int64)


def every(start: str, stop: str, unit: str) -> np.ndarray:
    return np.arange(start, stop, dtype=f"datetime64[{unit}]").astype("datetime64[us]").astype(np.int64)


def found(times: np.ndarray) -> Frequency:
    return calendar.find(times, np.zeros(len(times)), True)[0]


@pytest.mark.parametrize(
    "times, words",
    [
        (every("2024-01", "2026-01", "M"), "month"),
        (every("2024-01", "2026-01", "M")[::3], "quarter"),
        (every("1990", "2020", "Y"), "year"),
        (every("2024-01-03", "2025-01-01", "D")[::7], "week"),
        (every("2024-01-03", "2024-03-01", "D"), "day"),
        (every("2024-01-03T00", "2024-01-20T00", "h"), "hour"),
        (every("2024-01-03T00:07", "2024-01-06T00:00", "m")[::15], "15 min"),
    ],
)
def test_the_usual_frequencies_are_found(times: np.ndarray, words: str) -> None:
    frequency = found(times)
    assert frequency.words() == words
    assert (np.diff(calendar.steps(times, frequency)) == 1).all()


def test_month_ends_are_months_and_come_next_as_month_ends() -> None:
    times = micro("2024-11-30", "2024-12-31", "2025-01-31", "2025-02-28", "2025-03-31")
    frequency = found(times)
    assert frequency.words() == "month" and (np.diff(calendar.steps(times, frequency)) == 1).all()
    later = calendar.following(times[-1:], 2, frequency)[0]
    assert later.astype("datetime64[us]").astype("datetime64[D]").astype(str).tolist() == ["2025-04-30", "2025-05-31"]


def test_business_days_leave_out_weekends_and_holidays() -> None:
    days = every("2024-09-02", "2024-11-01", "D")
    open_ = days[(days // calendar.DAY + 3) % 7 < 5]
    frequency = found(open_)
    assert frequency.words() == "business day" and (np.diff(calendar.steps(open_, frequency)) == 1).all()
    # Chinese National Day: the first to the seventh of October 2024, with the weekend of the fifth and sixth in it
    around = micro("2024-09-30", "2024-10-08")
    assert np.diff(calendar.steps(around, frequency)) == 6, "closed days are gaps: the week stays a season"
    assert calendar.following(around[:1], 1, frequency, "CN") == around[1]
    assert calendar.following(around[:1], 1, frequency) == around[0] + calendar.DAY


def test_numbers_are_steps_of_their_usual_width() -> None:
    times = np.array([10.0, 15.0, 20.0, 30.0, 35.0])
    frequency = calendar.find(times, np.zeros(5), False)[0]
    assert frequency == Frequency("step", 5.0, 0.0) and np.diff(calendar.steps(times, frequency)).tolist() == [
        1,
        1,
        2,
        1,
    ]
    assert calendar.following(times[-1:], 2, frequency).tolist() == [[40.0, 45.0]]


def test_times_beside_the_hour_fall_into_the_nearest_one() -> None:
    hours = every("2024-01-03T00", "2024-01-05T00", "h")
    shaken = hours + np.where(np.arange(len(hours)) % 5 == 0, -20, 0) * 60 * calendar.SECOND
    assert np.array_equal(calendar.steps(shaken, found(hours)), calendar.steps(hours, found(hours)))


@pytest.mark.parametrize("text, words", [("900 seconds", "15 min"), ("Months", "month"), ("14 days", "2 week")])
def test_a_frequency_can_be_named(text: str, words: str) -> None:
    assert calendar.parse(text).words() == words


@pytest.mark.parametrize("text", ["moth", "0 days", "", "day 3"])
def test_no_such_frequency(text: str) -> None:
    with pytest.raises(RecipeError, match="frequency"):
        calendar.parse(text)


def test_a_frequency_of_time_does_not_fit_numbers() -> None:
    with pytest.raises(RecipeError, match="plain numbers"):
        calendar.wrong_kind(False, Frequency("month"))


def test_seasons_of_hours_and_of_bare_steps_are_found_by_autocorrelation() -> None:
    t = np.arange(900)
    noise = np.random.default_rng(0).normal(size=(3, 900)) * 0.3
    both = [5 * np.sin(2 * np.pi * t / 24) + 4 * (t % 168 < 120) + e for e in noise]
    assert calendar.found_seasons(both, Frequency("second", 3600)) == [24, 168]
    months = [3 * np.sin(2 * np.pi * t[:120] / 12) + e[:120] for e in noise]
    assert calendar.found_seasons(months, Frequency("step")) == [12]
    assert calendar.found_seasons([e[:200] for e in noise], Frequency("step")) == [1]


def test_a_day_in_quarters_of_an_hour_is_found_below_the_noise_of_single_steps() -> None:
    t, rng = np.arange(12 * 96), np.random.default_rng(0)
    days = [10 * np.sin(2 * np.pi * t / 96) + rng.normal(size=len(t)) for _ in range(3)]
    assert calendar.found_seasons(days, Frequency("second", 900)) == [96]
    assert calendar.found_seasons([rng.normal(size=len(t)).cumsum() for _ in range(3)], Frequency("second", 900)) == [1]
    assert calendar.found_seasons([rng.normal(size=len(t)) for _ in range(3)], Frequency("second", 900)) == [1]


def test_holidays_are_told_and_an_unknown_country_is_not() -> None:
    day = Frequency("day")
    flags = calendar.features(micro("2024-12-24", "2024-12-25", "2024-12-27"), day, "DE")[:, -3:]
    assert flags.tolist() == [[0, 1, 0], [1, 1, 0], [0, 0, 1]]  # itself, the day after, the day before
    assert not calendar.features(micro("2024-12-25"), day, "")[:, -3:].any()
    with pytest.raises(RecipeError, match="XX"):
        calendar.check_country("XX")
