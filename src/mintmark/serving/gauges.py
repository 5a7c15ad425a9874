"""What Prometheus reads of drift, triggers and outcomes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mintmark.serving.watching import Watching


def families(watching: "Watching") -> Iterator[Any]:
    """Gauges by model; means without their intervals, as those take longer than a scrape should."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    def gauge(name: str, text: str, *labels: str) -> Any:
        return GaugeMetricFamily(f"mintmark_{name}", text, labels=["model", *labels])

    fired = gauge("trigger_fired", "1 where a trigger has fired and was not reset.", "trigger", "action")
    value = gauge("trigger_value", "What a trigger watches, as it is now.", "trigger")
    psi = gauge("drift_psi", "Population stability index of a column against the training profile.", "part", "column")
    ks = gauge("drift_ks", "Kolmogorov and Smirnov's distance of a number from the training profile.", "part", "column")
    missing = gauge("missing_share", "Share of values that are missing.", "column")
    known = gauge("outcomes", "Decisions that are kept, by whether their outcome is known.", "state")
    mean = gauge("value_per_case", "Mean money of the decisions whose outcome is known, and what was promised.", "what")
    sent = CounterMetricFamily(
        "mintmark_outcomes_sent", "Outcomes that joined nothing new.", labels=["model", "what"]
    )  # fmt: skip
    dropped = CounterMetricFamily("mintmark_rows_uncounted", "Rows answered, too many at once to be counted.")
    dropped.add_metric([], watching.dropped)
    for name, watched in watching.watched.items():
        said = watching.state(name)
        for t in said["triggers"]:
            fired.add_metric([name, t["name"], t["action"]], float(t["state"] == "fired"))
            if t["value"] is not None:
                value.add_metric([name, t["name"]], t["value"])
        for part in ("questions", "answers"):
            for column, figures in (said["drift"] or {}).get(part, {}).items():
                for family, figure in ((psi, "psi"), (ks, "ks")):
                    if figure in figures:
                        family.add_metric([name, part, column], figures[figure])
                if part == "questions" and figures["rows"]:
                    missing.add_metric([name, column], figures["missing"])
        if watched.outcomes:
            outcome, won = watched.outcomes.column("outcome"), watched.outcomes.column("won")
            matched = int((outcome == outcome).sum())
            known.add_metric([name, "known"], matched)
            known.add_metric([name, "not_known"], len(outcome) - matched)
            for what in ("unmatched", "duplicates", "revised", "lost"):
                sent.add_metric([name, what], watched.outcomes.counts[what])
            paid, terms = won[won == won], watched.bundle.terms
            if len(paid):
                mean.add_metric([name, "realised"], float(paid.mean()))
            if terms and terms.promise:
                mean.add_metric([name, "promised"], terms.promise["per_case"])
    yield from (fired, value, psi, ks, missing, known, mean, sent, dropped)
