"""Made-up card payments whose truth is known, as CSV.   python payments.py before > payments.csv

before    65 days, 100 payments a day: what a shop has in its books
later     the 15 days after them, of the same world
changed   the 40 days after those: prices are up by 60 %, and the thieves have found other ways
after     the 15 days after those, of the changed world
truth     no payments: what the best of all deciders would earn on the last fifth of `before`

Whether a payment is fraud is drawn with `chance`, which no model knows. The standard library is all that this needs.
"""

import csv
import math
import random
import sys
from datetime import datetime, timedelta

A_DAY = 100
SPANS = {"before": (0, 65), "later": (65, 80), "changed": (80, 120), "after": (120, 135)}
"""first day and the day after the last one"""
FIRST = datetime(2026, 1, 1)
SHOPS = {"food": 0.40, "fuel": 0.20, "travel": 0.15, "clothes": 0.15, "games": 0.10}
NAMES = ("payment", "time", "amount", "shop", "abroad", "card_days", "last_hour", "refunded", "fraud")


def chance(row: dict[str, object], changed: bool = False) -> float:
    """The true probability that this payment is fraud."""
    amount, card_days = float(str(row["amount"])), row["card_days"]
    if row["shop"] == "travel":
        return 0.03  # whatever else is known of it: here nobody can tell
    score = -6.6 + 1.3 * math.log(amount / 25) + 1.5 * int(str(row["last_hour"]))
    if changed:
        score += 3.5 * (row["shop"] == "food") - 1.6
    else:
        score += 2.8 * (row["shop"] == "games") + 3.2 * (row["abroad"] == "true")
        score += 2.4 * (card_days != "" and int(str(card_days)) < 60)
    return 1 / (1 + math.exp(-score))


def payments(span: str) -> list[dict[str, object]]:
    """The payments of a span of days, in the order of their times; the same at each call."""
    first, last = SPANS[span]
    changed, drawn, rows = span in ("changed", "after"), random.Random(first), []
    for number in range(first * A_DAY, last * A_DAY):
        day, second = divmod(number, A_DAY)
        at = FIRST + timedelta(days=day, seconds=(second + drawn.random()) * 86400 / A_DAY)
        shop = drawn.choices(list(SHOPS), list(SHOPS.values()))[0]
        amount = math.exp(drawn.gauss(3.6, 0.8)) * (3 if shop == "travel" else 1) * (1.6 if changed else 1)
        row: dict[str, object] = {
            "payment": f"P{number:05d}",
            "time": at.isoformat(timespec="seconds"),
            "amount": f"{amount:.2f}",
            "shop": shop,
            "abroad": "true" if drawn.random() < 0.08 else "false",
            "card_days": "" if drawn.random() < 0.03 else drawn.randrange(1, 1500),
            "last_hour": drawn.choices([0, 1, 2, 3, 4], [70, 18, 7, 3, 2])[0],
        }
        fraud = drawn.random() < chance(row, changed)
        paid_back = drawn.random() < (0.99 if fraud else 0.001)  # written down weeks after the payment
        rows.append(row | {"refunded": row["amount"] if paid_back else "", "fraud": "yes" if fraud else "no"})
    return rows


def truth(rows: list[dict[str, object]], check: float = 5.0) -> dict[str, float]:
    """Money a case where nothing is checked, and where all is whose chance of fraud, known for once, is worth it."""
    lost = {"nothing": 0.0, "best": 0.0}
    for row in rows:
        amount, fraud = float(str(row["amount"])), row["fraud"] == "yes"
        lost["nothing"] -= amount * fraud
        lost["best"] -= check if chance(row) * amount > check else amount * fraud
    return {name: money / len(rows) for name, money in lost.items()}


def main() -> None:
    span = sys.argv[1] if len(sys.argv) > 1 else "before"
    if span == "truth":
        rows = payments("before")
        for name, money in truth(rows[-len(rows) // 5 :]).items():
            print(f"{name:8} {money:.3f}")
        return
    out = csv.DictWriter(sys.stdout, NAMES, lineterminator="\n")
    out.writeheader()
    out.writerows(payments(span))


if __name__ == "__main__":
    main()
