"""Told: what a run says of itself, in the sentences and figures of its report; and the report itself."""

import html
import re

from mintmark import report, reporting
from mintmark.base.errors import DataError, MintmarkError
from mintmark.base.record import Measured, RunRecord
from mintmark.base.words import Language
from mintmark.report import Figures, headline, money, words
from mintmark.report.sheet import Sheet
from mintmark.serving.model import Model
from mintmark.serving.page import headers
from mintmark.serving.page.runs import Entry, Read, read

HEAD = 8192
"""characters in which the head of a report says its language and its policy"""
MOST_BYTES = 64 << 20
LANGUAGE = re.compile(r'<html lang="([A-Za-z-]+)">')
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>')
DIGEST = re.compile(r"'sha256-[A-Za-z0-9+/=]+'")
STYLE = re.compile(r' style="')


def sheet(found: Read, say: Language) -> Sheet:
    return Sheet(found.record, found.figures, say)


def styled(part: str) -> str:
    """Styles of single elements as the page's script sets them: its policy lets no markup do so.

    In texts of others a quotation mark is written as an entity, so nothing but markup of ours is meant.
    """
    return STYLE.sub(' data-style="', part)


def title(model: Model, say: Language) -> str:
    """What a model answers, in a few words; safe."""
    return headline.title(Sheet(_record(model), Figures(), say))


def task(name: str, say: Language) -> str:
    """Safe."""
    return say(headline.TASKS[name]) if name in headline.TASKS else words.short(name.replace("_", " ").capitalize())


def sentence(entry: Entry | None, model: Model | None, say: Language) -> str:
    """What to do and what that earns, as the report of the run says it; of a bundle alone what it promised; safe.

    "" where neither is known.
    """
    if entry is not None:
        try:
            return headline.sentence(sheet(read(entry), say))
        except MintmarkError:  # its folder is gone, which the page of the run says
            pass
    if model is None or not model.loaded.facts.get("promise"):
        return ""
    return money.earned(Sheet(_record(model), Figures(), say), told=True)


def _record(model: Model) -> RunRecord:
    """As much of a run's record as its bundle holds."""
    facts = model.loaded.facts
    recipe, promise = facts.get("recipe") or {}, facts.get("promise") or {}
    run, name, recipe_hash, data_hash = (str(facts.get(n, "")) for n in ("run", "task", "recipe_hash", "data_hash"))
    unit = str(promise.get("currency", ""))
    kept = (("value.per_case", "per_case"), ("value.per_case.low", "low"), ("value.per_case.high", "high"))
    measures = [Measured(name, float(promise[key]), unit, "up") for name, key in kept if key in promise]
    return RunRecord(run, name, recipe_hash, data_hash, recipe=recipe, measures=measures)


def page(entry: Entry, say: Language) -> str:
    """The report of a run as it was written; made anew where it is of another language, of another version, or altered
    so that other scripts than ours are in it.

    Raises: DataError: the folder of the run is gone, or damaged.
    """
    kept = entry.file(reporting.PAGE)
    if kept and kept.stat().st_size <= MOST_BYTES:
        try:
            written = kept.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            what = f"the report cannot be read: {type(exc).__name__}."
            raise DataError(what, where=str(kept), fix="mintmark report RUN writes it again.") from exc
        if _is_ours(written[:HEAD], say):
            return written
    found = read(entry)
    return report.html(found.record, found.figures, say)


def _is_ours(head: str, say: Language) -> bool:
    """Whether it is in this language, and its policy names no script but those of this version."""
    language, policy = LANGUAGE.search(head), POLICY.search(head)
    wanted = "zh-CN" if say.code == "zh" else say.code
    if not language or not policy or language[1] != wanted:
        return False
    return set(DIGEST.findall(html.unescape(policy[1]))) <= headers.scripts()
