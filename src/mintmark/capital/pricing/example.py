"""Example: a survey, choices and transactions drawn from laws that are known, to try the methods on."""

import io

import numpy as np

ASKED = (4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
FOUR = (4.5, 7.0, 10.5, 16.0)
"""medians of the four prices of van Westendorp; the curves of two of them cross at the root of their product"""
APART, WITHIN = 0.4, 0.08
"""spread of the logarithms: of people, and of the four prices of one person"""
YES = (4.0, -0.4)
"""intercept and slope of the logit of buying at a price"""
TASTE = {"price": -0.35, "caught": 0.6, "reasons": 0.8, "none": 1.2}
BUYING = (0.9, 9.0, 0.7, 2.6)
"""r, alpha (weeks), a and b of repeat buying"""
SPENDING = (6.0, 4.0, 60.0)
"""p, q and gamma of what is spent at a time"""
UNTIL, WATCHED, JOINING = "2026-06-30", 78, 26
"""last day, weeks watched, and weeks within which customers made their first purchase"""


def files(seed: int = 4) -> dict[str, str]:
    """The three files by name, as they lie beside the recipe of the price."""
    made = {"survey": survey, "choices": choices, "transactions": transactions}
    return {f"{name}.csv": make(np.random.default_rng([seed, i])) for i, (name, make) in enumerate(made.items())}


def survey(rng: np.random.Generator, people: int = 240) -> str:
    """Four prices of each person, one price at which he was asked whether he would buy, and the answer.

    A twentieth of the people answer in no order.
    """
    level = rng.normal(0, APART, (people, 1)) + rng.normal(0, WITHIN, (people, len(FOUR)))
    four = (np.array(FOUR) * np.exp(level)).round(2)
    mixed = rng.random(people) < 0.05
    four[mixed] = rng.permuted(four[mixed], axis=1)
    price = rng.choice(ASKED, people)
    yes = rng.random(people) < 1 / (1 + np.exp(-(YES[0] + YES[1] * price)))
    out = io.StringIO()
    out.write("person,too_cheap,cheap,expensive,too_expensive,asked_price,would_buy\n")
    for i, (row, p, y) in enumerate(zip(four, price, yes, strict=True), 1):
        out.write(f"{i},{','.join(f'{v:g}' for v in row)},{p:g},{int(y)}\n")
    return out.getvalue()


def choices(rng: np.random.Generator, people: int = 150, tasks: int = 5) -> str:
    """In each choice two products and buying nothing; one is chosen by a logit of TASTE."""
    n = people * tasks
    price = rng.choice([4, 6, 8, 10, 13, 16], (n, 2)).astype(float)
    caught, reasons = rng.integers(4, 10, (n, 2)).astype(float), rng.integers(0, 2, (n, 2)).astype(float)
    features = {"price": price, "caught": caught, "reasons": reasons, "none": np.zeros((n, 2))}
    full = {k: np.column_stack([v, np.full(n, float(k == "none"))]) for k, v in features.items()}
    utility = sum(TASTE[k] * v for k, v in full.items()) + rng.gumbel(size=(n, 3))
    chosen = np.asarray(utility).argmax(1)
    out = io.StringIO()
    out.write("choice,alternative,chosen,price,caught,reasons,none\n")
    for i in range(n):
        for j, name in enumerate(("A", "B", "none")):
            cells = ",".join(f"{full[k][i, j]:g}" for k in features)
            out.write(f"{i + 1},{name},{int(j == chosen[i])},{cells}\n")
    return out.getvalue()


def transactions(rng: np.random.Generator, customers: int = 400) -> str:
    """Purchases of customers who come at a rate of their own, and may leave for good after each one but the first."""
    r, alpha, a, b = BUYING
    p, q, gamma = SPENDING
    last = np.datetime64(UNTIL)
    rate, leaving = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    size = 1 / rng.gamma(q, 1 / gamma, customers)  # gamma-gamma: a purchase of this customer is Gamma(p, size)
    out = io.StringIO()
    out.write("customer,date,amount\n")
    for i in range(customers):
        at, first = float(rng.uniform(0, JOINING)), True
        while at < WATCHED:
            day = last - int((WATCHED - at) * 7)
            out.write(f"C{i + 1:04d},{day},{float(rng.gamma(p, size[i])) + 0.01:.2f}\n")
            if not first and rng.random() < leaving[i]:
                break
            first = False
            at += max(float(rng.exponential(1 / rate[i])), 1 / 7)  # one purchase a day at most
    return out.getvalue()
