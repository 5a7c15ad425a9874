"""Monitoring: what is counted, what fires on it, and that what fires really acts."""

import asyncio
import dataclasses
import logging
import re
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import risky

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.state import State
from mintmark.data import profile
from mintmark.data.rows import Rows
from mintmark.recipe import strict
from mintmark.recipe.schema import Columns
from mintmark.serving import Limits, make_app, monitor, outcomes, watch
from mintmark.serving.counts import Counts
from mintmark.serving.monitor import Halted, Rules
from mintmark.serving.refusals import NotFound
from mintmark.serving.watch import Bins, Window
from mintmark.serving.watching import NotWatched, Watching

ROOT = Path(__file__).parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.05  # more than `every_s`, so that each tick looks at the triggers
        return self.now


def rules(*triggers: dict[str, Any], **more: Any) -> Rules:
    base = {"watch": "psi:amount", "window": 400, "min_rows": 100}
    own = [base | ({"above": 0.25} if "below" not in t else {}) | {"name": f"t{i}"} | t for i, t in enumerate(triggers)]
    return strict.build(Rules, {"trigger": own, "every_s": 0.01, **more}, "monitor.toml: ")


def watching(*triggers: dict[str, Any], state: Path | None = None, made: Any = None, **more: Any) -> Watching:
    models = {"m": risky.model("m", made), "other": risky.model("other", risky.loaded(run="other"))}
    return Watching(models, rules(*triggers, **more), state, Clock())


def drive(w: Watching, n: int, times: float = 1.0, seed: int = 0, name: str = "m", size: int = 50) -> None:
    """So many rows, or until a trigger stops it; the triggers are looked at after each request."""
    for i in range(0, n, size):
        try:
            risky.asked(w, name, f"{seed}-{i}", risky.rows(size, seed=1000 + seed + i, times=times))
        except Halted:
            return
        w.tick()


def trigger(w: Watching, name: str = "t0", model: str = "m") -> dict[str, Any]:
    return next(t for t in w.state(model)["triggers"] if t["name"] == name)


# --- the file --------------------------------------------------------------------------------------------------------

GOOD = '[[trigger]]\nname = "a"\nwatch = "psi:amount"\nabove = 0.25\n'


@pytest.mark.parametrize(
    ("text", "where", "what", "fix"),
    [
        (GOOD + "tresholds = 1\n", "trigger[0].tresholds", "unknown setting", ""),
        (GOOD.replace("above", "abov"), "trigger[0].abov", "unknown", "did you mean 'above'"),
        ("[triger]\n", "triger", "unknown", "did you mean 'trigger'"),
        (GOOD.replace("psi:amount", "psi"), "trigger[0].watch", "'psi' is no figure", "psi:amount"),
        (GOOD.replace("psi:amount", "p98"), "trigger[0].watch", "no figure", ""),
        (GOOD.replace("psi:amount", "p99:amount"), "trigger[0].watch", "no figure", ""),
        (GOOD + "below = 1\n", "trigger[0]", "needs above or below", "above = 0.25"),
        (GOOD.replace("above = 0.25", ""), "trigger[0]", "needs above or below", ""),
        (GOOD.replace("0.25", '"0.25"'), "trigger[0].above", "must be a number", ""),
        (GOOD.replace("0.25", "nan"), "", "not a finite number", ""),
        (GOOD + 'action = "fallback"\n', "trigger[0]", "needs one", "fallback ="),
        (GOOD + 'fallback = "b"\n', "trigger[0]", "belongs to the action fallback", ""),
        (GOOD + 'action = "halt"\n', "trigger[0].action", "must be one of", ""),
        (GOOD + "window = 50\n", "trigger[0]", "min_rows = 100 are never", "min_rows = 50"),
        (GOOD + 'window = "a while"\n', "trigger[0].window", "", "5000 rows"),
        (GOOD + "window = 0\n", "trigger[0].window", "no window", ""),
        (GOOD + 'window = "900 days"\n', "trigger[0].window", "366 days", ""),
        (GOOD + 'action = "stop"\nrelease = "back"\n', "trigger[0]", "cannot come back", "call"),
        (GOOD + "clear = 0.3\n", "trigger[0]", "lies where it fires", "clear = 0.2"),
        (GOOD + "min_rows = 0\n", "trigger[0].min_rows", "at least 1", ""),
        (GOOD.replace('"a"', '"a\\nb"'), "trigger[0].name", "", ""),
        (GOOD + GOOD, "", "two triggers have the name 'a'", ""),
        ('label_delay = "soon"\n', "label_delay", "", '"30 days"'),
        ("trigger = 3\n", "trigger", "must be a list", ""),
        ("[[trigger]\n", ", line 1", "is no TOML", ""),
    ],
)
def test_a_file_that_is_wrong_says_where_and_what_to_write(
    text: str, where: str, what: str, fix: str, tmp_path: Path
) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(text)
    with pytest.raises(RecipeError) as found:
        monitor.load(path)
    assert str(path) in found.value.where and where in found.value.where, found.value.where
    assert what in found.value.what and fix in found.value.fix and found.value.fix, str(found.value)


