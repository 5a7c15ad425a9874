"""The page of the calculators: what each asks for and gives, with its formula, its source and a line to try."""

from mintmark.capital.calculator import Calculator, every
from mintmark.cli import calc
from pages.form import Say, fields, table


def page(say: Say) -> str:
    lines = [f"# {say('Calculators')}", "", say("How to call them: [calculate one figure](../how-to/calc.md)."), ""]
    for group in dict.fromkeys(found.group for found in every().values()):
        here = {name: found for name, found in every().items() if found.group == group}
        lines += [f"## {say(group).rstrip('.。')}", ""]
        firsts = ((f"[`{name}`](#{name})", say(found.about)) for name, found in here.items())
        lines += [*table((say("calculator"), say("does")), firsts), ""]
        for name, found in here.items():
            lines += [f"### {name}", "", *one(found, say), ""]
    return "\n".join(lines)


def one(found: Calculator, say: Say) -> list[str]:
    lines = [line for text in found.says for line in (say(text), "")]
    lines += [*fields(found.inputs, say, {}, head="input"), ""]
    units = {key: "" if unit in ("", "1") else say.again(unit) for key, unit in found.unit.items()}
    lines += [*table((say("result"), say("unit")), ((f"`{key}`", unit) for key, unit in units.items())), ""]
    lines += [say("Formula: {text}.", text=f"`{say.again(found.formula)}`"), ""]
    lines += [say("Source: {text}.", text=say.again(found.source)), ""]
    return [*lines, "```bash", calc.about(found)["example"], "```"]
