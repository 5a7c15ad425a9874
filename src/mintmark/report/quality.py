"""Quality: pictures of how good the answers are: ranking and calibration of classes, errors of numbers."""

from collections.abc import Iterable
from typing import Any

from mintmark.report import chart, words
from mintmark.report.sheet import Raw, Sheet, section

COLOURS = ("--coming", "--tested", "--known", "--good", "--bad", "--soft")


def parts(sheet: Sheet) -> Iterable[str]:
    """All pictures but the one that stands on top of the page."""
    say, answer = sheet.say, sheet.figures.answer
    if answer == "number" and sheet.figures.steps:
        return section("quality", say("How far off it is"), _steps(sheet))
    body = _pictures(sheet)[_leads(sheet) :]
    title = say("How good the ranking is") if answer == "classes" else say("How far off it is")
    return section("quality", title, [f'<div class="charts">{"".join(body)}</div>'] if body else [])


def first(sheet: Sheet) -> Iterable[str]:
    """The picture for the top of a page that has no money to show."""
    for picture in _pictures(sheet)[: _leads(sheet)]:
        yield f'<div class="lone">{picture}</div>'


def _pictures(sheet: Sheet) -> list[str]:
    return [*_roc(sheet), *_precision(sheet), *_calibration(sheet), *_errors(sheet)]


def _leads(sheet: Sheet) -> int:
    """How many stand on top: one where there is neither money nor a series."""
    return int(not sheet.unit and sheet.figures.forecasts is None)


# --- classes ----------------------------------------------------------------------------------------------------------


def _roc(sheet: Sheet) -> Iterable[str]:
    say, curves = sheet.say, sheet.figures.roc
    if not curves:
        return
    hover = f"{say('false alarms')} %{{x:.3~g}} %<br>{say('positives caught')} %{{y:.3~g}} %<extra></extra>"
    data = [
        _line([100 * v for v in c["fpr"]], [100 * v for v in c["tpr"]], c["class"], i, hover)
        for i, c in enumerate(curves)
    ]
    data.append(_reference([0, 100], [0, 100], say("chance")))
    layout = _squares(say("false positive rate, %"), say("true positive rate, %"), len(curves) > 1)
    rows = [[words.short(c["class"]), c["auc"]] for c in curves]
    caption = say(
        "Area below the curve: {area}. The dotted line is chance.", area=_areas(sheet, [c["auc"] for c in curves])
    )
    source = sheet.source(say("Each point is a threshold; the area is that of scikit-learn's roc_auc_score."))
    table = sheet.table([say("class"), "ROC AUC"], rows)
    yield sheet.plot(say("ROC curve"), data, layout, caption=caption, source=source, table=table)


def _precision(sheet: Sheet) -> Iterable[str]:
    say, curves = sheet.say, sheet.figures.precision
    if not curves:
        return
    hover = f"{say('positives caught')} %{{x:.3~g}} %<br>{say('right when acting')} %{{y:.3~g}} %<extra></extra>"
    data: list[dict[str, Any]] = [
        _line([100 * v for v in c["recall"]], [100 * v for v in c["precision"]], c["class"], i, hover)
        for i, c in enumerate(curves)
    ]
    if len(curves) == 1:
        data.append(_reference([0, 100], [100 * curves[0]["chance"]] * 2, say("chance")))
    layout = _squares(say("recall: positives caught, %"), say("precision, %"), len(curves) > 1)
    areas = _areas(sheet, [c["average_precision"] for c in curves])
    caption = say(
        "Average precision: {area}. It depends on the share of positives; this is that of the sample.", area=areas
    )
    source = sheet.source(say("Each point is a threshold; the area is scikit-learn's average_precision_score."))
    rows = [[words.short(c["class"]), c["average_precision"], c["chance"]] for c in curves]
    table = sheet.table([say("class"), say("average precision"), say("chance")], rows)
    yield sheet.plot(say("Precision and recall"), data, layout, caption=caption, source=source, table=table)


