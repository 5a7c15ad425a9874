"""Position: what the product is worth beside each alternative: economic value to the customer."""

from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.pricing.study import Array, Study, spread


def position(study: Study) -> dict[str, Any]:
    """For each alternative the price of a unit at which a customer would be as well off; the lowest one binds.

    EVC = price of the alternative + (1 - share that it captures) x value of the predictions + other differences.
    Raises: RecipeError: a share below 1 is captured, and nothing says what predictions are worth.
    Source: Forbis, Mehta, Business Horizons 24(3), 1981; Nagle, The Strategy and Tactics of Pricing, chapter 2.
    """
    found = [_one(study, i) for i in range(len(study.plan.alternatives))]
    if not found:
        study.say(mark("No alternatives are named: nothing says what customers would do without the product."))
        return {}
    binding = int(np.argmin([_one(study.fixed, i)[0].mean() for i in range(len(found))]))
    alternative = study.plan.alternatives[binding]
    reference = study.of(f"alternatives[{binding}].price")
    ceiling = found[binding][0]
    price = reference + study.plan.pricing.share_of_value * (ceiling - reference)
    if float(np.median(ceiling)) <= float(np.median(reference)):
        study.say(
            mark("{name} is worth more to customers than the product at the same price: a better product comes first."),
            name=alternative.name,
        )
    worth = study.worth
    return {
        "alternatives": [row for _, row in found],
        "binding": alternative.name,
        "ceiling": spread(ceiling),
        "price": spread(price),
        "value_per_unit": spread(worth[0], worth[1]) if worth else None,
        "value_source": worth[2] if worth else "",
    }


def _one(study: Study, i: int) -> tuple[Array, dict[str, Any]]:
    alternative, at = study.plan.alternatives[i], f"alternatives[{i}]"
    price, captures = study.of(f"{at}.price"), study.of(f"{at}.captures")
    if study.worth is None:
        if (captures < 1).any():
            what = "is missing, and no run says what a prediction is worth; an alternative captures a share of it."
            raise study.wrong(
                "product.value_per_case", what, "--run RUN of a recipe with a payoff, or value_per_case = 0.2"
            )
        value = np.zeros(study.samples)
    else:
        value = study.worth[0]
    steps = [{"name": alternative.name, "kind": "price", "worth": spread(price)}]
    better = (1 - captures) * value
    steps.append({"name": "predictions", "kind": "predictions", "worth": spread(better)})
    evc = price + better
    for j, d in enumerate(alternative.differences):
        worth = study.of(f"{at}.differences[{j}].worth")
        steps.append({"name": d.name, "kind": "difference", "worth": spread(worth, d.worth.how)})
        evc = evc + worth
    row = {"name": alternative.name, "price": spread(price), "evc": spread(evc), "steps": steps}
    return evc, row
