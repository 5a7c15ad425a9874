"""All customers of the CDNOW data beside what Fader and Hardie published of a tenth of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mintmark.numerics import customers

pytestmark = pytest.mark.slow
END = pd.Timestamp("1997-09-30")


@pytest.fixture(scope="module")
def purchases(real_data: Path) -> pd.DataFrame:
    path = real_data / "segmentation_cdnow" / "CDNOW_master.txt"
    if not path.is_file():
        pytest.skip("the CDNOW data are not beside this checkout")
    read = pd.read_csv(path, sep=r"\s+", dtype={"customer_id": str, "date": str})
    read["date"] = pd.to_datetime(read["date"], format="%Y%m%d")
    return read.groupby(["customer_id", "date"], as_index=False)["dollar_value"].sum()


def test_laws_of_all_customers_are_near_those_of_the_published_tenth(purchases: pd.DataFrame) -> None:
    seen = purchases[purchases.date <= END].sort_values("date")
    by = seen.groupby("customer_id").date
    count = (by.count() - 1).astype(float)
    recency, age = (by.max() - by.min()).dt.days / 7, (END - by.min()).dt.days / 7
    found = customers.bg_nbd_fit(count.to_numpy(), recency.to_numpy(), age.to_numpy())
    assert found.values == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=0.15)
    assert found.log_likelihood / len(count) == pytest.approx(-9582.4 / 2357, rel=0.01)

    again = seen[seen.customer_id.duplicated()].groupby("customer_id").dollar_value.mean()
    again = again[again > 0]
    spent = customers.gamma_gamma_fit(count[again.index].to_numpy(), again.to_numpy())
    assert spent.values == pytest.approx([6.25, 3.74, 15.44], rel=0.05)

    later = purchases[purchases.date > END].groupby("customer_id").date.count().reindex(count.index, fill_value=0)
    made = customers.bg_nbd_expect(found.values, count.to_numpy(), recency.to_numpy(), age.to_numpy(), 39.0)
    often = count.to_numpy() >= 7
    assert made[often].mean() == pytest.approx(later.to_numpy()[often].mean(), rel=0.05)
    assert np.corrcoef(made, later.to_numpy())[0, 1] > 0.6
