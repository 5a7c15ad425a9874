"""The page of the measures: what a run of every task measures, on its own data and with every capability that fits."""

import re
from dataclasses import replace

from mintmark import capabilities
from mintmark.base.record import Measured
from mintmark.base.words import mark
from pages import runs
from pages.form import Say, sentence, table

MEANS = {
    "wall": mark("Time that the stage took."),
    "cpu": mark("Processor time of the stage."),
    "peak_memory": mark("Most memory that the stage held."),
    "looks": mark("Runs that have opened these very test rows by now, this one included."),
    "per_case": mark("What the decisions earn, a case, on the test rows."),
    "low": mark("Lower end of its 95 % interval."),
    "high": mark("Upper end of its 95 % interval."),
    "do_nothing": mark("What never acting earns, a case."),
    "act_on_all": mark("What always acting earns, a case; of several actions the best one."),
    "as_forecast": mark("What acting on the plain forecast earns, a case: on the likely amount, whatever errors cost."),
    "perfect": mark("What knowing every outcome beforehand would earn, a case."),
    "acted": mark("Share of the cases that are acted on."),
    "size": mark("Of the bundle on disk."),
    "p50": mark("Median time of one call with one row; with 256 rows where the name says batch_256."),
    "p99": mark("Time that 99 of 100 such calls stay below."),
    "per_1k": mark("Mean time of 1,000 answers."),
    "cost.train": mark("Of the run from reading to the packed bundle."),
    "per_1k_predictions": mark("Of 1,000 answers, asked one by one, or 256 a call."),
    "value.recall": mark("Of the positive cases, the share that is acted on."),
    "value.precision": mark("Of the cases acted on, the share that is positive."),
    "roc_auc": mark("Chance that a positive row is ranked above a negative one."),
    "average_precision": mark("Precision, averaged over recall."),
    "log_loss": mark("Mean of minus the log of the probability that the truth was given."),
    "brier_score": mark("Mean squared distance of the probabilities from the truth, halved for two classes."),
    "accuracy": mark("Share of the rows whose likeliest class is true."),
    "balanced_accuracy": mark("The same, class by class, averaged."),
    "f1_macro": mark("F1 of each class's likeliest rows, averaged."),
    "precision": mark("Of the rows most likely positive, the share that are."),
    "recall": mark("Of the positive rows, the share that are most likely positive."),
    "owa": mark("Mean of sMAPE and MASE, each over that of Naive2: below 1 is better than a plain seasonal forecast."),
    "mase": mark("Mean error, over that of repeating the last season in the history."),
    "mase_naive2": mark("The MASE of Naive2, for comparison."),
    "smape": mark("Mean of twice the error over forecast and truth together, from 0 to 2."),
    "smape_naive2": mark("The sMAPE of Naive2, for comparison."),
    "stability": mark("How far forecasts of the same times move when a step more is known: less is steadier."),
    "rmse": mark("Root of the mean squared error."),
    "mae": mark("Mean size of the error."),
    "r2": mark("Share of the spread that is explained: 1 is perfect, 0 is what the mean would reach."),
    "coverage": mark("Share of the truths that lie inside their interval."),
    "pinball": mark("Loss of the ends of the interval, taken as quantiles."),
    "interval_width": mark("Mean width of the interval."),
    "nats_per_character": mark("Mean of minus the log of the probability of each character."),
    "bits_per_byte": mark("The same a byte of UTF-8, in bits: comparable whatever the tokens are."),
    "loss": mark("The same a token, as training lowers it."),
    "perplexity": mark("Its exponential: as if so many tokens were equally likely each time."),
    "distinct_1": mark("Different words, of all words written: low where it repeats itself."),
    "distinct_2": mark("The same of pairs of words."),
    "distinct_1_of_truth": mark("The same of the real texts, for comparison."),
    "distinct_2_of_truth": mark("The same of pairs of words of the real texts, for comparison."),
    "repeated_3": mark("Share of triples of words that the same text has written before."),
    "repeated_3_of_truth": mark("The same of the real texts, for comparison."),
    "tokens": mark("Tokens written to a prompt, on average."),
    "COLUMN": mark("How much worse the first measure becomes on the test rows if this column is shuffled."),
}
"""of measures, by their name or the last part of it"""
UNITS = {"1": "1", "money": mark("money"), "target": mark("target"), "rows": mark("rows"), "runs": mark("runs"),
         "tokens": mark("tokens"), "bytes": mark("bytes")}  # fmt: skip
BETTER = {"up": mark("up"), "down": mark("down"), "": ""}
HOW = {"measured": mark("measured"), "estimated": mark("estimated")}
NUMBER = re.compile(r"\d[\d.,]*(e[+-]?\d+)?")


def page(say: Say) -> str:
    """Grouped by what they have in common but the stage."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for m in runs.made().measures:
        stage, _, name = m.name.partition(".")
        if stage in capabilities.names():
            m, name = replace(m, name=f"{stage}.COLUMN"), "COLUMN"
        name = name.removesuffix(".batch_256")
        means = MEANS.get(m.name) or MEANS.get(name.rpartition(".")[2]) or ""
        unit = "money" if re.fullmatch("[A-Z]{3}", m.unit) else m.unit
        key = (name, unit, m.better, m.how, means, source(m, say))
        seen[key] = list(dict.fromkeys([*seen.get(key, []), m.name]))
    rows = [
        (" ".join(f"`{n}`" for n in names), say(UNITS.get(unit, unit)) if unit != "1" else "1", say(BETTER[better]),
         say(HOW[how]), say(means) if means else sentence(origin), origin if means else "")
        for (_, unit, better, how, means, origin), names in seen.items()
    ]  # fmt: skip
    head = tuple(map(say, ("measure", "unit", "better", "how", "says", "source")))
    return "\n".join([f"# {say('Measures')}", "", _head(say), "", *table(head, rows), "", _foot(say)]) + "\n"


def _head(say: Say) -> str:
    return say(
        "Every figure of a run, named stage.metric, as `record.json` and `--json` hold it. Beside it stands whether "
        "more (up) or less (down) is better, and whether an instrument measured it or a formula estimated it. Measures "
        "of the answers have scikit-learn's names. `valid.` is before calibration, on the validation rows, and the "
        "mean of the folds where there are several; `evaluate.` is on the test rows, of the calibrated probabilities. "
        "N in a source is a figure of the run's own."
    )


def _foot(say: Say) -> str:
    return say(
        "Where the processor lets it be read (Linux, RAPL), each stage also has `energy`, in J. Unit 1 is a share or a "
        "score. Money is in the payoff's currency, costs in that of the price sheet. `train.restored`, in s, is what "
        "fits took that a resumed run read back."
    )


def source(m: Measured, say: Say) -> str:
    """Where a figure comes from, in short: its own figures are N."""
    told = say.again(m.source)
    for opens in (" (", "（"):
        told = told.partition(opens)[0]
    return NUMBER.sub("N", told)