def test_a_file_as_the_docs_show_it(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "monitor.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```toml monitor.*?\n(.*?)^```$", page, re.M | re.S)
    assert shown
    for block in shown:
        path = tmp_path / "monitor.toml"
        path.write_text(block, encoding="utf-8")
        assert monitor.load(path).trigger
    for kind in (Rules, monitor.Trigger):
        assert all(f"`{name}`" in page for name in kind.model_fields), "a setting is not on the page"
    assert all(f"`{figure}`" in page for figure in watch.WATCHES)


def test_windows_are_rows_or_time() -> None:
    spans = {500: (500, 0), "5000 rows": (5000, 0), "1_000 rows": (1000, 0), "1 row": (1, 0), "24 hours": (0, 86400)}
    for said, wanted in spans.items():
        assert monitor.span(said) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "where", "what", "fix"),
    [
        ({"watch": "psi:amuont"}, "watch", "unknown column 'amuont'", "did you mean 'amount'"),
        ({"watch": "ks:shop"}, "watch", "ks is taken of numbers", "missing:shop"),
        ({"model": "n"}, "model", "unknown model 'n'", ""),
        ({"action": "fallback", "fallback": "othr"}, "fallback", "unknown model", "did you mean 'other'"),
        ({"model": "m", "action": "fallback", "fallback": "m"}, "fallback", "for itself", ""),
    ],
)
def test_a_trigger_that_fits_no_model_is_refused_at_the_start(
    given: dict[str, Any], where: str, what: str, fix: str
) -> None:
    with pytest.raises(RecipeError) as found:
        watching(given)
    assert found.value.where.endswith(where) and what in found.value.what and fix in found.value.fix


def test_what_a_bundle_of_before_cannot_be_watched_for_is_said() -> None:
    made = risky.loaded()
    decision = State(facts=made.decision.facts)
    old = dataclasses.replace(made, facts=made.facts | {"recipe": None, "promise": None}, decision=decision)
    w = Watching({"m": risky.model("m", old)}, clock=Clock())
    risky.asked(w, "m", "r", risky.rows(5))
    assert w.state("m")["drift"] is None and w.state("m")["requests"]["answered"] == 1
    for figure, why in (("psi:amount", "no profile"), ("answer_psi", "no scores"), ("realised_value", "no payoff")):
        with pytest.raises(RecipeError, match=why):
            Watching({"m": risky.model("m", old)}, rules({"watch": figure}), clock=Clock())


@pytest.mark.parametrize("change", ["field", "classes"])
def test_a_fallback_must_take_the_same_questions_and_give_the_same_answers(change: str) -> None:
    other = risky.loaded()
    if change == "field":
        other.facts["questions"] = [*other.facts["questions"], {"name": "extra", "kind": "number", "type": "double"}]
    else:
        other.decision.facts["classes"] = ["ok", "theft"]
    models = {"m": risky.model("m"), "other": risky.model("other", other)}
    with pytest.raises(RecipeError, match="cannot stand in"):
        Watching(models, rules({"model": "m", "action": "fallback", "fallback": "other"}))


