"""Ran: the list of runs, and one run: what it earns, and its report."""

from collections.abc import Sequence

from mintmark.base.words import Language, mark
from mintmark.report import headline, money, words
from mintmark.serving.page import told
from mintmark.serving.page.pieces import NONE, amount, badge, link, table
from mintmark.serving.page.runs import MOST, Entry, read

MEASURES = {
    "value.per_case": mark("Money a case"), "evaluate.roc_auc": "ROC AUC", "evaluate.log_loss": mark("Log loss"),
    "cost.train": mark("Cost of training"),
}  # fmt: skip
"""what the ledger holds of a run"""


def listed(entries: Sequence[Entry], say: Language) -> str:
    """A line for each run, the newest first."""
    head = f'<h1 tabindex="-1">{words.safe(say("Runs"))}</h1>'
    if not entries:
        said = say("No run is known here. `mintmark run RECIPE` makes one; this list is that of `mintmark runs`.")
        return f'{head}<p class="lead">{words.safe(said)}</p>'
    names = [n for n in MEASURES if any(n in e.measures for e in entries)]
    heads = [say("Run"), say("Started, UTC"), say("Task"), *(say(MEASURES[n]) for n in names), say("Answers as")]
    rows = [_line(e, names, say) for e in entries]
    numbers = range(3, 3 + len(names))
    lead = say.count(len(entries), "{n} run, the newest first.", "{n} runs, the newest first.")
    if len(entries) >= MOST:
        lead = say.together(lead, say("Older ones: mintmark runs --limit N."))
    shown = table(words.safe(say("Runs")), [words.safe(h) for h in heads], rows, numbers=numbers, kind="told runs")
    return f'{head}<p class="soft">{words.safe(lead)}</p>{shown}'


def _line(entry: Entry, names: Sequence[str], say: Language) -> list[str]:
    cells = [link(f"runs/{entry.id}", f'<span class="hash">{words.short(entry.run)}</span>')]
    cells += [words.safe(say.moment(entry.time)), told.task(entry.task, say)]
    for name in names:
        if name not in entry.measures:
            cells.append(NONE)
            continue
        value, unit = entry.measures[name]
        cells.append(say.number(value) if unit in ("1", "nats", "") else amount(value, words.short(unit), say))
    served = ", ".join(link(f"models/{m.partition('@')[0]}", words.safe(m)) for m in entry.models)
    return [*cells, served or NONE]


def whole(entry: Entry, say: Language) -> str:
    """One run.

    Raises: DataError: its folder is gone, or what lies there is damaged.
    """
    found = read(entry)
    sheet = told.sheet(found, say)
    warned = ""
    if entry.sha256 and entry.sha256 != found.sha256:
        said = say(
            "The record that lies there is not the one that was entered when the run ended: it was altered since."
        )
        warned = f'<p class="warned" role="alert">{badge(words.safe(say("altered")), "bad")} {words.safe(said)}</p>'
    when = say("{time} UTC", time=words.safe(say.moment(entry.time))) if entry.time else ""
    run = f'{words.safe(say("run"))} <span class="hash">{words.short(entry.run)}</span>'
    facts = " · ".join(f for f in (run, when) if f)
    served = ", ".join(link(f"models/{m.partition('@')[0]}", words.safe(m)) for m in entry.models)
    answers = f"<p>{words.safe(say('Answers here as'))} {served}</p>" if served else ""
    picture = "".join(money.picture(sheet)) if sheet.unit and not found.figures.forecasts else ""
    reading = words.safe(say("Read the report"))
    body = [
        f'<h1 tabindex="-1">{headline.title(sheet)}</h1><p class="soft">{facts}</p>', warned,
        f'<p class="lead">{headline.sentence(sheet)}</p>', answers, told.styled(picture), headline.tiles(sheet),
        f'<p class="buttons"><a class="button" href="#/runs/{words.safe(entry.id)}/report">{reading}</a></p>',
    ]  # fmt: skip
    return "".join(body)
