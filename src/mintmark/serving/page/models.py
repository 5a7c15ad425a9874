"""Models: what is served, what each earns, and a form to ask it."""

from collections.abc import Sequence

from mintmark.base.errors import MintmarkError
from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.serving.model import Model
from mintmark.serving.page import form, told
from mintmark.serving.page.ahead import Ahead
from mintmark.serving.page.pieces import badge, link
from mintmark.serving.page.runs import Entry, Read, read
from mintmark.serving.watching import Watching

MOST_SERIES = 200


def listed(some: Sequence[tuple[Model, Entry | None]], watching: Watching | None, say: Language, reads: bool) -> str:
    """A card for each model that the key may know of.   reads: whether it may know what they earn."""
    if not some:
        said = words.safe(say("This key is for none of the models that are served here."))
        return f'<h1 tabindex="-1">{words.safe(say("Models"))}</h1><p class="lead">{said}</p>'
    cards = "".join(_card(model, entry, watching, say, reads) for model, entry in some)
    lead = words.safe(
        say.count(
            len(some), "{n} model answers here. Open it to try it.", "{n} models answer here. Open one to try it."
        )
    )
    return (
        f'<h1 tabindex="-1">{words.safe(say("Models"))}</h1><p class="soft">{lead}</p><div class="cards">{cards}</div>'
    )


def _card(model: Model, entry: Entry | None, watching: Watching | None, say: Language, reads: bool) -> str:
    earns = told.sentence(entry, model, say) if reads else ""
    name = f"<bdi>{words.breakable(model.name)}</bdi>"
    facts = " · ".join(_facts(model, say))
    ways = [link(f"models/{model.name}", words.safe(say("Try it")))]
    ways += [link(f"runs/{entry.id}", words.safe(say("The run and its report")))] if entry and earns else []
    return (
        f'<article class="card"><h2>{link(f"models/{model.name}", name)} {state(model, watching, say)}</h2>'
        f'<p class="soft">{facts}</p>{f"<p>{earns}</p>" if earns else ""}<p class="ways">{" ".join(ways)}</p></article>'
    )


def whole(
    model: Model, entry: Entry | None, watching: Watching | None, say: Language, *, reads: bool, base: str
) -> str:
    """One model.   base: the path of its parts; reads: whether the key may know what it earns and how it fares."""
    found = _found(entry) if reads else None
    samples = list(dict.fromkeys(s["prompt"] for s in found.figures.samples)) if found else []
    ahead = Ahead.of(model)
    series = [s.name for s in found.figures.forecasts.shown] if ahead and found and found.figures.forecasts else []
    earns = told.sentence(entry, model, say) if reads else ""
    lead = f'<p class="lead">{earns}</p>' if earns else ""
    where = f"<p>{link(f'runs/{entry.id}', words.safe(say('The run and its report')))}</p>" if found and entry else ""
    facts = " · ".join([told.title(model, say), *_facts(model, say)[1:]])
    ask = _section("try", say("Try it"), form.form(model, samples, ahead, series[:MOST_SERIES], say))
    watch = "".join(
        _section(anchor, say(title), f'<div data-part="{base}/{anchor}" data-every="{every}"></div>')
        for anchor, title, every in PARTS
    )
    name = f"<bdi>{words.breakable(model.name)}</bdi>"
    head = f'<h1 tabindex="-1">{name} {state(model, watching, say)}</h1><p class="soft">{facts}</p>'
    return head + lead + where + ask + (watch if reads else "")


PARTS = (("live", mark("Live"), 5), ("value", mark("Value realised and promised"), 20))
"""what is read anew: path, heading, seconds from one time to the next"""


def state(model: Model, watching: Watching | None, say: Language) -> str:
    """Whether a model answers by itself now."""
    watched = watching.watched.get(model.name) if watching else None
    if watched and watched.guard.halted:
        return badge(words.safe(say("stopped")), "bad")
    if watched and watched.guard.fallback:
        by = words.short(watched.guard.fallback)
        return badge(say("{model} answers in its place", model=by), "bad")
    return badge(words.safe(say("answers")), "good")


def _facts(model: Model, say: Language) -> list[str]:
    made = [told.task(str(model.loaded.facts.get("task", "")), say)]
    made.append(say("version {version}", version=words.short(model.version)))
    if run := str(model.loaded.facts.get("run", "")):
        made.append(f'{words.safe(say("run"))} <span class="hash">{words.short(run)}</span>')
    return made


def _found(entry: Entry | None) -> Read | None:
    try:
        return read(entry) if entry else None
    except MintmarkError:
        return None


def _section(anchor: str, title: str, body: str) -> str:
    return f'<section id="{anchor}"><h2>{words.safe(title)}</h2>{body}</section>'
