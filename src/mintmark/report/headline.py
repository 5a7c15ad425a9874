"""Headline: what a run was, what to do, how good it is and what it earns, in sentences and a few figures."""

from collections.abc import Iterable

from mintmark.base.record import Measured
from mintmark.base.words import mark
from mintmark.report import forecast, money, quality, usage, words
from mintmark.report.sheet import Sheet

TASKS = {
    "tabular_classification": mark("Tabular classification"), "tabular_regression": mark("Tabular regression"),
    "forecasting": mark("Forecasting"), "text_generation": mark("Text generation"),
}  # fmt: skip
MEANS = {
    "evaluate.owa": ("OWA", mark("errors against those of Naive2, a plain seasonal forecast: below 1 is better")),
    "evaluate.mase": ("MASE", mark("mean error over that of repeating the last season in training: below 1 is better")),
    "evaluate.smape": ("sMAPE", mark("mean error as a share of forecast and outcome: 0 is perfect, 2 the worst")),
    "evaluate.coverage": (mark("Coverage"), mark("share of what happened that lay inside its interval")),
    "evaluate.rmse": ("RMSE", mark("root of the mean squared error, in units of what is answered")),
    "evaluate.mae": ("MAE", mark("mean size of the error, in units of what is answered")),
    "evaluate.r2": ("R²", mark("share of the spread that is explained: 1 is perfect, 0 is the mean alone")),
    "evaluate.roc_auc": ("ROC AUC", mark("how well positive rows rank above the others: 0.5 is chance, 1 perfect")),
    "evaluate.average_precision": (mark("Average precision"), mark("how pure the top of the ranking is; 1 is perfect")),
    "evaluate.log_loss": (mark("Log loss"), mark("surprise at each row, 0 is perfect")),
    "evaluate.brier_score": (mark("Brier score"), mark("mean squared error of the probabilities, 0 is perfect")),
    "evaluate.accuracy": (mark("Accuracy"), mark("share of rows whose likeliest class is the true one")),
    "evaluate.perplexity": (mark("Perplexity"), mark("as if so many choices were equally likely each time")),
    "evaluate.loss": (mark("Loss"), mark("surprise at each token; less is better")),
    "evaluate.bits_per_byte": (mark("Bits per byte"), mark("what a byte of text costs to say; less is better")),
    "evaluate.nats_per_character": (mark("Nats per character"), mark("surprise at each character; less is better")),
}  # fmt: skip
"""label and meaning of the measures that stand on top"""
FOR_SERIES = ("evaluate.owa", "evaluate.smape", "evaluate.coverage", "evaluate.mase", "evaluate.rmse")
MOST = 4


def title(sheet: Sheet) -> str:
    """What is answered, in a few words; safe."""
    say, record = sheet.say, sheet.record
    task = say(TASKS[record.task]) if record.task in TASKS else words.short(record.task.replace("_", " ").capitalize())
    target = record.recipe.get("target")
    target = target if isinstance(target, str) else ""
    return say("{task}: {target}", task=task, target=f"<bdi>{words.short(target)}</bdi>") if target else task


def sentence(sheet: Sheet) -> str:
    """What to do, and what that earned; without a payoff what it is and how good; safe."""
    say, record = sheet.say, sheet.record
    said = []
    if sheet.figures.forecasts:
        said.append(_forecast(sheet))
    elif not (decides := money.rule(sheet)):
        task, n = words.short(record.task.replace("_", " ")), record.rows.get("all")
        task = say(TASKS[record.task]) if record.task in TASKS else task
        said.append(say("{task}, learnt from {n} rows.", task=task, n=n) if n else say("{task}.", task=task))
    else:
        said.append(decides)
    good = [_said(sheet, m) for m in _main(sheet)[:3]]
    if good and (sheet.figures.forecasts or not sheet.unit):
        n = record.rows.get("test")
        where = (
            say("On {n} test rows that no choice had seen: {measures}.", n=n, measures=say.listed(good))
            if n
            else say("On the test rows: {measures}.", measures=say.listed(good))
        )
        said.append(where)
    said.append(money.earned(sheet, told=len(said) > 1))
    return say.together(*said).replace(" %", "\N{NO-BREAK SPACE}%")


def picture(sheet: Sheet) -> Iterable[str]:
    """One picture: the money, of series the largest, or how good the answers are."""
    if sheet.unit and not sheet.figures.forecasts:
        yield from money.picture(sheet)
    elif sheet.figures.forecasts:
        yield from forecast.picture(sheet)
    else:
        yield from quality.first(sheet)