# --- what is counted -------------------------------------------------------------------------------------------------


def test_counts_of_columns_are_those_of_pandas() -> None:
    had, now = risky.rows(5000, seed=1).to_pandas(), risky.rows(700, seed=2, times=1.6).to_pandas()
    had.loc[::50, "shop"] = None
    bins = Bins(profile.reference(Rows(pa.Table.from_pandas(had, preserve_index=False)), Columns()))
    values = {n: [None if v != v else v for v in now[n]] for n in now}
    line = bins.count(values)
    assert bins.rows == 5000 and line.sum() == 4 * 700
    figures = {n: c.figures(line[c.at]) for n, c in bins.columns.items()}
    cuts = [-np.inf, *np.quantile(had["amount"], np.arange(1, 10) / 10, method="inverted_cdf"), np.inf]
    e, a = (pd.cut(f["amount"], cuts).value_counts(sort=False, normalize=True) for f in (had, now))
    assert figures["amount"]["psi"] == pytest.approx(((a - e) * np.log(a / e)).sum(), rel=1e-6)
    e, a = (f["shop"].fillna("-").value_counts(normalize=True) for f in (had, now))
    a = a.reindex(e.index).fillna(0.5 / 700)
    assert figures["shop"]["psi"] == pytest.approx(((a - e) * np.log(a / e)).sum(), rel=1e-6)
    assert figures["age"]["missing"] == pytest.approx(now["age"].isna().mean())
    assert figures["age"]["missing_before"] == pytest.approx(had["age"].isna().mean())
    assert 0.1 < figures["amount"]["ks"] < 0.5 and figures["amount"]["ks"] > figures["amount"]["ks_chance"]
    assert figures["age"]["psi"] < figures["age"]["psi_chance"] and "ks" not in figures["shop"]


def test_a_value_never_seen_and_a_blank_text_have_bins_of_their_own() -> None:
    bins = Bins(profile.reference(Rows(risky.rows(500)), Columns(entity="abroad")))
    shop, amount, abroad = (bins.columns[n] for n in ("shop", "amount", "abroad"))
    assert shop.count(["food", "opera", " ", None, "opera"]).tolist()[-2:] == [2, 2]
    assert amount.count([None, float("nan"), 1e9, -1.0])[-1] == 2
    assert abroad.kind == "other" and abroad.count([True, None, "x"]).tolist() == [2, 1]  # who it is, is not told


def test_a_window_holds_the_newest_rows_to_a_twentieth() -> None:
    window = Window(1, rows=1000)
    for i in range(500):
        window.add(np.array([i >= 400]) * 10, 10, float(i))
    assert 1000 <= window.n <= 1050 and window.counts[0] == 1000
    window.add(np.array([7]), 5000, 500.0)
    assert window.n == 5000 and window.counts[0] == 7
    window.restart()
    assert window.n == window.counts[0] == 0


def test_a_window_of_time_forgets_without_new_rows() -> None:
    window = Window(1, seconds=100.0)
    for at in range(0, 200, 2):
        window.add(np.array([1]), 1, float(at))
    assert 50 <= window.n <= 53
    window.forget(250.0)
    assert 24 <= window.n <= 28
    window.forget(1000.0)
    assert window.n == window.counts[0] == 0


def test_times_and_ends_of_requests() -> None:
    w = watching()
    took = np.random.default_rng(0).gamma(2, 0.01, 2000)
    for i, seconds in enumerate(took):
        w.ended("m", 500 if i % 100 == 0 else 422 if i % 100 < 3 else 200, seconds)
    said = w.state("m")["requests"]
    assert (said["requests"], said["answered"], said["refused"], said["failed"]) == (2000, 1940, 40, 20)
    good = took[[i % 100 >= 3 for i in range(2000)]]
    for q, name in ((0.5, "p50_s"), (0.99, "p99_s")):
        exact = np.quantile(good, q)
        assert exact <= said[name] * 1.001 and said[name] <= exact * 1.06
    assert w.ended("unknown", 200, 1.0) is None and w.state("other")["requests"]["p99_s"] is None


