"""Value: what decisions have earned, beside what the run promised and what the model itself expected."""

from collections.abc import Mapping
from typing import Any

from mintmark.base.words import Language
from mintmark.report import words
from mintmark.serving.model import Model
from mintmark.serving.page.pieces import bars, figure, share, table, tile, tiles
from mintmark.serving.watching import NotWatched, Watching


def value(model: Model, watching: Watching | None, say: Language) -> str:
    """HTML; a sentence where nothing is kept that outcomes could be told of."""
    if watching is None:
        said = say(
            "Answers are kept for their outcomes where the server has a folder for them: mintmark serve --state DIR."
        )
        return f'<p class="soft">{words.safe(said)}</p>'
    try:
        told = watching.figures(model.name)
    except NotWatched as exc:
        said = say.again(exc.what)
        return f'<p class="soft">{words.safe(said[:1].upper() + said[1:])}</p>'
    notes = "".join(f"<li>{words.safe(say.again(n))}</li>" for n in told["notes"])
    parts = [f'<p class="lead">{sentence(told, say)}</p>', _picture(told, say), _counts(told, say), _parts(told, say)]
    parts.append(_versions(told, say))
    parts.append(f"<h3>{words.safe(say('Worth knowing'))}</h3><ul>{notes}</ul>" if notes else "")
    return "".join(parts)


def sentence(told: Mapping[str, Any], say: Language) -> str:
    """How many outcomes are known, what the decisions earned, and whether that was promised; safe."""
    n, known = told["decisions"], told["matched"]
    if not n:
        return words.safe(
            say("No decision has been made yet. Ask the model; then send what became of it to /outcomes.")
        )
    said = say("{known} of {n} decisions have a known outcome.", known=known, n=n)
    mean = told.get("weighted") or told["realised"]
    if mean is None:
        more = "" if known else say("What became of them is sent to /outcomes, with the ids of their requests.")
        return words.safe(say.together(said, more))
    return words.safe(
        say.together(said, _earned(mean, _unit(told), say), _beside(mean, told["promised"], _unit(told), say))
    )


def _earned(mean: Mapping[str, float], unit: str, say: Language) -> str:
    sign = -1 if mean["per_case"] < 0 else 1
    low, high = sorted((sign * mean["low"], sign * mean["high"]))
    return say(
        "They cost {value} a case (95 % between {a} and {b})."
        if sign < 0
        else "They earned {value} a case (95 % between {a} and {b}).",
        value=say.money(sign * mean["per_case"], unit), a=low, b=high,
    )  # fmt: skip


def _beside(mean: Mapping[str, float], promise: Mapping[str, float] | None, unit: str, say: Language) -> str:
    """The promise, and whether it was kept; "" where none was made."""
    if promise is None:
        return ""
    promised, off = say.money(promise["per_case"], unit), mean["per_case"] - promise["per_case"]
    if mean["low"] <= promise["per_case"] <= mean["high"]:
        return say("The run promised {promised} a case, which lies within that.", promised=promised)
    return say(
        "The run promised {promised} a case: this is {off} a case better."
        if off > 0
        else "The run promised {promised} a case: this is {off} a case worse.",
        promised=promised, off=say.money(abs(off), unit),
    )  # fmt: skip


def _picture(told: Mapping[str, Any], say: Language) -> str:
    rows = [
        (words.safe(say("promised by the run")), told["promised"], False),
        (words.safe(say("expected by the model")), told["expected"], False),
        (words.safe(say("realised")), told.get("weighted") or told["realised"], True),
    ]
    have = [(name, figures, mine) for name, figures, mine in rows if figures]
    if not have:
        return ""
    title = words.safe(say("Money a case"))
    said = words.safe(say("The thin lines are 95 % intervals."))
    drawn = bars(have, words.short(_unit(told)), say)
    return f'<figure class="money"><h3>{title}</h3>{drawn}<figcaption>{said}</figcaption></figure>'


def _counts(told: Mapping[str, Any], say: Language) -> str:
    known = say("of {n} decisions", n=told["decisions"])
    made = [
        tile(words.safe(say("Outcomes known")), say.number(told["matched"]), words.safe(known)),
        tile(words.safe(say("Waiting")), say.number(told["waiting"]), words.safe(say("cannot be known yet"))),
        tile(words.safe(say("Overdue")), say.number(told["overdue"]), words.safe(say("should be known by now"))),
        tile(words.safe(say("Without a decision")), say.number(told["unmatched"]),
             words.safe(say("outcomes that belong to no decision kept here"))),
    ]  # fmt: skip
    return tiles(made) if told["decisions"] or told["unmatched"] else ""


def _parts(told: Mapping[str, Any], say: Language) -> str:
    """Acted and passed apart: where acting hides the outcome, one of them is known less."""
    rows = [(name, told[key]) for key, name in (("acted", say("acted on")), ("passed", say("passed"))) if key in told]
    rows = [(name, part) for name, part in rows if part["decisions"]]
    return _table(rows, say("Decision"), say) if rows else ""


def _versions(told: Mapping[str, Any], say: Language) -> str:
    rows = [(say("version {version}", version=v["version"]), v) for v in told["versions"]]
    return _table(rows, say("Version"), say) if len(rows) > 1 else ""


def _table(parts: list[tuple[str, Mapping[str, Any]]], head: str, say: Language) -> str:
    heads = [head, say("decisions"), say("share known"), say("realised a case"), say("expected a case")]
    rows = []
    for name, part in parts:
        means = [figure(part[n]["per_case"] if part[n] else None, say) for n in ("realised", "expected")]
        rows.append([words.short(name), say.number(part["decisions"]), share(part["share_known"], say), *means])
    return table(words.safe(head), [words.safe(h) for h in heads], rows, numbers=range(1, 5), kind="told")


def _unit(told: Mapping[str, Any]) -> str:
    return str(told.get("currency") or "")
