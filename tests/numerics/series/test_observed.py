"""Tables that no grid can be laid over, named by row."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.errors import DataError
from mintmark.numerics.series import calendar
from mintmark.numerics.series.calendar import Frequency
from mintmark.numerics.series.observed import Observed


def test_a_wrong_date_is_found_and_not_filled_with_millions_of_steps() -> None:
    minutes = np.datetime64("2024-01-01T00:00", "us") + np.arange(30) * np.timedelta64(1, "m")
    minutes[20] = np.datetime64("1970-01-01", "us")
    seen = Observed.of(pa.table({"id": ["a"] * 30, "time": pa.array(minutes)}), "id", "time")
    every = Frequency("second", 60)
    with pytest.raises(DataError, match=r"row 1: series 'a' has 30 rows for 284\d{5} steps of one min"):
        seen.refuse_emptiness(calendar.steps(seen.times, every), "id", "time", every)


def test_a_day_of_sales_now_and_then_is_no_wrong_date() -> None:
    days = np.datetime64("2024-01-01", "us") + np.array([0, 3, 200, 601]) * np.timedelta64(1, "D")
    seen = Observed.of(pa.table({"id": ["a"] * 4, "time": pa.array(days)}), "id", "time")
    seen.refuse_emptiness(calendar.steps(seen.times, Frequency("day")), "id", "time", Frequency("day"))


def test_a_history_shorter_than_three_horizons_is_refused() -> None:
    seen = Observed.of(pa.table({"time": np.arange(20)}), "", "time")
    with pytest.raises(DataError, match=r"settings.horizon: the longest series has 20 steps.*4 or less"):
        seen.refuse_short(np.arange(20), 2, 12)
    seen.refuse_short(np.arange(20), 3, 4)