# --- what fires ------------------------------------------------------------------------------------------------------


def test_a_trigger_fires_once_and_stays_until_it_is_reset(caplog: pytest.LogCaptureFixture) -> None:
    w = watching({"name": "amounts"})
    with caplog.at_level(logging.WARNING, "mintmark.serving"):
        drive(w, 600)
        assert trigger(w, "amounts")["state"] == "armed" and not caplog.records
        drive(w, 600, times=3, seed=1)
        fired = trigger(w, "amounts")
        assert fired["state"] == "fired" and fired["beyond"] and "above 0.25" in fired["reason"] and fired["fired_at"]
        drive(w, 800, seed=2)  # it is back, and the trigger is fired still
        later = trigger(w, "amounts")
        assert later["state"] == "fired" and not later["beyond"] and later["value"] < 0.2
        assert later["fired_at"] == fired["fired_at"]
        drive(w, 400, times=3, seed=3)
        said = [r.getMessage() for r in caplog.records]
        assert len(said) == 1 and "'amounts' fired: psi:amount was" in said[0] and "warn" in said[0]
        assert w.reset("m", "amounts") == {"model": "m", "reset": ["amounts"]}
        assert w.reset("m", "all") == {"model": "m", "reset": []}
        assert trigger(w, "amounts")["rows"] == 0  # what it fired on does not count again
        drive(w, 50, times=3, seed=4)
        assert trigger(w, "amounts")["state"] == "armed"  # min_rows
        drive(w, 100, times=3, seed=5)
        assert trigger(w, "amounts")["state"] == "fired"
    with pytest.raises(NotFound, match="did you mean 'amounts'"):
        w.reset("m", "amount")


def test_one_that_is_reset_by_coming_back_does_not_flap(caplog: pytest.LogCaptureFixture) -> None:
    w = watching({"watch": "missing:age", "above": 0.5, "clear": 0.2, "release": "back", "window": 100, "min_rows": 20})
    own = w.models["m"]

    def ask(share: float, n: int = 400) -> None:
        table = risky.rows(n)
        gone = pa.array([None if i % 20 < share * 20 else 40.0 for i in range(n)])
        table = table.set_column(table.schema.get_field_index("age"), "age", gone)
        for i in range(0, n, 20):
            risky.asked(w, own.name, f"{share}-{i}", table.slice(i, 20))
            w.tick()

    states = []
    with caplog.at_level(logging.WARNING, "mintmark.serving"):
        for share in (0.1, 0.6, 0.45, 0.55, 0.3, 0.1, 0.6):
            ask(share)
            states.append(trigger(w)["state"])
    assert states == ["armed", "fired", "fired", "fired", "fired", "armed", "fired"]
    assert len(caplog.records) == 3  # fired, reset, fired


@pytest.mark.parametrize(
    ("given", "times"),
    [({"watch": "ks:amount", "above": 0.2}, 3), ({"watch": "answer_psi"}, 3),
     ({"watch": "share_acted", "above": 0.5}, 3), ({"watch": "share_acted", "below": 0.05, "above": None}, 0.01)],
)  # fmt: skip
def test_figures_of_answers_and_numbers_fire(given: dict[str, Any], times: float) -> None:
    w = watching({k: v for k, v in given.items() if v is not None})
    drive(w, 500)
    assert trigger(w)["state"] == "armed", trigger(w)
    drive(w, 500, times=times, seed=1)
    assert trigger(w)["state"] == "fired", trigger(w)


def test_errors_and_times_fire_and_a_refusal_is_not_a_failure() -> None:
    w = watching(
        {"watch": "error_rate", "above": 0.05}, {"watch": "refused_rate", "above": 0.2}, {"watch": "p99", "above": 0.05}
    )
    for i in range(400):
        w.ended("m", 422 if i % 2 else 200, 0.01)
    w.tick()
    assert [t["state"] for t in w.state("m")["triggers"]] == ["armed", "fired", "armed"]
    for i in range(200):
        w.ended("m", 500 if i % 5 == 0 else 200, 0.2)
    w.tick()
    assert [t["state"] for t in w.state("m")["triggers"]] == ["fired"] * 3
    assert w.state("other")["triggers"][0]["rows"] == 0