def _calibration(sheet: Sheet) -> Iterable[str]:
    say, curves = sheet.say, [c for c in sheet.figures.calibration if c["bins"]]
    if not curves:
        return
    data, rows = [_reference([0, 100], [0, 100], say("perfect"))], []
    for i, c in enumerate(curves):
        bins = c["bins"]
        seen = [100 * b["seen"] for b in bins]
        data.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": c["class"],
                "x": [100 * b["said"] for b in bins], "y": seen,
                "error_y": {
                    "type": "data", "symmetric": False, "color": COLOURS[i], "thickness": 1,
                    "array": [100 * b["high"] - s for b, s in zip(bins, seen, strict=True)],
                    "arrayminus": [s - 100 * b["low"] for b, s in zip(bins, seen, strict=True)],
                    "visible": len(curves) == 1,
                },
                "line": {"color": COLOURS[i], "width": 2}, "customdata": [b["rows"] for b in bins],
                "hovertemplate": Raw(
                    f"{say('said')} %{{x:.3~g}} %<br>{say('happened')} %{{y:.3~g}} %<br>"
                    f"{say('rows')} %{{customdata}}<extra></extra>"
                ),
            }
        )  # fmt: skip
        rows += [
            [words.short(c["class"]), 100 * b["said"], 100 * b["seen"], 100 * b["low"], 100 * b["high"], b["rows"]]
            for b in bins
        ]
    layout = {
        "xaxis": {"title": {"text": say("probability said, %")}},
        "yaxis": {"title": {"text": say("share that happened, %")}},
        "showlegend": len(curves) > 1,
    }
    heads = [say("class"), say("said, %"), say("happened, %"), say("95 % from"), say("to"), say("rows")]
    caption = say("On the dotted line probabilities are to be taken at their word. Bars are 95 % intervals.")
    source = sheet.source(
        say("Bins of about as many test rows each, by the probability; Wilson intervals; positives as in the sample.")
    )
    yield sheet.plot(say("Calibration"), data, layout, caption=caption, source=source, table=sheet.table(heads, rows))


def _areas(sheet: Sheet, values: list[float]) -> str:
    return sheet.say.listed([sheet.say.number(v) for v in values])


# --- numbers ----------------------------------------------------------------------------------------------------------


def _errors(sheet: Sheet) -> Iterable[str]:
    """What was said against what came, and how the errors are spread; of series their steps ahead say more."""
    say, made = sheet.say, sheet.figures.errors
    if not made or sheet.figures.steps:
        return
    points = made["points"]
    ends = [min(*points["said"], *points["seen"]), max(*points["said"], *points["seen"])]
    hover = Raw(f"{say('answered')} %{{x:.4~g}}<br>{say('truth')} %{{y:.4~g}}<extra></extra>")
    dots = {
        "type": "scatter", "mode": "markers", "x": points["said"], "y": points["seen"], "hovertemplate": hover,
        "name": say("test rows"), "marker": {"color": "--coming", "size": 6, "opacity": 0.6},
    }  # fmt: skip
    data = [_reference(ends, ends, say("perfect")), dots]
    layout = {
        "xaxis": {"title": {"text": say("answered")}}, "yaxis": {"title": {"text": say("truth")}}, "showlegend": False,
    }  # fmt: skip
    caption = say("Answers lie off by {size} on average.", size=made["mean_size"])
    if "inside" in made:
        inside = say("{share} of the truths lie inside their interval.", share=say.share(made["inside"]))
        caption = say.together(caption, inside)
    rows = [[b["said"], b["off"], b["size"], b["rows"]] for b in made["bins"]]
    heads = [say("answered, mean"), say("truth less answer, mean"), say("error, mean size"), say("rows")]
    source = sheet.source(say("At most 300 test rows, evenly over the answers from the lowest to the highest."))
    yield sheet.plot(
        say("Answers and truths"), data, layout, caption=caption, source=source, table=sheet.table(heads, rows)
    )
    yield _spread(sheet, made)


