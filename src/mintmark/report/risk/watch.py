"""Watch: the indicators with their limits, what the triggers do, and what a server says of them now."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms

ACTIONS = {"warn": mark("warn"), "fallback": mark("fall back"), "stop": mark("stop"), "answer": mark("it answers")}
STATES = {"armed": mark("armed"), "fired": mark("fired")}


def indicators(terms: Terms) -> Iterable[str]:
    say = terms.say
    found = [r for r in terms.said["risks"] if r["indicator"]]
    if not found:
        return ()
    heads = [say("risk"), say("indicator"), say("chart"), say("limit"), say("false alarms"), say("seen after"),
             say("trigger")]  # fmt: skip
    rows = [_line(terms, r, r["indicator"]) for r in found]
    lead = say("Limits are set so that chance alone crosses them only so seldom.")
    return section("indicators", say("Indicators and triggers"), [terms.sheet.table(heads, rows, sort=False)], lead)


def _line(terms: Terms, r: Mapping[str, Any], of: Mapping[str, Any]) -> list[str]:
    say = terms.say
    windowed = of["chart"] not in ("cusum", "ewma")
    often = say("one window of {n} rows in {times}", n=of["rows"], times=of["one_in"]) if windowed else say(
        "one in {times} values", times=of["one_in"])  # fmt: skip
    if of["chart"] == "fixed":
        often = "–"
    delay = "–" if of["delay"] is None else say("{n} values", n=round(of["delay"], 1))
    return [words.breakable(r["id"]), words.short(of["label"]), words.safe(of["chart"].upper()), _limit(terms, of),
            often,
            delay + _seen(terms, of), _trigger(terms, r["trigger"])]  # fmt: skip


def _limit(terms: Terms, of: Mapping[str, Any]) -> str:
    say = terms.say
    if "h" in of:
        return f"k {say.number(round(of['k'], 4))} · h {say.number(round(of['h'], 4))}"
    sides = [("&gt;", of["above"]), ("&lt;", of["below"])]
    return " · ".join(f"{side} {say.number(float(f'{v:.4g}'))}" for side, v in sides if v is not None) or "–"


def _seen(terms: Terms, of: Mapping[str, Any]) -> str:
    say, seen = terms.say, of["seen"]
    if not seen:
        return ""
    if seen["alarm"] is None:
        return f'<br/><span class="how armed">{say("{n} values, no alarm", n=len(seen["path"]))}</span>'
    return f'<br/><span class="how fired">{say("alarm at value {n}", n=seen["alarm"])}</span>'


def _trigger(terms: Terms, trigger: Mapping[str, Any] | None) -> str:
    if not trigger:
        return "–"
    named = f" → {words.short(trigger['fallback'])}" if trigger["fallback"] else ""
    return f"{terms.say(ACTIONS[trigger['action']])}{named}"


def live(terms: Terms) -> Iterable[str]:
    """What the server says of the triggers that it holds."""
    say, made = terms.say, terms.said["live"]
    if not made:
        return ()
    heads = [say("trigger"), say("indicator"), say("limit"), say("now"), say("rows"), say("state")]
    rows = [
        [words.short(t["name"]), words.short(t["watch"]), words.safe(say.again(str(t["limit"]))), t["value"], t["rows"],
         _state(terms, t)]
        for t in made["triggers"]
    ]  # fmt: skip
    action = say(ACTIONS.get(made["action"], made["action"]))
    lead = say("Model {name}: {action}.", name=words.short(made["model"]), action=action)
    return section("live", say("What the server says now"), [terms.sheet.table(heads, rows, sort=False)], lead)


def _state(terms: Terms, t: Mapping[str, Any]) -> str:
    state = str(t["state"])
    if state not in STATES:
        return words.short(state)
    return f'<span class="how {state}">{terms.say(STATES[state])}</span>'