def test_realised_value_fires_on_outcomes_alone() -> None:
    w = watching({"watch": "realised_value", "below": -20, "window": "1000 rows", "min_rows": 50})
    drive(w, 200)
    rows = [{"request": f"0-{i}", "row": j, "outcome": "ok"} for i in (0, 50) for j in range(50)]
    w.take("m", outcomes.parse(rows))
    w.tick()
    good = trigger(w)
    assert good["rows"] == 100 and good["value"] > -5 and good["state"] == "armed"
    rows = [{"request": f"0-{i}", "row": j, "outcome": "fraud"} for i in (100, 150) for j in range(50)]
    w.take("m", outcomes.parse(rows))
    w.tick()
    before = trigger(w)
    assert before["rows"] == 200 and before["value"] < good["value"]
    w2 = watching({"watch": "realised_value", "below": before["value"] + 1, "min_rows": 50})
    drive(w2, 100)
    w2.take("m", outcomes.parse([{"request": "0-0", "row": j, "outcome": "fraud"} for j in range(50)]))
    w2.tick()
    assert trigger(w2)["state"] == "fired"
    w2.reset("m", "all")
    assert trigger(w2)["rows"] == 0  # decisions of before are looked at no more


# --- what it does ----------------------------------------------------------------------------------------------------


def test_a_fallback_really_answers_and_its_decisions_are_joined_under_its_own_terms() -> None:
    stand_in = risky.loaded({"true_positive": -1, "false_positive": -1, "false_negative": "-amount"}, run="stand-in")
    stand_in.facts["questions"] = stand_in.facts["questions"][:2]  # asks for less
    models = {"m": risky.model("m"), "other": risky.model("other", stand_in)}
    given = {"model": "m", "action": "fallback", "fallback": "other"}
    w = Watching(models, rules(given), None, Clock())
    assert w.answering(models["m"]) is models["m"]
    drive(w, 400, times=3)
    assert w.answering(models["m"]) is models["other"] and w.answering(models["other"]) is models["other"]
    state = w.state("m")
    assert (state["action"], state["fallback"]) == ("fallback", "other") and w.state("other")["action"] == "answer"
    table = risky.rows(20, seed=77)
    made = risky.asked(w, "m", "after", table)
    w.take("m", outcomes.parse([{"request": "after", "row": i, "outcome": "fraud"} for i in range(20)]))
    won = [-1 if a["decision"] == "fraud" else -x for a, x in zip(made, table["amount"].to_pylist(), strict=True)]
    said = {v["version"]: v for v in w.figures("m")["versions"]}
    assert said["other@1"]["realised"]["per_case"] == pytest.approx(np.mean(won)) and said["1"]["known"] == 0
    w.reset("m", "all")
    assert w.answering(models["m"]) is models["m"] and w.state("m")["action"] == "answer"


def test_stop_refuses_with_its_reason_and_is_no_error_of_the_model() -> None:
    w = watching({"action": "stop", "model": "m"}, {"watch": "error_rate", "above": 0.01, "model": "m"})
    drive(w, 400, times=3)
    with pytest.raises(Halted, match="model 'm' is stopped: trigger 't0' fired: psi:amount was") as found:
        w.answering(w.models["m"])
    assert found.value.status == 503 and "monitor" in found.value.fix
    before = w.state("m")["requests"]["requests"]
    for _ in range(300):
        w.ended("m", 503, 0.001)
    w.tick()
    assert w.state("m")["requests"]["requests"] == before and trigger(w, "t1")["state"] == "armed"
    assert w.answering(w.models["other"]) is w.models["other"]


