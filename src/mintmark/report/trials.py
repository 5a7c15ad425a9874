"""Trials: what a search tried, side by side on the same validation rows, the best first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mintmark.base import figures
from mintmark.report import words

MOST = 20
COLUMNS = {
    "average_precision": "PR AUC", "roc_auc": "ROC AUC", "log_loss": "log loss", "savings": "savings",
    "emp_churn": "EMP", "rmse": "RMSE", "r2": "R2", "owa": "OWA", "smape": "sMAPE",
}  # fmt: skip
"""measures that get a column where a trial has them, in this order"""


def table(trials: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The trials on all rows; those on a part of them, and those that failed, behind a line that opens them."""
    done = [t for t in trials if "value" in t]
    whole = sorted((t for t in done if t["share"] >= 1), key=_worth, reverse=True)
    if not done:
        return
    name, unit = done[0]["name"], "" if done[0]["unit"] == "1" else f" in {words.short(done[0]['unit'])}"
    yield "<h2>What was tried</h2>"
    judged = f"{len(trials):,} trials, judged by {words.short(name)}{unit} on the validation rows, the same for all. "
    yield f'<p class="soft">{judged}A blend is a mean with the weights shown.</p>'
    shown = [c for c in COLUMNS if c != name and any(c in t["measures"] for t in done)][:4]
    if whole:
        yield _table(whole[:MOST], name, shown)
    if part := sorted((t for t in done if t["share"] < 1), key=lambda t: (t["rows"], _worth(t)), reverse=True):
        said = f"{len(part):,} trials on a part of the rows: what more rows are worth"
        yield f"<details><summary>{said}</summary>{_table(part, name, shown)}</details>"
    if failed := [t for t in trials if "failed" in t]:
        items = "".join(f"<li>{named(t)}: {words.safe(t['failed'])}</li>" for t in failed)
        yield f"<details><summary>{len(failed):,} were not done</summary><ul>{items}</ul></details>"


def named(trial: Mapping[str, Any]) -> str:
    """The model, the way of treating the rows, and the settings; safe."""
    settings = {k: figures.number(v) if isinstance(v, float) else v for k, v in trial["settings"].items()}
    model = str(settings.pop("model", "as the recipe says")).replace("_", " ")
    ways = "".join(f" + {w.replace(':', ': ')}" for w in trial["with"] if ":" in w)
    said = ", ".join(f"{k} {v}" for k, v in settings.items())
    return words.short(model + ways, 80) + (f"<small>{words.short(said, 120)}</small>" if said else "")


def _worth(trial: Mapping[str, Any]) -> float:
    value = float(trial["value"])
    return -value if trial["better"] == "down" else value


def _table(trials: Sequence[Mapping[str, Any]], name: str, shown: Sequence[str]) -> str:
    paid = trials[0].get("cost", {}).get("unit", "")
    heads = [name.removeprefix("value.").replace("_", " "), "95 %", *(COLUMNS[c] for c in shown), "rows", "seconds"]
    heads += [paid] if paid else []
    head = "".join(f'<th class="n">{words.short(h)}</th>' for h in [*heads, "weight"])
    body = "".join(f"<tr><th>{named(t)}</th>{''.join(_cells(t, shown, paid))}</tr>" for t in trials)
    whole = f'<table class="trials"><thead><tr><th>model</th>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{whole}</div>'


def _cells(t: Mapping[str, Any], shown: Sequence[str], paid: str) -> Iterable[str]:
    yield f'<td class="n"><data value="{float(t["value"])!r}">{words.number(t["value"])}</data></td>'
    between = t["low"] < t["high"]
    yield (
        f'<td class="n">{words.number(t["low"])} to {words.number(t["high"])}</td>'
        if between
        else '<td class="n">–</td>'
    )
    for c in shown:
        yield f'<td class="n">{words.number(t["measures"][c]) if c in t["measures"] else "–"}</td>'
    yield f'<td class="n">{t["rows"]:,}</td><td class="n">{t["wall_s"]:.1f}</td>'
    if paid:
        yield f'<td class="n">{t["cost"]["value"]:.2g}</td>'
    yield f'<td class="n">{t["weight"]:.2f}</td>' if t["weight"] else '<td class="n"></td>'