def _spread(sheet: Sheet, made: dict[str, Any]) -> str:
    say, edges = sheet.say, made["edges"]
    middles = [(a + b) / 2 for a, b in zip(edges, edges[1:], strict=False)]
    bars = {
        "type": "bar", "x": middles, "y": made["counts"], "width": [edges[1] - edges[0]] * len(middles),
        "marker": {"color": "--coming", "opacity": 0.75},
        "hovertemplate": Raw(f"%{{x:.4~g}}: %{{y}} {say('rows')}<extra></extra>"),
    }  # fmt: skip
    line = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": "--tested", "dash": "dot"},
    }
    layout = {
        "xaxis": {"title": {"text": say("truth less answer")}}, "yaxis": {"title": {"text": say("rows")}},
        "shapes": [line], "bargap": 0.02,
    }  # fmt: skip
    quantiles = made["quantiles"]
    caption = say("Half of the errors lie between {a} and {b}, nine of ten between {c} and {d}.",
                  a=quantiles["p25"], b=quantiles["p75"], c=quantiles["p5"], d=quantiles["p95"])  # fmt: skip
    rows = [[q.removeprefix("p") + " %", v] for q, v in quantiles.items()]
    table = sheet.table([say("share of the errors below"), say("truth less answer")], rows, sort=False)
    source = sheet.source(say("All test rows; the widest half per cent on either side is in the last bars."))
    return sheet.plot(say("How errors are spread"), [bars], layout, caption=caption, source=source, table=table)


def _steps(sheet: Sheet) -> Iterable[str]:
    """Errors by steps ahead: an SVG, as the charts of series are, so that the page stays light."""
    say, steps = sheet.say, sheet.figures.steps
    if len(steps) > 1:
        level = sheet.figures.decision.get("level")
        picture = chart.lines(
            [s["step"] for s in steps], [s["off"] for s in steps], say("mean error by steps ahead"), say
        )
        said = say("Mean size of the error, by how many steps ahead the question was asked.")
        figures = f"<figure><h3>{say('Error by steps ahead')}</h3>{picture}<figcaption>{said}</figcaption>"
        inside = [s["inside"] for s in steps if "inside" in s]
        source = sheet.source(say("Test rows whose truth is known, all series together."))
        second = ""
        if len(inside) == len(steps):
            picture = chart.lines(
                [s["step"] for s in steps],
                [100 * v for v in inside],
                say("inside the interval, %"),
                say,
                level and 100 * level,
            )
            said = say("Share of what happened that lay inside its interval, in percent.")
            if level:
                said = say.together(said, say("Dotted: the {share} that was aimed at.", share=say.share(level)))
            head = f"<figure><h3>{say('Inside the interval')}</h3>{picture}"
            second = f"{head}<figcaption>{said}</figcaption>{source}</figure>"
        yield f'<div class="charts two">{figures}{source}</figure>{second}</div>'
    rows = [[s["step"], s["off"], 100 * s["inside"] if "inside" in s else None, s["rows"]] for s in steps[:60]]
    heads = [say("steps ahead"), say("mean error"), say("inside the interval, %"), say("rows")]
    yield f"<details><summary>{say('The figures as a table')}</summary>{sheet.table(heads, rows)}</details>"


# --- pieces -----------------------------------------------------------------------------------------------------------


def _line(x: list[float], y: list[float], name: str, place: int, hover: str) -> dict[str, Any]:
    line = {"color": COLOURS[place % len(COLOURS)], "width": 2}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": line, "hovertemplate": Raw(hover)}


def _reference(x: list[float], y: list[float], name: str) -> dict[str, Any]:
    line = {"color": "--soft", "width": 1, "dash": "dot"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": line, "hoverinfo": "skip"}


def _squares(x: str, y: str, many: bool) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x}, "range": [-1, 101]}, "yaxis": {"title": {"text": y}, "range": [-1, 103]},
        "showlegend": many,
    }  # fmt: skip