def test_a_fallback_that_is_stopped_itself_or_gone_stops_and_a_ring_ends() -> None:
    w = watching(
        {"model": "m", "action": "fallback", "fallback": "other"}, {"model": "other", "action": "stop", "name": "o"}
    )
    drive(w, 400, times=3)
    drive(w, 400, times=3, name="other")
    with pytest.raises(Halted, match="model 'other' is stopped"):
        w.answering(w.models["m"])
    w.reset("other", "o")
    assert w.answering(w.models["m"]) is w.models["other"]
    gone = w.models["m"]
    del w.models["other"]  # type: ignore[attr-defined]
    with pytest.raises(Halted, match="served no longer"):
        w.answering(gone)
    ring = watching(
        {"model": "m", "action": "fallback", "fallback": "other"},
        {"model": "other", "action": "fallback", "fallback": "m"},
    )
    drive(ring, 400, times=3)
    drive(ring, 400, times=3, name="other")
    assert ring.answering(ring.models["m"]) is ring.models["other"]


def test_a_restart_takes_nothing_back_and_a_changed_trigger_begins_anew(tmp_path: Path) -> None:
    given = {"action": "stop", "model": "m"}
    w = watching(given, state=tmp_path)
    drive(w, 400, times=3)
    reason = trigger(w)["reason"]
    w.close()
    again = watching(given, state=tmp_path)
    with pytest.raises(Halted, match=re.escape(reason)):
        again.answering(again.models["m"])
    again.close()
    changed = watching(given | {"above": 0.3}, state=tmp_path)
    assert changed.answering(changed.models["m"]) is changed.models["m"]
    changed.close()
    again = watching(given, state=tmp_path)
    again.reset("m", "all")
    again.close()
    after = watching(given, state=tmp_path)
    assert after.answering(after.models["m"]) is after.models["m"]
    after.close()
    (tmp_path / "outcomes" / "m.fired.json").write_text("{")
    with pytest.raises(DataError, match="have fired cannot be read"):
        watching(given, state=tmp_path)


def test_another_version_is_watched_anew_and_what_has_fired_stays() -> None:
    w = watching({"action": "stop", "model": "m"}, {"watch": "missing:age", "above": 0.5, "model": "m"})
    drive(w, 400, times=3)
    new = risky.model("m", risky.loaded(run="new"))
    new.version = "2"
    w.models["m"] = new  # type: ignore[index]
    w.changed("m")
    table = risky.rows(10)
    columns = new.questions.columns(table.to_pylist())
    w.after_answer(new, "r", columns, new.answer([columns], [10])[0])
    state = w.state("m")
    assert state["version"] == "2" and state["drift"]["rows"] == 10 and state["action"] == "stop"
    assert [t["rows"] for t in state["triggers"]] == [10, 10]
    old = risky.loaded(run="old")
    bare = dataclasses.replace(old, decision=State(facts=old.decision.facts))
    w.models["m"] = risky.model("m", bare)  # type: ignore[index]
    w.changed("m")  # a bundle of before: it answers, what cannot be watched is logged
    assert w.state("m")["drift"] is None and [t["rows"] for t in w.state("m")["triggers"]] == [0, 0]


def test_prometheus_reads_all_of_it() -> None:
    w = watching({"name": "a b", "action": "warn"})
    counts = Counts()
    counts.show(w.families)
    assert 'mintmark_trigger_fired{action="warn",model="m",trigger="a b"} 0.0' in counts.text().decode()
    drive(w, 400, times=3)
    w.take("m", outcomes.parse([{"request": "0-0", "row": 0, "outcome": "ok"}, {"request": "?", "outcome": "ok"}]))
    said = counts.text().decode()
    for line in (
        'mintmark_trigger_fired{action="warn",model="m",trigger="a b"} 1.0',
        'mintmark_outcomes{model="m",state="known"} 1.0',
        'mintmark_outcomes_sent_total{model="m",what="unmatched"} 1.0',
        'mintmark_value_per_case{model="m",what="promised"} -3.0',
        "mintmark_rows_uncounted_total 0.0",
    ):
        assert line in said, line
    drifted = re.search(r'mintmark_drift_psi\{column="amount",model="m",part="questions"\} ([\d.]+)', said)
    assert drifted and float(drifted[1]) > 0.25 and 'mintmark_drift_ks{column="score"' in said


