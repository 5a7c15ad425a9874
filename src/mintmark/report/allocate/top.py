"""Top: what to spend on which project, in a sentence and a few figures."""

from mintmark.report import words
from mintmark.report.value.terms import Terms


def sentence(terms: Terms) -> str:
    """The advice, its worth and what it is against other ways; safe."""
    say, said = terms.say, terms.said
    ways = {w["name"]: w for w in said["ways"]}
    exact = ways["exact"]
    first = sorted((p for p in said["projects"] if p["spent"] > 0), key=lambda p: -p["spent"])
    if not first:
        return say("No project is worth its money: keep the budget.")
    spent = say.listed([f"{words.short(p['label'])} {terms.plain_money(p['spent'])}" for p in first])
    advice = say("Of {total}, spend: {spent}.", total=terms.money(sum(said["budget"])), spent=spent)
    worth = say("Beyond what it costs that is worth {mean}; an equal split {equal}, greedy steps {greedy}.",
                mean=terms.money(exact["mean"]), equal=terms.plain_money(ways["equal"]["mean"]),
                greedy=terms.plain_money(ways["greedy"]["mean"]))  # fmt: skip
    return say.together(advice, worth)


def tiles(terms: Terms) -> str:
    say, said = terms.say, terms.said
    exact = next(w for w in said["ways"] if w["name"] == "exact")
    bound, price = terms.money(said["bound"]), said["prices"][0]
    spread = say("P10 {low}, P90 {high}", low=terms.plain_money(exact["p10"]), high=terms.plain_money(exact["p90"]))
    option = sum(s["option"] for s in said["stages"])
    made = [
        _tile(say("Worth of the advice"), terms.money(exact["mean"]),
              say("standard error {error}", error=terms.plain_money(exact["mean_se"])), spread),
        _tile(say("No allocation is worth more than"), bound, say("first stages taken in part")),
        _tile(say("Shadow price of money"), say.number(float(f"{price:.3g}")),
              say("so much does one more {unit} today bring, beyond itself", unit=terms.unit)),
        _tile(say("Probability that it loses"), say.share(round(exact["loss"], 4)),
              say("of the draws, with all that is advised")),
    ]  # fmt: skip
    if said["stages"]:
        made.append(_tile(say("Right to stop"), terms.money(option), say("beyond spending all at once")))
    return f'<div class="tiles">{"".join(made)}</div>'


def _tile(label: str, figure: str, *means: str) -> str:
    return f'<div class="tile">{label}<b>{figure}</b>{"".join(f"<small>{m}</small>" for m in means)}</div>'
