"""Headline: what a run was, how good and what it earns, in one sentence and a few figures."""

from collections import Counter
from collections.abc import Sequence

from mintmark.base.record import Measured, RunRecord
from mintmark.report import words
from mintmark.report.series import Series

MEANS = {
    "evaluate.owa": ("OWA", "errors against those of Naive2, a plain seasonal forecast: below 1 is better than it"),
    "evaluate.mase": ("MASE", "mean error over that of repeating the last season while training: below 1 is better"),
    "evaluate.smape": ("sMAPE", "mean error as a share of forecast and outcome: 0 is perfect, 2 the worst there is"),
    "evaluate.coverage": ("Coverage", "share of what happened that lay inside its interval"),
    "evaluate.rmse": ("RMSE", "root of the mean squared error, in units of what is answered"),
    "evaluate.roc_auc": ("ROC AUC", "how well positive rows are ranked above the others: 0.5 is chance, 1 perfect"),
    "evaluate.average_precision": ("Average precision", "how pure the top of the ranking is; 1 is perfect"),
    "evaluate.log_loss": ("Log loss", "surprise at each row, 0 is perfect"),
    "evaluate.brier_score": ("Brier score", "mean squared error of the probabilities, 0 is perfect"),
    "evaluate.accuracy": ("Accuracy", "share of rows whose likeliest class is the true one"),
    "evaluate.perplexity": ("Perplexity", "as if so many choices were equally likely at each step; less is better"),
}
FOR_SERIES = ("evaluate.owa", "evaluate.smape", "evaluate.coverage", "evaluate.mase", "evaluate.rmse")
MOST = 4


def sentence(record: RunRecord, figures: Sequence[Series]) -> str:
    """One sentence, safe: what, how many, what comes next, how good, and what a case earns where that was measured."""
    m = {x.name: x for x in record.measures}
    task, rows = words.short(record.task.replace("_", " ")), record.rows
    if figures:
        n = len(figures)
        what = f"{n:,} series" if n > 1 else f"<bdi>{words.short(figures[0].name)}</bdi>"
        said = [f"A forecast of {what}{_ahead(figures)}"]
    else:
        said = [f"A model for {task}" + (f", from {rows['all']:,} rows" if "all" in rows else "")]
    where = f"on {rows['test']:,} test rows that no choice had seen" if rows.get("test") else "on the test rows"
    good = [_said(m[name]) for name in _main(record, bool(figures))[:3]]
    if good:
        said.append(f"{where}: {', '.join(good)}")
    if money := _money(m):
        said.append(f"a case earned {money}")
    return "; ".join(said) + "."


def tiles(record: RunRecord, figures: Sequence[Series]) -> str:
    """The main figures with what they mean."""
    m = {x.name: x for x in record.measures}
    level = next((s.level for s in figures if s.level), None)
    made = []
    for name in _main(record, bool(figures)):
        label, means = MEANS.get(name) or (_plain(name), _direction(m[name]))
        if name == "evaluate.coverage" and level:
            means += f"; {words.share(level)} was aimed at"
        made.append(_tile(label, _short(m[name]), means))
    if "value.per_case" in m:
        unit, per_case = words.short(m["value.per_case"].unit), words.number(m["value.per_case"].value)
        ends = [words.number(m[n].value) for n in ("value.per_case.low", "value.per_case.high") if n in m]
        means = "what a decision earned on the test rows" + (f"; 95 % between {' and '.join(ends)}" if ends else "")
        made.append(_tile("Money per case", f"{per_case} {unit}", means))
    return f'<div class="tiles">{"".join(made)}</div>' if made else ""


def _ahead(figures: Sequence[Series]) -> str:
    """How far the coming forecasts reach: those of the times that most series share."""
    coming = [s for s in figures if len(s.coming[0])]
    if not coming:
        return ""
    spans = Counter((len(s.coming[0]), " to ".join(words.times(s.coming[0][[0, -1]]))) for s in coming)
    (steps, span), n = spans.most_common(1)[0]
    when = f" ({span})" if steps > 1 else f" ({span.partition(' to ')[0]})"
    shared = when if 2 * n > len(coming) else ", each from its own end"
    return f" for the next {steps:,} steps{shared}" if steps > 1 else f" for the next step{shared}"


def _main(record: RunRecord, series: bool) -> list[str]:
    """Names of the measures worth a place on top: of series their own; else the first that the task gives."""
    have = [
        m.name for m in record.measures if m.name.startswith("evaluate.") and m.unit not in ("s", "bytes", "J", "runs")
    ]
    own = [n for n in FOR_SERIES if n in have]
    money = any(m.name == "value.per_case" for m in record.measures)
    return (own if series and own else have)[: MOST - money]


def _said(m: Measured) -> str:
    if m.name == "evaluate.owa":
        off = "less" if m.value < 1 else "more"
        return f"OWA {words.number(m.value)} ({words.share(abs(1 - m.value))} {off} error than Naive2)"
    if m.name == "evaluate.coverage":
        return f"{words.share(m.value)} of what happened lay inside its interval"
    label = MEANS[m.name][0] if m.name in MEANS else _plain(m.name)
    return f"{label if any(c.isupper() for c in label[1:]) else label.lower()} {_short(m)}"


def _plain(name: str) -> str:
    return words.short(name.partition(".")[2].replace("_", " ").capitalize())


def _short(m: Measured) -> str:
    if m.name in ("evaluate.coverage", "evaluate.accuracy"):
        return words.share(m.value)
    return words.number(m.value) + ("" if m.unit in ("1", "target", "") else f" {words.short(m.unit)}")


def _direction(m: Measured) -> str:
    return {"up": "more is better", "down": "less is better", "": "neither more nor less is better"}[m.better]


def _money(m: dict[str, Measured]) -> str:
    if "value.per_case" not in m:
        return ""
    said = f"{words.number(m['value.per_case'].value)} {words.short(m['value.per_case'].unit)}"
    ends = [words.number(m[n].value) for n in ("value.per_case.low", "value.per_case.high") if n in m]
    return said + (f" (95 % between {' and '.join(ends)})" if len(ends) == 2 else "")


def _tile(label: str, figure: str, means: str) -> str:
    return f'<div class="tile">{label}<b>{figure}</b><small>{means}</small></div>'