def tiles(sheet: Sheet) -> str:
    """The main figures with what they mean; each opens where it comes from."""
    say = sheet.say
    level = next((s.level for s in sheet.figures.forecasts.shown if s.level), None) if sheet.figures.forecasts else None
    made = []
    for m in _main(sheet):
        label, means = MEANS.get(m.name) or (_plain(m.name), _direction(m))
        text = say(means)
        if m.name == "evaluate.coverage" and (level or sheet.figures.decision.get("level")):
            aim = say.share(level or sheet.figures.decision["level"])
            text += say("; {share} was aimed at", share=aim)
        made.append(_tile(sheet, say(label), _short(sheet, m), text, m))
    per_case = sheet.measure("value.per_case")
    if per_case:
        ends = [sheet.measure(n) for n in ("value.per_case.low", "value.per_case.high")]
        text = say("what a decision earned on the test rows")
        if ends[0] and ends[1]:
            text += say("; 95 % between {a} and {b}", a=ends[0].value, b=ends[1].value)
        made.append(
            _tile(sheet, say("Money a case"), say.money(per_case.value, words.short(per_case.unit)), text, per_case)
        )
    reused = usage.looks(sheet)
    below = f'<p class="soft looks">{reused}</p>' if reused else ""
    return (f'<div class="tiles">{"".join(made)}</div>' if made else "") + below


def _forecast(sheet: Sheet) -> str:
    say, told = sheet.say, sheet.figures.forecasts
    if told is None:
        return ""
    name = f"<bdi>{words.short(told.shown[0].name)}</bdi>"
    what = say("{n} series", n=told.every) if told.every > 1 else name
    steps, first, last, shared = told.span
    if not steps:
        return say("A forecast of {what}.", what=what)
    when = say(" ({a} to {b})", a=first, b=last) if steps > 1 else f" ({first})"
    if not shared:
        when = say(", each from its own end")
    return say.count(
        steps, "A forecast of {what} for the next step{when}.", "A forecast of {what} for the next {n} steps{when}.",
        what=what, when=when,
    )  # fmt: skip


def _main(sheet: Sheet) -> list[Measured]:
    """The measures worth a place on top: of series their own; else the first that the task gives."""
    have = [
        m for m in sheet.record.measures
        if m.name.startswith("evaluate.") and m.unit not in ("s", "bytes", "J", "runs", "tokens")
    ]  # fmt: skip
    own = [m for n in FOR_SERIES for m in have if m.name == n]
    chosen = own if sheet.figures.forecasts and own else have
    return chosen[: MOST - bool(sheet.unit)]


def _said(sheet: Sheet, m: Measured) -> str:
    say = sheet.say
    if m.name == "evaluate.owa":
        off = say.share(abs(1 - m.value))
        return (
            say("OWA {value} ({off} less error than Naive2)", value=m.value, off=off)
            if m.value < 1
            else say("OWA {value} ({off} more error than Naive2)", value=m.value, off=off)
        )
    if m.name == "evaluate.coverage":
        return say("{share} of what happened lay inside its interval", share=say.share(m.value))
    label = say(MEANS[m.name][0]) if m.name in MEANS else _plain(m.name)
    lower = label.lower() if label[1:].islower() else label
    return f"{lower} {_short(sheet, m)}"


def _plain(name: str) -> str:
    return words.short(name.partition(".")[2].replace("_", " ").capitalize())


def _short(sheet: Sheet, m: Measured) -> str:
    if m.name in ("evaluate.coverage", "evaluate.accuracy"):
        return sheet.say.share(m.value)
    return sheet.say.number(m.value) + ("" if m.unit in ("1", "target", "") else f" {sheet.unit_of(m)}")


def _direction(m: Measured) -> str:
    return {
        "up": mark("more is better"), "down": mark("less is better"), "": mark("neither more nor less is better"),
    }[m.better]  # fmt: skip


def _tile(sheet: Sheet, label: str, figure: str, means: str, m: Measured) -> str:
    say = sheet.say
    how = say("measured") if m.how == "measured" else say("estimated")
    source = f"<p>{words.safe(say.again(m.source))}</p>" if m.source else ""
    origin = f"<p>{words.breakable(m.name)} · {how}</p>{source}"
    opens = f'<details class="source"><summary>{say("source")}</summary>{origin}</details>'
    value = f'<data value="{float(m.value)!r}">{figure}</data>'
    return f'<div class="tile">{label}<b>{value}</b><small>{means}</small>{opens}</div>'
