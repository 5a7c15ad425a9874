"""Usage: time, memory, energy and cost of each stage, what an answer takes, and how often the test rows were opened."""

from collections.abc import Iterable

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.leaning import bar
from mintmark.report.sheet import Cell, Sheet, section

STAGES = {
    "collect": mark("reading"), "train": mark("training"), "evaluate": mark("answering the test rows"),
    "package": mark("packing"),
}  # fmt: skip


def parts(sheet: Sheet) -> Iterable[str]:
    say = sheet.say
    return section("usage", say("Time and cost"), [*_stages(sheet), *_answers(sheet)])


def looks(sheet: Sheet) -> str:
    """How often these test rows were opened, in a sentence; safe."""
    say, m = sheet.say, sheet.measure("evaluate.looks")
    if m is None:
        return ""
    n = int(m.value)
    if n <= 1:
        return say("No run opened these test rows before this one.")
    return say.count(
        n - 1, "{n} run opened these test rows before: figures on them are rosy.",
        "{n} runs opened these test rows before: figures on them are rosy.",
    )  # fmt: skip


def _stages(sheet: Sheet) -> Iterable[str]:
    say = sheet.say
    found = [s for s in STAGES if sheet.measure(f"{s}.wall")]
    if not found:
        return
    told = {s: {n: sheet.measure(f"{s}.{n}") for n in ("wall", "cpu", "peak_memory", "energy")} for s in found}
    walls = [m.value for s in found if (m := told[s]["wall"])]
    energy, paid, restored = any(told[s]["energy"] for s in found), sheet.measure("cost.train"), _restored(sheet)
    spent = sum(walls) + restored
    heads = [say("stage"), "", say("time"), say("processor time"), say("peak memory")]
    heads += [say("energy")] if energy else []
    heads += [say("cost, {unit}", unit=say.currency(words.short(paid.unit)))] if paid else []
    rows: list[list[Cell]] = []
    for s in found:
        wall, cpu, memory, used = (told[s][n] for n in ("wall", "cpu", "peak_memory", "energy"))
        row: list[Cell] = [say(STAGES[s]), bar(wall.value / (max(walls) or 1.0) if wall else 0.0)]
        row += [_figure(m.value, say.duration(m.value)) if m else None for m in (wall, cpu)]
        row.append(_figure(memory.value, say.size(memory.value)) if memory else None)
        row += [_figure(used.value, f"{say.number(used.value)} J") if used else None] if energy else []
        if paid:
            cost = paid.value * wall.value / spent if wall and spent else 0.0
            row.append(_figure(cost, say.number(float(f"{cost:.2g}"))))
        rows.append(row)
    yield sheet.table(heads, rows, kind="barred right")
    lines = [f"{words.safe(m.name)}: {words.safe(say.again(m.source))}" for m in told[found[0]].values() if m]
    if not energy:
        lines.append(say("Energy is measured where the processor's counters (RAPL) can be read; here they cannot."))
    if paid:
        lines.append(say("Cost: the share of a stage in the time of all, of what making the model costs (estimated)."))
    yield sheet.source(*lines, rows=0)


def _restored(sheet: Sheet) -> float:
    """Seconds of fits that were read back from a run that was interrupted."""
    m = sheet.measure("train.restored")
    return m.value if m else 0.0


def _figure(value: float, text: str) -> str:
    return f'<data value="{float(value)!r}">{words.safe(text)}</data>'


def _answers(sheet: Sheet) -> Iterable[str]:
    """Costs, and what an answer takes."""
    say = sheet.say
    named = (
        ("cost.train", mark("making the model")), ("cost.per_1k_predictions", mark("1,000 answers, one by one")),
        ("cost.per_1k_predictions.batch_256", mark("1,000 answers, 256 at a time")),
        ("serve.p50", mark("an answer, in the middle")), ("serve.p99", mark("an answer, the slowest of a hundred")),
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for name, label in named:
        if m := sheet.measure(name):
            said = say.duration(m.value) if m.unit == "s" else say.money(m.value, words.short(m.unit))
            how = say("measured") if m.how == "measured" else say("estimated")
            opens = f"<details><summary>{how}</summary>{words.safe(say.again(m.source))}</details>"
            rows.append([say(label), _figure(m.value, said), opens])
    if rows:
        heads = [say("what"), say("figure"), say("how")]
        yield sheet.table(heads, rows, kind="costs", sort=False)
