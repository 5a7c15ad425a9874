"""Origin: what the plan rests on: notes, how speed is known, and every assumption with how sure it is."""

from collections.abc import Iterable

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.plan.ranking import three
from mintmark.report.plan.view import View
from mintmark.report.sheet import Cell, section

METHOD = (
    mark("Time of a step: operations over the share of the peak that such matrices reach, memory that is touched, "
         "exchange of tensors and gradients, bubble of the pipeline (Korthikanti et al. 2022, Narayanan et al. 2021, "
         "Rajbhandari et al. 2020)."),
    mark("Memory: 16 bytes a parameter with Adam, shared out by ZeRO; activations of all micro-batches that a stage "
         "holds; a twentieth lost to pieces, and 1 GB held by the driver."),
    mark("Checkpoints: Daly's interval, from the failures of GPUs and, on spot, from machines that are taken back."),
    mark("Batch: tokens = least × (1 + batch/critical batch) (McCandlish et al. 2018)."),
    mark("CO2: GPU hours × watts × PUE × t a MWh, of the data sheet's watts."),
)  # fmt: skip
HOW = {"measured": mark("measured"), "assumed": mark("assumed")}


def notes(view: View) -> Iterable[str]:
    items = "".join(f"<li>{words.safe(view.told(n))}</li>" for n in view.said["notes"])
    return section("notes", view.say("To note"), [f"<ul>{items}</ul>"] if items else [])


def speed(view: View) -> Iterable[str]:
    """How it was worked out, and what published runs taught."""
    say, made = view.say, view.said["speed"]
    items = "".join(f"<li>{words.safe(say(text))}</li>" for text in METHOD)
    rows: list[list[Cell]] = [[words.breakable(name), three(value)] for name, value in made["coefficients"].items()]
    table = view.table([say("coefficient"), say("value")], rows)
    summary = say("What the published runs taught")
    lead = say(
        "Speeds are estimated, by a model that {n} published runs taught. A source predicted from the others is off by "
        "{share} (standard deviation), which is in every cost here.",
        n=made["runs"], share=say.share(made["spread"]),
    )  # fmt: skip
    body = [f"<ul>{items}</ul>", f"<details><summary>{summary}</summary>{table}</details>"]
    return section("method", say("How it was worked out"), body, lead)


def assumptions(view: View) -> Iterable[str]:
    say, made = view.say, view.said["assumptions"]
    lead = say("All but measured ones are assumptions, as good as their sources. Prices: see each plan's source.")
    heads = [say("figure"), "P10", "P50", "P90", say("how"), say("source")]
    lines: list[list[Cell]] = [
        [words.breakable(a["name"]), *(three(a[k]) for k in ("p10", "p50", "p90")), say(HOW[a["how"]]),
         words.safe(a["source"])]
        for a in made
    ]  # fmt: skip
    prices = {(p["gpu"], p["cloud"], p["spot"]): p for p in [*view.said["plans"], *view.said["pareto"]]}
    paid: list[list[Cell]] = [
        [words.safe(p["gpu"]), words.safe(p["cloud"]), words.safe(p["instance"]),
         say("spot") if p["spot"] else say("on demand"),
         *(three(p["usd_per_gpu_hour"][k]) for k in ("low", "mid", "high")),
         words.safe(p["dated"]), words.safe(p["source"])]
        for p in prices.values()
    ]  # fmt: skip
    heads_paid = [say("GPU"), say("cloud"), say("instance"), say("paid as"), say("lowest"), say("middle"),
                  say("highest"), say("dated"), say("source")]  # fmt: skip
    body = [
        f"<details><summary>{say('All assumptions')}</summary>{view.table(heads, lines)}</details>",
        f"<details><summary>{say('Prices, USD for an hour of a GPU')}</summary>"
        f"{view.table(heads_paid, paid, kind='measures')}</details>",
    ]
    return section("assumptions", say("What this rests on"), body, lead)
