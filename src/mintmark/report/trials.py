"""Trials: what a search tried, side by side on the same validation rows, and what more rows are worth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import Cell, Raw, Sheet, section

MOST, MOST_LINES = 20, 6
COLUMNS = {
    "average_precision": "PR AUC", "roc_auc": "ROC AUC", "log_loss": mark("log loss"), "savings": mark("savings"),
    "emp_churn": "EMP", "rmse": "RMSE", "r2": "R2", "owa": "OWA", "smape": "sMAPE",
}  # fmt: skip
"""measures that get a column where a trial has them, in this order"""
COLOURS = ("--coming", "--tested", "--known", "--good", "--bad", "--soft")


def parts(sheet: Sheet) -> Iterable[str]:
    """The trials on all rows; those on a part of them, and those that failed, behind a line that opens them."""
    say, trials = sheet.say, _told_apart(sheet.record.trials)
    done = [t for t in trials if "value" in t]
    if not done:
        return ()
    name, unit = str(done[0]["name"]), str(done[0]["unit"])
    judge = measure(sheet, name)
    if unit not in ("1", "target"):
        judge = say("{measure} ({unit})", measure=judge, unit=say.currency(words.short(unit)))
    lead = say(
        "{n} trials, judged by {measure} on the validation rows, the same for all. A blend is a weighted mean.",
        n=len(trials), measure=judge,
    )  # fmt: skip
    return section("tried", say("What was tried"), _body(sheet, trials, name), lead)


def _told_apart(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the ways of treating the rows, such as `balance:smote`, that all of them have."""
    ways = [set(t["with"]) for t in trials if t.get("origin") != "blend"]
    same = set.intersection(*ways) if ways else set()
    return [{**t, "with": [w for w in t["with"] if ":" in w and w not in same]} for t in trials]


def _body(sheet: Sheet, trials: Sequence[Mapping[str, Any]], name: str) -> Iterable[str]:
    say, done = sheet.say, [t for t in trials if "value" in t]
    whole = sorted((t for t in done if t["share"] >= 1), key=_worth, reverse=True)
    shown = [c for c in COLUMNS if c != name and any(c in t["measures"] for t in done)][:4]
    if whole:
        yield _table(sheet, whole[:MOST], name, shown)
    yield from _learning(sheet, done, name)
    if part := sorted((t for t in done if t["share"] < 1), key=lambda t: (t["rows"], _worth(t)), reverse=True):
        said = say.count(len(part), "{n} trial on a part of the rows", "{n} trials on a part of the rows")
        yield f"<details><summary>{said}</summary>{_table(sheet, part, name, shown)}</details>"
    if failed := [t for t in trials if "failed" in t]:
        items = "".join(f"<li>{named(sheet, t)}: {words.safe(say.again(str(t['failed'])))}</li>" for t in failed)
        said = say.count(len(failed), "{n} was not done", "{n} were not done")
        yield f"<details><summary>{said}</summary><ul>{items}</ul></details>"
    yield sheet.source(
        say("Answers to the validation rows, each by a model that had not seen them; the test rows were sealed."),
        rows=0,
    )


def measure(sheet: Sheet, name: str) -> str:
    """The name of what trials are judged by; safe."""
    if name == "value.per_case":
        return sheet.say("money a case")
    return sheet.say(COLUMNS[name]) if name in COLUMNS else words.short(name.removeprefix("value.").replace("_", " "))


def named(sheet: Sheet, trial: Mapping[str, Any]) -> str:
    """The model, the ways of treating the rows, and the settings; safe."""
    settings = {k: sheet.say.number(v) if isinstance(v, float) else v for k, v in trial["settings"].items()}
    model = _model(sheet, settings.pop("model", ""), trial)
    said = ", ".join(f"{k} {v}" for k, v in settings.items())
    return words.short(model, 80) + (f"<small>{words.short(said, 120)}</small>" if said else "")


def _model(sheet: Sheet, model: Any, trial: Mapping[str, Any]) -> str:
    parts = [str(model).replace("_", " "), *(w.replace(":", ": ") for w in trial["with"])]
    return " + ".join(filter(None, parts)) or sheet.say("as the recipe says")


def _worth(trial: Mapping[str, Any]) -> float:
    value = float(trial["value"])
    return -value if trial["better"] == "down" else value


def _table(sheet: Sheet, trials: Sequence[Mapping[str, Any]], name: str, shown: Sequence[str]) -> str:
    say, paid = sheet.say, trials[0].get("cost", {}).get("unit", "")
    heads = [say("model"), measure(sheet, name), "95 %", *(say(COLUMNS[c]) for c in shown), say("rows"), say("seconds")]
    heads += [*([say("cost, {unit}", unit=say.currency(words.short(paid)))] if paid else []), say("weight")]
    return sheet.table(heads, [_row(sheet, t, shown, paid) for t in trials], kind="trials")


def _row(sheet: Sheet, t: Mapping[str, Any], shown: Sequence[str], paid: str) -> list[Cell]:
    say = sheet.say
    between = words.between(say.number(t["low"]), say.number(t["high"])) if t["low"] < t["high"] else "–"
    more: list[Cell] = [t["measures"].get(c) for c in shown]
    cost: list[Cell] = [t.get("cost", {}).get("value")] if paid else []
    return [named(sheet, t), float(t["value"]), between, *more, t["rows"], float(t["wall_s"]), *cost, t["weight"] or ""]


def _learning(sheet: Sheet, done: Sequence[Mapping[str, Any]], name: str) -> Iterable[str]:
    """What the same model with the same settings was worth on fewer rows."""
    say = sheet.say
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for t in done:
        if t.get("origin") != "blend":
            lines.setdefault(str([sorted((k, str(v)) for k, v in t["settings"].items()), list(t["with"])]), []).append(
                t
            )
    curves = [sorted(same, key=lambda t: t["rows"]) for same in lines.values() if len({t["rows"] for t in same}) > 1]
    curves = sorted(curves, key=lambda c: _worth(c[-1]), reverse=True)[:MOST_LINES]
    if not curves:
        return
    label = measure(sheet, name)
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": _label(sheet, c[0]), "x": [t["rows"] for t in c],
            "y": [float(t["value"]) for t in c], "line": {"color": COLOURS[i], "width": 2},
            "hovertemplate": Raw(f"%{{x:,}} {say('rows')}<br>%{{y:.4~g}}<extra></extra>"),
        }
        for i, c in enumerate(curves)
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("rows fitted on")}, "type": "log", "nticks": 6},
        "yaxis": {"title": {"text": label}},
    }
    caption = say("The same models on more rows: where a line still rises, more data are worth their price.")
    rows = [[words.short(_label(sheet, c[0])), t["rows"], float(t["value"])] for c in curves for t in c]
    table = sheet.table([say("model"), say("rows"), label], rows)
    source = sheet.source(
        say("Trials on a part of the rows, each share within the next; the same validation rows for all."), rows=0
    )
    plot = sheet.plot(say("Learning curve"), data, layout, caption=caption, source=source, table=table)
    yield f'<div class="charts one">{plot}</div>'


def _label(sheet: Sheet, trial: Mapping[str, Any]) -> str:
    settings = dict(trial["settings"])
    model = _model(sheet, settings.pop("model", ""), trial)
    said = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in settings.items())
    return f"{model} ({said})"[:40] if said else model
