"""Samples: texts that were written to the prompts of the test, beside the true ones."""

from collections.abc import Iterable

from mintmark.report import words
from mintmark.report.sheet import Sheet, section


def parts(sheet: Sheet) -> Iterable[str]:
    say, samples = sheet.say, sheet.figures.samples
    if not samples:
        return ()
    lead = say("The first prompts of the test, and how the model went on. It had seen none of these texts.")
    body = [_sample(sheet, s, i) for i, s in enumerate(samples)]
    source = sheet.source(say("Written once by the model of the bundle, with the settings of the recipe."))
    return section("samples", say("What it writes"), [f'<div class="samples">{"".join(body)}</div>', source], lead)


def _sample(sheet: Sheet, one: dict[str, str], place: int) -> str:
    say = sheet.say
    asked = f'<span class="asked">{words.safe(one["prompt"])}</span>'
    true = f"<details><summary>{say('How the text really goes on')}</summary><p>{words.safe(one['true'])}</p></details>"
    return f'<blockquote><p dir="auto">{asked}<mark>{words.safe(one["text"])}</mark></p>{true}</blockquote>'
