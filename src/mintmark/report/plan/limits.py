"""Limits: which layouts do not fit the memory of a GPU, and by how many GB."""

from collections.abc import Iterable

from mintmark.report import words
from mintmark.report.plan.ranking import three
from mintmark.report.plan.view import View
from mintmark.report.sheet import section


def rejected(view: View) -> Iterable[str]:
    say, made = view.say, view.said["rejected"]
    if not made["nearest"]:
        return ()
    heads = [say("GPU"), say("method"), say("GB it has"), say("layouts"), say("too large"), say("least too much, GB"),
             say("most too much, GB")]  # fmt: skip
    rows = [
        [words.safe(r["gpu"]), view.method(r), r["memory_gb"], r["layouts"], r["rejected"],
         *(None if r[k] is None else three(r[k]) for k in ("least_over_gb", "most_over_gb"))]
        for r in made["by"]
    ]  # fmt: skip
    near = [
        [f"{r['gpus']:,} × {words.safe(r['gpu'])}<small>{words.safe(view.method(r) + ' · ' + view.layout(r))}</small>",
         three(r["needed_gb"]), r["of_gb"], three(r["over_gb"]), three(r["states_gb"]), three(r["activations_gb"])]
        for r in made["nearest"]
    ]  # fmt: skip
    heads_near = [say("layout"), say("GB it needs"), say("GB it has"), say("too much, GB"),
                  say("weights and optimiser, GB"), say("activations, GB")]  # fmt: skip
    summary = say("The {n} layouts that miss by least", n=len(near))
    lead = say(
        "{n} of {all} layouts need more memory than a GPU has; --rejected FILE writes all of them with what they lack.",
        n=view.said["layouts"]["rejected"], all=view.said["layouts"]["weighed"],
    )  # fmt: skip
    body = [
        view.table(heads, rows),
        f"<details><summary>{summary}</summary>{view.table(heads_near, near, kind='plans')}</details>",
    ]
    return section("rejected", say("What does not fit"), body, lead)
