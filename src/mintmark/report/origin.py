"""Origin: every measure, what is worth knowing, and where it all comes from."""

from collections.abc import Iterable, Sequence

from mintmark.base.record import Measured
from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import Sheet, section

STAGES = {
    "value": mark("Money"), "evaluate": mark("On the test rows"), "valid": mark("On the validation rows"),
    "explain": mark("What it goes by"), "cost": mark("Costs"), "serve": mark("Answering"), "train": mark("Training"),
    "collect": mark("Reading"), "package": mark("Packing"),
}  # fmt: skip
BETTER = {"up": mark("↑ more"), "down": mark("↓ less")}
SPLITS = {
    "time": mark("time"), "group": mark("group"), "stratify": mark("class, the same shares in each part"),
    "shuffle": mark("chance"), "files and time": mark("files and time"), "files and group": mark("files and group"),
    "files and stratify": mark("files and class"), "files and shuffle": mark("files and chance"),
}  # fmt: skip
MACHINE = {"system": mark("system"), "processor": mark("processor"), "cpus": mark("CPUs")}
ROWS = {
    "all": mark("{n} in all"), "dev": mark("{n} to choose on"), "validated": mark("{n} answered in validation"),
    "test": mark("{n} for the test"),
}  # fmt: skip


def measures(sheet: Sheet) -> Iterable[str]:
    """Every measure, by stage; what is exact stands in the page too, as the value of its element."""
    say, found = sheet.say, sheet.record.measures
    if not found:
        return ()
    stages = list(dict.fromkeys(m.name.partition(".")[0] for m in found))
    names = (say("unit"), say("better"), say("how"), say("source"))
    head = f'<th>{say("measure")}</th><th class="n">{say("value")}</th>' + "".join(f"<th>{n}</th>" for n in names)
    bodies = []
    for stage in [*(s for s in STAGES if s in stages), *(s for s in stages if s not in STAGES)]:
        rows = "".join(_measure(sheet, m) for m in found if m.name.partition(".")[0] == stage)
        title = say(STAGES[stage]) if stage in STAGES else words.short(stage)
        bodies.append(f'<tbody><tr class="group"><th colspan="6" scope="rowgroup">{title}</th></tr>{rows}</tbody>')
    whole = f'<table class="measures"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table>'
    summary = say("{n} measures, each with its unit, direction and source", n=len(found))
    return section(
        "measures",
        say("All measures"),
        [f'<details class="paper"><summary>{summary}</summary><div class="wide">{whole}</div></details>'],
    )


def notes(sheet: Sheet) -> Iterable[str]:
    say, found = sheet.say, sheet.record.notes
    items = "".join(f"<li>{words.safe(say.again(n))}</li>" for n in found)
    return section("notes", say("Worth knowing"), [f"<ul>{items}</ul>"] if found else [])


def origin(sheet: Sheet) -> Iterable[str]:
    """Where the figures come from: rows, hashes, machine, recipe. Names of files, not of folders."""
    say, record = sheet.say, sheet.record
    sizes = say.listed([say(text, n=record.rows[k]) for k, text in ROWS.items() if k in record.rows])
    by = say(SPLITS[record.split]) if record.split in SPLITS else words.safe(record.split)
    facts = [
        (say("rows"), sizes + (say("; divided by {by}", by=by) if by else "")),
        *((name, f'<span class="hash">{words.safe(h)}</span>') for name, h in _hashes(sheet)),
        (say("machine"), say.listed([f"{_named(sheet, k)} {words.safe(v)}" for k, v in record.machine.items()])),
    ]
    lines = "".join(f"<tr><th>{name}</th><td>{said}</td></tr>" for name, said in facts)
    recipe = words.safe(words.toml(record.identity()["recipe"]))
    lead = say("With its defaults; what is empty is left out.")
    body = [
        f'<table class="facts"><tbody>{lines}</tbody></table>',
        f'<h3>{say("Recipe")}</h3><p class="soft">{lead}</p><pre>{recipe}</pre>',
    ]
    return section("origin", say("Where it comes from"), body)


def _named(sheet: Sheet, key: str) -> str:
    return sheet.say(MACHINE[key]) if key in MACHINE else words.safe(key)


def _hashes(sheet: Sheet) -> Sequence[tuple[str, str]]:
    say, r = sheet.say, sheet.record
    return ((say("recipe hash"), r.recipe_hash), (say("data hash"), r.data_hash), (say("test hash"), r.test_hash))


def _measure(sheet: Sheet, m: Measured) -> str:
    say = sheet.say
    figure = f'<data value="{float(m.value)!r}">{say.number(m.value)}</data>'
    unit = sheet.unit_of(m)
    how = say("measured") if m.how == "measured" else say("estimated")
    better = say(BETTER[m.better]) if m.better in BETTER else ""
    cells = "".join(f"<td>{text}</td>" for text in (unit, better, how, words.safe(say.again(m.source))))
    return f'<tr><td>{words.breakable(m.name)}</td><td class="n">{figure}</td>{cells}</tr>'