def test_several_workers_do_not_watch_and_say_so() -> None:
    w = Watching({"m": risky.model("m")}, workers=3)
    risky.asked(w, "m", "r", risky.rows(5))
    for ask in (w.state, w.figures, lambda name: w.reset(name, "all"), lambda name: w.take(name, [])):
        with pytest.raises(NotWatched, match="3 workers"):
            ask("m")
    with pytest.raises(RecipeError, match="each of 3 workers"):
        Watching({"m": risky.model("m")}, rules(), workers=3)


# --- by HTTP ---------------------------------------------------------------------------------------------------------


def sent(app: Any, *requests: tuple[str, Any]) -> list[httpx.Response]:
    """What these are answered, one after another; a body of None is a GET."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return [await (client.get(p) if b is None else client.post(p, json=b)) for p, b in requests]

    return asyncio.run(ask())


def one(app: Any, path: str, body: Any = None) -> httpx.Response:
    return sent(app, (path, body))[0]


def body(n: int, seed: int = 0, times: float = 1.0) -> dict[str, Any]:
    return {"rows": risky.rows(n, seed, times).to_pylist()}


def app_of(*triggers: dict[str, Any], state: Path | None = None, **more: Any) -> Any:
    given = {"m": risky.loaded(), "other": risky.loaded(run="other")}
    return make_app(given, state=state, rules=rules(*triggers), **more)


PREDICT, MONITOR, OUTCOMES = "/v1/models/m/predict", "/v1/models/m/monitor", "/v1/models/m/outcomes"


def test_drifted_traffic_is_handed_to_the_fallback_until_it_is_reset() -> None:
    """The whole way, in the background of a server: requests as ever, then others, then another model answers."""
    app = app_of({"name": "amounts", "model": "m", "action": "fallback", "fallback": "other"})
    for i in range(10):
        (said,) = sent(app, (PREDICT, body(50, i)))
        assert said.status_code == 200 and "x-mintmark-fallback" not in said.headers
    state = one(app, MONITOR).json()
    assert state["action"] == "answer" and state["drift"]["rows"] == 500
    end = time.monotonic() + 30
    while "x-mintmark-fallback" not in (said := one(app, PREDICT, body(50, 99, times=3))).headers:
        assert time.monotonic() < end, one(app, MONITOR).json()
        time.sleep(0.02)
    assert said.status_code == 200 and said.headers["x-mintmark-fallback"] == "other@1"
    told = said.json()
    assert (told["model"], told["fallback"], len(told["answers"])) == ("m", "other@1", 50)
    assert told["answers"] == one(app, "/v1/models/other/predict", body(50, 99, times=3)).json()["answers"]
    state = one(app, MONITOR).json()
    assert (state["action"], state["fallback"]) == ("fallback", "other") and "psi:amount" in state["triggers"][0][
        "reason"
    ]
    assert 'mintmark_trigger_fired{action="fallback",model="m",trigger="amounts"} 1.0' in one(app, "/metrics").text
    version = one(app, "/v1/models/m/versions/1/predict", body(2))  # asked for by its number
    assert version.status_code == 200 and "x-mintmark-fallback" not in version.headers
    assert one(app, MONITOR, {"reset": "amounts"}).json() == {"model": "m", "reset": ["amounts"]}
    assert "x-mintmark-fallback" not in one(app, PREDICT, body(5)).headers


def test_a_stopped_model_answers_503_with_the_reason() -> None:
    app = app_of({"watch": "missing:age", "above": 0.5, "model": "m", "action": "stop"})
    rows = {"rows": [r | {"age": None} for r in body(100)["rows"]]}
    end = time.monotonic() + 30
    while (said := one(app, PREDICT, rows)).status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert said.status_code == 503 and said.headers["retry-after"] == "60"
    assert "missing:age was 1, above 0.5" in said.json()["error"]["what"] and said.json()["error"]["kind"] == "Halted"
    assert one(app, "/v1/models/other/predict", rows).status_code == 200
    assert one(app, MONITOR, {"reset": "all"}).status_code == 200 and one(app, PREDICT, body(5)).status_code == 200


def test_outcomes_by_http_come_back_by_request_and_by_case(tmp_path: Path) -> None:
    app = app_of(state=tmp_path)
    one_case = {"row": body(1)["rows"][0], "case": "B"}
    bodies = body(3), body(2) | {"cases": ["A-1", "A-2"]}, one_case
    first, second, third = sent(app, *((PREDICT, sent_) for sent_ in bodies))
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 200)
    told = [
        {"request": first.headers["x-request-id"], "row": 2, "outcome": "ok", "at": "2030-01-01T00:00:00Z"},
        {"case": "A-2", "outcome": "fraud"}, {"case": "B", "outcome": "ok"}, {"request": "?", "outcome": "ok"},
    ]  # fmt: skip
    said = one(app, OUTCOMES, {"outcomes": told})
    assert said.status_code == 200 and said.json() == {
        "model": "m", "outcomes": 4, "matched": 3, "revised": 0, "duplicates": 0, "unmatched": 1,
    }  # fmt: skip
    figures = one(app, OUTCOMES).json()
    assert (figures["decisions"], figures["matched"], figures["kept"]) == (6, 3, "in a journal")
    assert figures["realised"]["rows"] == 3 and figures["promised"]["per_case"] == -3.0
    app.state.models["m"].close()
    app.state.models["other"].close()
    again = app_of(state=tmp_path)
    assert one(again, OUTCOMES).json()["matched"] == 3


@pytest.mark.parametrize(
    ("path", "sent_", "status", "where"),
    [
        (OUTCOMES, {"outcomes": [{"request": "r"}]}, 422, "outcome 1, field 'outcome'"),
        (OUTCOMES, {"outcomes": []}, 422, "outcomes"),
        (OUTCOMES, {"outcome": []}, 400, "body"),
        (OUTCOMES, {"outcomes": [{"case": "c", "outcome": "ok"}] * 11}, 413, "outcomes"),
        ("/v1/models/n/outcomes", {"outcomes": []}, 404, "path"),
        (MONITOR, {"reset": "nothing"}, 404, "trigger"),
        (MONITOR, {"reset": 3}, 400, "reset"),
        (MONITOR, {}, 400, "body"),
        (PREDICT, body(2) | {"cases": ["A"]}, 400, "cases"),
        (PREDICT, body(1) | {"cases": [7]}, 400, "cases"),
        (PREDICT, {"row": {}, "case": ""}, 400, "cases"),
    ],
)
def test_what_is_sent_wrong_is_said(path: str, sent_: Any, status: int, where: str) -> None:
    said = one(app_of({"name": "t"}, limits=Limits(rows=10)), path, sent_)
    assert said.status_code == status and said.json()["error"]["where"] == where and said.json()["error"]["try"]


def test_openapi_tells_of_the_paths_and_what_it_shows_is_taken() -> None:
    app = app_of()
    paths = one(app, "/openapi.json").json()["paths"]
    assert {"/v1/models/{name}/outcomes", "/v1/models/{name}/monitor", OUTCOMES, MONITOR} <= paths.keys()
    assert {"200", "422", "503"} <= paths[OUTCOMES]["post"]["responses"].keys()


def test_keys_need_their_scope(tmp_path: Path) -> None:
    from mintmark.serving.access import Keys
    from mintmark.serving.key_file import new

    file, held = tmp_path / "keys", {}
    for scope in ("predict", "outcomes", "read", "admin"):
        held[scope] = new(file, scope, [scope])[1]
    app = app_of(keys=Keys(file))

    async def ask(scope: str, method: str, path: str, json: Any) -> int:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            headers = {"authorization": f"Bearer {held[scope]}"} if scope else {}
            return (await client.request(method, path, json=json, headers=headers)).status_code

    told = {"outcomes": [{"case": "c", "outcome": "ok"}]}
    for needs, method, path, json in (
        ("outcomes", "POST", OUTCOMES, told), ("read", "GET", OUTCOMES, None), ("read", "GET", MONITOR, None),
        ("admin", "POST", MONITOR, {"reset": "all"}),
    ):  # fmt: skip
        found = {scope: asyncio.run(ask(scope, method, path, json)) for scope in ("", *held)}
        assert found == {scope: 200 if scope == needs else 401 if not scope else 403 for scope in found}, path
