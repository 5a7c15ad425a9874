"""More: what a point of accuracy, a row and more cases are worth; what was realised; what a test says."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms

KINDS = {
    "pocock": "Pocock", "obrien_fleming": "O'Brien-Fleming", "lan_demets_obf": mark("Lan-DeMets, as O'Brien-Fleming"),
    "lan_demets_pocock": mark("Lan-DeMets, as Pocock"),
}  # fmt: skip


def parts(terms: Terms) -> Iterable[str]:
    say = terms.say
    body = [_item(*made) for made in (_point(terms), _row(terms), _even(terms)) if made]
    lead = say("What to do next with the model: make it better, feed it more, or use it on more cases.")
    return section(
        "more", say("What more is worth"), [f'<div class="tiles">{"".join(body)}</div>'] if body else [], lead
    )


def _item(label: str, figure: str, lines: list[str], how: str) -> str:
    told = "".join(f"<small>{x}</small>" for x in lines if x)
    source = (
        f'<details class="source"><summary>{how.partition("|")[0]}</summary><p>{how.partition("|")[2]}</p></details>'
    )
    return f'<div class="tile">{label}<b>{figure}</b>{told}{source if how else ""}</div>'


def _how(terms: Terms, made: Mapping[str, Any]) -> str:
    return f"{terms.say('source')}|{terms.told(made['how'])}"


def _point(terms: Terms) -> tuple[str, str, list[str], str] | None:
    say, made = terms.say, terms.said["point"]
    if not made:
        return None
    each = say("{money} a case, over all cases and years", money=terms.money(made["per_case"]))
    error = say("standard error {error}", error=terms.money(made["se"])) if made["se"] else ""
    return say("One more point of accuracy"), terms.money(made["value"]), [each, error], _how(terms, made)


def _row(terms: Terms) -> tuple[str, str, list[str], str] | None:
    say, made = terms.say, terms.said["row"]
    if made["value"] is None:
        return say("One more row of data"), "–", [terms.told(made["how"])], ""
    lines = [say("standard error {error}", error=terms.money(made["se"]))] if made["se"] else []
    if "cost" in made:
        lines.append(say("A row costs {cost}: it pays.", cost=terms.money(made["cost"])) if made["pays"]
                     else say("A row costs {cost}: it does not pay.", cost=terms.money(made["cost"])))  # fmt: skip
    if made.get("rows_until") and made["pays"]:
        lines.append(say("It pays up to about {n} rows.", n=round(float(f"{made['rows_until']:.2g}"))))
    return say("One more row of data"), terms.money(made["value"]), lines, _how(terms, made)


def _even(terms: Terms) -> tuple[str, str, list[str], str] | None:
    say, made = terms.say, terms.said["break_even"]
    if not made:
        return None
    if made["cases"] is None:
        return say("Break-even"), "–", [terms.told(made["how"])], ""
    assumed = say("assumed are {n}", n=round(float(f"{made['assumed']:.4g}")))
    if made["says"] == "always":
        return say("Break-even"), say("{n} cases a year", n=0), [assumed, terms.told(made["how"])], ""
    spread = ""
    if made.get("p10") is not None and made.get("p90") is not None:
        low, high = (say.number(float(f"{made[p]:.3g}")) for p in ("p10", "p90"))
        spread = say("P10 {low}, P90 {high}", low=low, high=high)
    figure = say("{n} cases a year", n=round(float(f"{made['cases']:.4g}")))
    return say("Break-even"), figure, [assumed, spread], _how(terms, made)


def realised(terms: Terms) -> Iterable[str]:
    """What decisions earned in use."""
    say, made = terms.say, terms.said["realised"]
    if not made:
        return ()
    unit = words.safe(made["currency"])
    rows = [[say("realised"), made["per_case"], made["low"], made["high"]]]
    if made["promised"] is not None:
        rows.append([say("promised"), made["promised"], None, None])
    heads = ["", say("money a case, {unit}", unit=say.currency(unit)), say("95 % from"), say("to")]
    since = say("since {when}", when=say.moment(made["since"])) if made["since"] else ""
    lead = say("{n} decisions with a known outcome{since}. They take the place of what was assumed.", n=made["rows"],
               since=f", {since}" if since and say.code == "en" else f"（{since}）" if since else "")  # fmt: skip
    notes = "".join(f"<li>{words.safe(say.again(n))}</li>" for n in made["notes"])
    body = [terms.sheet.table(heads, rows, sort=False), *([f"<ul>{notes}</ul>"] if notes else [])]
    return section("realised", say("What was realised"), body, lead)


def experiment(terms: Terms) -> Iterable[str]:
    """The plan of an A/B test, and what it says so far."""
    say, made = terms.say, terms.said["experiment"]
    if not made:
        return ()
    users = say(
        "{users} users of each variant, for a power of {power} at {alpha}.", users=made["users"],
        power=say.share(made["power"]), alpha=say.share(made["alpha"]),
    )  # fmt: skip
    days = say("That is {n} days.", n=made["days"]) if made["days"] else ""
    spared = (
        say("CUPED leaves {share} of the variance.", share=say.share(round(made["cuped"], 3)))
        if made["cuped"] < 1
        else ""
    )
    kind = say(KINDS[made["kind"]])
    looks = say(
        "Looked at {n} times, with the bounds of {kind}; that takes {share} more users than one look.",
        n=made["looks"], kind=kind, share=say.share(round(made["inflation"] - 1, 3)),
    ) if made["looks"] > 1 else ""  # fmt: skip
    rows = [[i + 1, 100 * (i + 1) / made["looks"], b] for i, b in enumerate(made["bounds"])]
    table = terms.sheet.table([say("look"), say("data, %"), say("stop where |z| reaches")], rows, sort=False)
    return section("experiment", say("The A/B test"), [*_read(terms, made["read"]), table],
                   say.together(users, days, looks, spared))  # fmt: skip


def _read(terms: Terms, made: Mapping[str, Any] | None) -> Iterable[str]:
    if not made:
        return
    say = terms.say
    low, high = say.number(made["low"]), say.number(made["high"])
    said = say(
        "The model changes the measure by {value} (95 % between {low} and {high}); z is {z}, the bound of look {look} "
        "is {bound}.",
        value=made["value"], low=low, high=high, z=round(made["z"], 3), look=made["look"],
        bound=round(made["bound"], 3),
    )  # fmt: skip
    users = say("Seen so far: {control} users of control, {treated} with the model.", control=made["control"],
                treated=made["treated"])  # fmt: skip
    yield f"<p><b>{terms.told(made['how'])}</b> {said} {users}</p>"
