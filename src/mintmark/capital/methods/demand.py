"""Demand: how a product spreads, what people choose and would pay, and the price that follows."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Fraction, NotNegative, Positive


@calculator(
    unit={"p": "1/period", "q": "1/period", "m": "as sales"},
    formula="sales of period t = m (F(t) - F(t-1)), F(t) = (1 - exp(-(p+q)t)) / (1 + q/p exp(-(p+q)t)); p, q, m of the "
    "smallest sum of squares",
    source="Bass 1969, Management Science 15(5); Srinivasan, Mason 1986, Marketing Science 5(2), eq. 5",
)
def bass_fit(sales: list[float]) -> dict[str, Any]:
    """Innovation p, imitation q and market m of a diffusion curve, from the sales of equal periods since the launch."""
    from mintmark.capital import diffusion

    made = diffusion.fit(np.asarray(sales, float), "bass_fit")
    return {"p": made.p, "q": made.q, "m": made.m}


@calculator(
    unit={"peak_time": "periods", "peak_sales": "as m, a period"},
    formula="t* = ln(q/p) / (p+q); sales rate there m (p+q)^2 / (4q); where q <= p sales only fall: t* = 0, m p",
    source="Bass 1969, Management Science 15(5), eq. 10 and 11",
)
def bass_peak(p: Positive, q: NotNegative, m: Positive) -> dict[str, Any]:
    """When the sales of a diffusion curve are largest, and how large they are then."""
    from mintmark.capital import diffusion

    time, sales = diffusion.Bass(p, q, m).peak
    return {"peak_time": time, "peak_sales": sales}


@calculator(
    unit={"coefficients": "utility a unit of the feature", "log_likelihood": "nats"},
    formula="P(choose j) = exp(x_j b) / sum_k exp(x_k b); b of the largest likelihood; willingness to pay -b / b_price",
    source="McFadden 1974, Conditional logit analysis of qualitative choice behavior, eq. 13-17",
)
def logit_fit(
    csv: str,
    choice: str,
    features: list[str],
    alternatives: list[str] | str | None = None,
    id: str | list[str] | None = None,
    constants: bool = False,
) -> dict[str, Any]:
    """Coefficients of the utility of alternatives, from what people chose.

    Wide file, a row for each choice: `choice` holds the name of what was chosen, `alternatives` lists the names, and a
    feature f has columns f.NAME. Long file, a row for each alternative of each choice: `id` is the column of the choice
    (or [choice, alternative]), `choice` is 1 where it was chosen, `alternatives` the column that names them, needed for
    constants. A feature that is the same for all alternatives of each choice gets a coefficient for each but the first.
    """
    from mintmark.capital import choice as choices
    from mintmark.capital import choice_table

    where = "logit_fit: csv"
    if id is None:
        if isinstance(alternatives, str):
            fix = 'alternatives = ["a", "b"] for a wide file, or id = "the column of the choice" for a long one.'
            raise RecipeError("names a column, which a wide file has not.", where="logit_fit: alternatives", fix=fix)
        made = choice_table.read_wide(csv, choice, alternatives, features, constants, where)
    else:
        if isinstance(alternatives, list):
            fix = 'alternatives = "alt", the column that names them; a list is for a wide file, without id.'
            raise RecipeError("is a list, and id says that the file is long.", where="logit_fit: alternatives", fix=fix)
        made = choice_table.read_long(csv, choice, id, alternatives, features, constants, where)
    found = choices.fit(made, where)
    return {
        "coefficients": dict(zip(found.terms, found.values.tolist(), strict=True)),
        "log_likelihood": found.log_likelihood,
    }


@calculator(
    unit={"opp": "as the prices", "ipp": "as the prices", "pmc": "as the prices", "pme": "as the prices",
          "valid": "people", "dropped": "people"},
    formula="shares of people below (rising) or above (falling) each price that was named, joined by lines; opp: "
    "too expensive = too cheap; ipp: expensive = cheap; pmc: not cheap = too cheap; pme: too expensive = not expensive",
    source="van Westendorp 1976, NSS price sensitivity meter, ESOMAR congress",
)  # fmt: skip
def van_westendorp(
    csv: str | None = None,
    too_cheap: list[NotNegative] | None = None,
    cheap: list[NotNegative] | None = None,
    expensive: list[NotNegative] | None = None,
    too_expensive: list[NotNegative] | None = None,
) -> dict[str, Any]:
    """Optimal and indifference price and the range of accepted prices, from four questions to each person.

    csv: columns too_cheap, cheap, expensive, too_expensive; or the four as lists. People whose prices do not rise from
    question to question are dropped and counted.
    """
    from mintmark.capital import survey
    from mintmark.capital.table import columns

    lists = dict(zip(survey.ASKED, (too_cheap, cheap, expensive, too_expensive), strict=True))
    given = {k: v for k, v in lists.items() if v is not None}
    if (csv is None) == (not given):
        what = "must be given, or the four lists." if csv is None else "and lists are both given."
        raise RecipeError(what, where="van_westendorp: csv", fix='csv = "survey.csv"')
    if csv is not None:
        table = columns(csv, survey.ASKED, "van_westendorp: csv")
        answers = [table[k] for k in survey.ASKED]
    else:
        missing = [k for k in survey.ASKED if k not in given]
        if missing or len({len(v) for v in given.values()}) > 1:
            what = "is missing." if missing else f"has {len(given['too_expensive'])} values, others have not."
            name = missing[0] if missing else "too_expensive"
            raise RecipeError(what, where=f"van_westendorp: {name}", fix="four lists of one length.")
        answers = [np.asarray(given[k], float) for k in survey.ASKED]
    made = survey.sensitivity(answers, "van_westendorp")
    return {k: getattr(made, k) for k in ("opp", "ipp", "pmc", "pme", "valid", "dropped")}


@calculator(
    unit={"price": "as cost"},
    formula="constant elasticity e < -1: p* = c e/(1+e); linear Q = intercept - slope p: p* = (intercept/slope + c)/2",
    source="Lerner 1934, Review of Economic Studies 1(3)",
)
def optimal_price(
    cost: NotNegative, elasticity: float | None = None, intercept: Positive | None = None, slope: float | None = None
) -> dict[str, Any]:
    """The price of the largest profit, from the cost of one and how demand answers to price.

    elasticity: percent of demand for one percent of price, below -1; or intercept and slope of a falling line, the
    slope with or without its minus.
    """
    where = "optimal_price"
    line = intercept is not None or slope is not None
    if line == (elasticity is not None):
        what = "and a line of demand are both given." if line else "is missing, and so is a line of demand."
        raise RecipeError(what, where=f"{where}: elasticity", fix="elasticity = -2, or intercept = 100 and slope = 2.")
    if elasticity is not None:
        if elasticity >= -1:
            what = f"must be below -1, got {elasticity:g}: a higher price would always earn more."
            raise RecipeError(what, where=f"{where}: elasticity", fix="elasticity = -2")
        return {"price": cost * elasticity / (1 + elasticity)}
    if intercept is None or not slope:
        name = "intercept" if intercept is None else "slope"
        raise RecipeError("is missing, or 0.", where=f"{where}: {name}", fix="intercept = 100 and slope = 2")
    most = intercept / abs(slope)
    if cost >= most:
        what = f"must be below {most:g}, the price at which nobody buys, got {cost:g}."
        raise RecipeError(what, where=f"{where}: cost", fix="a lower cost, or another line of demand.")
    return {"price": (most + cost) / 2}


@calculator(
    unit={"ltv": "money, as arpa", "payback_months": "months", "magic_number": "1"},
    formula="ltv = arpa x margin / churn; payback = cac / (arpa x margin); magic number = 4 (revenue now - before) / "
    "sales and marketing of the quarter before",
    source="Skok 2010, SaaS metrics; Scale Venture Partners 2008 (magic number)",
)
def unit_economics(
    arpa: Positive | None = None,
    margin: Fraction | None = None,
    churn: Annotated[float, Field(gt=0, le=1)] | None = None,
    cac: NotNegative | None = None,
    revenue_now: NotNegative | None = None,
    revenue_before: NotNegative | None = None,
    sales_marketing: Positive | None = None,
) -> dict[str, Any]:
    """Lifetime value of an account, months until it has paid for its acquisition, and the magic number.

    arpa: money an account a month; margin: its share that is left; churn: share of accounts lost a month; cac: money to
    win one. Revenues: of two quarters; sales_marketing: of the quarter before. What is not asked for is None.
    """
    where, fix = "unit_economics", "arpa, margin and churn (and cac), or the two revenues and sales_marketing."
    first = {"arpa": arpa, "margin": margin, "churn": churn}
    second = {"revenue_now": revenue_now, "revenue_before": revenue_before, "sales_marketing": sales_marketing}
    asked = [g for g in (first, second) if any(v is not None for v in g.values())]
    if not asked:
        raise RecipeError("is missing.", where=f"{where}: arpa", fix=fix)
    months = cac is not None and churn is None  # payback alone needs no churn
    for group in asked:
        for name, value in group.items():
            if value is None and not (name == "churn" and months):
                raise RecipeError("is missing.", where=f"{where}: {name}", fix=fix)
    made: dict[str, Any] = {"ltv": None, "payback_months": None, "magic_number": None}
    if arpa is not None and margin is not None:
        if churn is not None:
            made["ltv"] = arpa * margin / churn
        if cac is not None:
            if margin == 0:
                raise RecipeError("must be above 0: nothing pays back.", where=f"{where}: margin", fix="margin = 0.8")
            made["payback_months"] = cac / (arpa * margin)
    elif cac is not None:
        raise RecipeError("is missing.", where=f"{where}: arpa", fix=fix)
    if revenue_now is not None and revenue_before is not None and sales_marketing is not None:
        made["magic_number"] = 4 * (revenue_now - revenue_before) / sales_marketing
    return made
