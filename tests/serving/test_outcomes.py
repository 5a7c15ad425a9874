"""Outcomes: joined to their decisions, valued as pandas values them by hand, and there after a kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest
import risky

from mintmark.base.errors import DataError, RecipeError
from mintmark.serving import answered, outcomes
from mintmark.serving.monitor import Rules
from mintmark.serving.outcomes import Outcomes
from mintmark.serving.refusals import NotKept
from mintmark.serving.terms import Terms
from mintmark.serving.watching import NotWatched, Watching

DAY = 86400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def watching(state: Path | None = None, clock: Clock | None = None, made: Any = None, **rules: Any) -> Watching:
    return Watching({"m": risky.model("m", made)}, Rules(**rules), state, clock or Clock())


def told(**outcome: Any) -> list[outcomes.Outcome]:
    return outcomes.parse([outcome])


def taken(w: Watching, **outcome: Any) -> dict[str, int]:
    said = w.take("m", told(**outcome))
    assert said.pop("model") == "m" and said.pop("outcomes") == 1
    return {what: n for what, n in said.items() if n}


# --- value -----------------------------------------------------------------------------------------------------------


def test_realised_value_is_what_pandas_makes_of_it_by_hand() -> None:
    """Payments asked in requests of many sizes; of those passed most outcomes come back, of those stopped a few."""
    w, rng, frames = watching(), np.random.default_rng(4), []
    for i, n in enumerate([1, 7, 40, 200, 1, 51]):
        table = risky.rows(n, seed=10 + i)
        made = risky.asked(w, "m", f"r{i}", table)
        frame = table.to_pandas().assign(request=f"r{i}", row=np.arange(n), outcome=risky.happened(table, i))
        frame["decision"], frame["p"] = [a["decision"] for a in made], [a["probability"]["fraud"] for a in made]
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True)
    acted = frame["decision"] == "fraud"
    frame["known"] = rng.random(len(frame)) < np.where(acted, 0.3, 0.9)
    sent = frame[frame["known"]].sample(frac=1, random_state=0)
    rows = [{"request": r.request, "row": r.row, "outcome": r.outcome} for r in sent.itertuples()]
    w.take("m", outcomes.parse(rows[:50]))
    w.take("m", outcomes.parse(rows[50:]))
    said = w.figures("m")

    frame["won"] = np.where(acted, -5.0, np.where(frame["outcome"] == "fraud", -frame["amount"], 0.0))
    frame["expected"] = np.where(acted, -5.0, -frame["p"] * frame["amount"])
    known = frame[frame["known"]]
    assert acted.any() and said["decisions"] == 300 and said["matched"] == len(known)
    assert said["realised"]["per_case"] == pytest.approx(known["won"].mean())
    assert said["expected"]["per_case"] == pytest.approx(known["expected"].mean())
    for name, which in (("acted", acted), ("passed", ~acted)):
        part = known[which[known.index]]
        assert said[name]["decisions"] == which.sum() and said[name]["known"] == len(part)
        assert said[name]["share_known"] == pytest.approx(len(part) / which.sum())
        assert said[name]["realised"]["per_case"] == pytest.approx(part["won"].mean())
    apart = known.groupby(acted[known.index])["won"].mean()
    assert said["weighted"]["per_case"] == pytest.approx(acted.mean() * apart[True] + (1 - acted.mean()) * apart[False])
    error = known["won"].std() / np.sqrt(len(known))
    assert said["realised"]["low"] == pytest.approx(known["won"].mean() - 1.96 * error, abs=error)
    assert said["realised"]["high"] == pytest.approx(known["won"].mean() + 1.96 * error, abs=error)
    assert said["promised"] == {n: risky.PROMISE[n] for n in ("per_case", "low", "high", "source")}
    assert said["currency"] == "USD" and said["versions"][0]["realised"] == said["realised"]
    assert any("Selective labels" in note and "90%" not in note for note in said["notes"])


def test_a_payoff_column_that_is_only_known_later_comes_with_the_outcome_or_has_its_mean() -> None:
    w = watching(made=risky.loaded({"true_positive": -5, "false_positive": -5, "false_negative": "-loss"}))
    made = risky.asked(w, "m", "r", risky.rows(3, times=0.001))
    assert {a["decision"] for a in made} == {"ok"}
    assert taken(w, request="r", row=0, outcome="fraud", amounts={"loss": 70}) == {"matched": 1}
    assert w.figures("m")["realised"]["per_case"] == -70
    assert not any("mean amounts" in note for note in w.figures("m")["notes"])
    assert taken(w, request="r", row=1, outcome="fraud") == {"matched": 1}
    mean = w.models["m"].loaded.decision.facts["mean_payoff"][0][1]
    said = w.figures("m")
    assert said["realised"]["per_case"] == pytest.approx((-70 + mean) / 2)
    assert any(note.startswith("Decisions paid at mean amounts") and "known: 1." in note for note in said["notes"])
    assert taken(w, request="r", row=1, outcome="fraud", amounts={"loss": 10}) == {"revised": 1}
    assert w.figures("m")["realised"]["per_case"] == -40
    with pytest.raises(DataError, match="outcome 1, field 'amounts': 'lost' is no column"):
        w.take("m", told(request="r", row=2, outcome="ok", amounts={"lost": 1}))


def test_a_missing_amount_is_paid_as_it_was_decided_at_the_mean() -> None:
    w = watching()
    table = risky.rows(1).set_column(0, "amount", pa.nulls(1, pa.float64()))
    (made,) = risky.asked(w, "m", "r", table)
    taken(w, request="r", outcome="fraud")
    mean = w.models["m"].loaded.decision.facts["mean_payoff"]
    action = risky.CLASSES.index(made["decision"])
    assert w.figures("m")["realised"]["per_case"] == pytest.approx(mean[action][1])


def test_numbers_cost_what_over_and_under_say() -> None:
    w = watching(made=risky.loaded({"over": -1, "under": -4}, kind="number"))
    made = risky.asked(w, "m", "r", risky.rows(2))
    for row, truth in ((0, made[0]["value"] - 3), (1, made[1]["value"] + 2)):
        taken(w, request="r", row=row, outcome=truth)
    said = w.figures("m")
    assert said["realised"]["per_case"] == pytest.approx((-1 * 3 - 4 * 2) / 2) and "acted" not in said
    with pytest.raises(DataError, match="a number is wanted"):
        w.take("m", told(request="r", row=0, outcome="7"))


def test_without_a_payoff_outcomes_are_counted_and_no_value_is_made_up() -> None:
    w = watching(made=risky.loaded(None, promise=None))
    risky.asked(w, "m", "r", risky.rows(4))
    taken(w, request="r", row=2, outcome="ok")
    said = w.figures("m")
    assert said["matched"] == 1 and said["realised"] is said["promised"] is said["currency"] is None
    assert "no payoff" in said["notes"][0]


def test_a_bundle_of_before_has_no_promise_and_no_mean_amounts() -> None:
    made = risky.loaded({"true_positive": -5, "false_positive": -5, "false_negative": "-loss"}, promise=None)
    facts = {k: v for k, v in made.decision.facts.items() if k != "mean_payoff"}
    made.decision.facts.clear()
    made.decision.facts.update(facts)
    w = watching(made=made)
    risky.asked(w, "m", "r", risky.rows(2, times=0.001))
    taken(w, request="r", row=0, outcome="fraud")
    said = w.figures("m")
    assert said["matched"] == 1 and said["realised"] is None and said["promised"] is None
    assert any("no promise" in n for n in said["notes"]) and any("no value" in n for n in said["notes"])


def test_a_matrix_has_its_actions_in_the_order_of_the_recipe() -> None:
    matrix = {"wait": {"fraud": "-amount"}, "ask": {"ok": -2, "fraud": -1}, "drop": {"ok": "-amount"}}
    w = watching(made=risky.loaded({"matrix": dict(sorted(matrix.items()))} | {"matrix": matrix}))
    table = risky.rows(60, times=3)
    made = risky.asked(w, "m", "r", table)
    w.take("m", outcomes.parse([{"request": "r", "row": i, "outcome": "fraud"} for i in range(60)]))
    amount = table["amount"].to_numpy()
    cost = {"wait": -amount, "ask": np.full(60, -1.0), "drop": np.zeros(60)}
    wanted = np.mean([cost[a["decision"]][i] for i, a in enumerate(made)])
    assert w.figures("m")["realised"]["per_case"] == pytest.approx(wanted)
    assert w.figures("m")["passed"]["decisions"] == sum(a["decision"] == "wait" for a in made)


# --- the join --------------------------------------------------------------------------------------------------------


def test_what_is_sent_again_counts_once_and_what_has_changed_takes_its_place() -> None:
    w = watching()
    risky.asked(w, "m", "r", risky.rows(3))
    assert taken(w, request="r", row=1, outcome="ok") == {"matched": 1}
    assert taken(w, request="r", row=1, outcome="ok") == {"duplicates": 1}
    assert taken(w, request="r", row=1, outcome="fraud") == {"revised": 1}
    assert taken(w, request="r", row=3, outcome="ok") == {"unmatched": 1}
    assert taken(w, request="R", outcome="ok") == {"unmatched": 1}
    many = [{"request": "r", "row": 0, "outcome": o} for o in ("ok", "ok", "fraud")]
    said = w.take("m", outcomes.parse(many))
    assert (said["matched"], said["duplicates"], said["revised"]) == (1, 1, 1)
    figures = w.figures("m")
    assert {n: figures[n] for n in ("matched", "duplicates", "revised", "unmatched")} == {
        "matched": 2, "duplicates": 2, "revised": 2, "unmatched": 2,
    }  # fmt: skip


def test_all_of_a_request_or_none() -> None:
    w = watching()
    risky.asked(w, "m", "r", risky.rows(3))
    rows = [{"request": "r", "row": i, "outcome": o} for i, o in enumerate(["ok", "fruad", "ok"])]
    with pytest.raises(DataError, match=r"outcome 2, field 'outcome'.*no class.*did you mean 'fraud'"):
        w.take("m", outcomes.parse(rows))
    assert w.figures("m")["matched"] == 0


def test_a_case_of_the_clients_own_is_its_newest_decision() -> None:
    w, clock = watching(), Clock()
    risky.asked(w, "m", "r1", risky.rows(2, seed=1), ("A-1", "A-2"))
    risky.asked(w, "m", "r2", risky.rows(1, seed=2), ("A-1",))
    assert taken(w, case="A-1", outcome="ok") == {"matched": 1}
    assert taken(w, request="r2", outcome="ok") == {"duplicates": 1}
    assert taken(w, request="r1", outcome="ok") == {"matched": 1}
    assert taken(w, case="A-3", outcome="ok") == {"unmatched": 1}
    assert clock.now


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ({"outcome": "ok"}, "outcome 1", "either"),
        ({"request": "r", "case": "c", "outcome": "ok"}, "outcome 1", "either"),
        ({"request": "r"}, "outcome 1, field 'outcome'", "missing"),
        ({"request": "r", "row": 1.5, "outcome": "ok"}, "outcome 1, field 'row'", "place of a row"),
        ({"request": "r", "row": -1, "outcome": "ok"}, "outcome 1, field 'row'", "place of a row"),
        ({"case": "c", "row": 0, "outcome": "ok"}, "outcome 1, field 'row'", "a case has none"),
        ({"request": 7, "outcome": "ok"}, "outcome 1, field 'request'", "a text is wanted"),
        ({"request": "r", "outcome": "ok", "at": "soon"}, "outcome 1, field 'at'", "a time"),
        ({"request": "r", "outcom": "ok"}, "outcome 1, field 'outcom'", "unknown field"),
        ({"request": "r", "outcome": "ok", "amounts": {"a": "1"}}, "outcome 1, field 'amounts'", "numbers"),
        ("ok", "outcome 1", "an outcome must be an object"),
    ],
)
def test_what_is_no_outcome_is_refused_by_its_field(row: Any, where: str, what: str) -> None:
    with pytest.raises(DataError) as found:
        outcomes.parse([row])
    assert found.value.where == where and what in found.value.what and found.value.fix


def test_the_form_as_a_whole() -> None:
    for wrong in ({}, "x", [], None):
        with pytest.raises(DataError):
            outcomes.parse(wrong)
    w = watching(made=risky.loaded(None))
    w.models["m"].loaded.decision.facts["by"] = "none"
    w = Watching({"m": w.models["m"]})
    with pytest.raises(NotWatched, match="nothing that could be told"):
        w.figures("m")


def test_booleans_and_numbers_name_classes_as_the_data_did() -> None:
    w = watching()
    for made in w.models["m"].loaded.decision.facts, w.watched["m"].bundle.terms.facts():
        assert made["classes"] == ["ok", "fraud"]
    terms = Terms.of_facts(w.watched["m"].bundle.terms.facts() | {"classes": ["0", "true"]})
    assert [terms.outcome(v, "") for v in (0, 0.0, "0", True, "true")] == [0, 0, 0, 1, 1]
    for wrong in (2, False, None, [1], float("nan")):
        with pytest.raises(DataError):
            terms.outcome(wrong, "")


def test_label_delay_tells_what_is_waiting_from_what_is_overdue() -> None:
    clock = Clock()
    w = watching(clock=clock, label_delay="30 days")
    for day, request in ((0, "old"), (25, "young")):
        clock.now = Clock().now + day * DAY
        risky.asked(w, "m", request, risky.rows(4))
        w.count()
    clock.now = Clock().now + 40 * DAY
    w.take("m", outcomes.parse([{"request": r, "row": 0, "outcome": "ok", "at": clock.now} for r in ("old", "young")]))
    said = w.figures("m")
    assert {n: said[n] for n in ("decisions", "matched", "waiting", "overdue", "early", "label_delay_s")} == {
        "decisions": 8, "matched": 2, "waiting": 3, "overdue": 3, "early": 1, "label_delay_s": 30 * DAY,
    }  # fmt: skip
    assert said["median_delay_s"] == pytest.approx((40 + 15) / 2 * DAY)
    assert any("before the label delay has passed: 1;" in n for n in said["notes"])
    unsaid = watching()
    risky.asked(unsaid, "m", "r", risky.rows(2))
    said = unsaid.figures("m")
    assert (said["waiting"], said["overdue"]) == (2, 0) and any("Nobody said" in n for n in said["notes"])


def test_the_delay_of_the_recipe_counts_where_it_is_in_seconds() -> None:
    from mintmark.serving.watched import delay_of

    fields = [{"name": "day", "kind": "time", "type": "timestamp[us]"}, {"name": "step", "kind": "number"}]
    for delay, column, wanted in (
        ("7 days", "day", 7 * DAY),
        (60.0, "day", 60.0),
        (60.0, "step", None),
        (0.0, "day", None),
    ):
        assert delay_of({"questions": fields, "recipe": {"label_delay": delay, "columns": {"time": column}}}) == wanted


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_restart_knows_decisions_outcomes_and_cases_and_no_value_of_a_row_is_on_the_disk(tmp_path: Path) -> None:
    w = watching(tmp_path)
    risky.asked(w, "m", "r", risky.rows(50), tuple(f"case {i}" for i in range(50)))
    w.take("m", outcomes.parse([{"request": "r", "row": i, "outcome": "fraud"} for i in range(20)]))
    before = w.figures("m")
    w.close()
    (path,) = (tmp_path / "outcomes").glob("*.jsonl")
    text = path.read_text()
    assert path.name == "m.000001.jsonl" and os.stat(path).st_mode & 0o77 == 0
    assert not any(word in text for word in ("case 1", "games", "travel", '"age"', "shop", "abroad"))
    again = watching(tmp_path)
    after = again.figures("m")
    assert after == before | {n: 0 for n in ("unmatched", "duplicates", "revised", "lost")}
    assert taken(again, case="case 30", outcome="ok") == {"matched": 1}
    assert taken(again, request="r", row=3, outcome="fraud") == {"duplicates": 1}
    again.close()


KILLED = """
import sys
sys.path[:0] = [{tests!r}, {serving!r}]
import risky
from pathlib import Path
from mintmark.serving import outcomes
from mintmark.serving.watching import Watching
w = Watching({{"m": risky.model("m")}}, state=Path({state!r}))
for i in range(10_000):
    risky.asked(w, "m", f"r{{i}}", risky.rows(3, seed=i))
    said = w.take("m", outcomes.parse([{{"request": f"r{{i}}", "row": 1, "outcome": "fraud"}}]))
    assert said["matched"] == 1
    print(i, flush=True)
"""


def test_a_kill_loses_no_outcome_that_was_acknowledged(tmp_path: Path) -> None:
    here = Path(__file__).parent
    code = KILLED.format(tests=str(here.parent), serving=str(here), state=str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    said = -1
    for line in child.stdout:
        said = int(line)
        if said == 40:
            os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert said >= 40
    w = watching(tmp_path)
    assert w.figures("m")["matched"] >= said + 1
    for i in range(said + 1):
        assert taken(w, request=f"r{i}", row=1, outcome="fraud") == {"duplicates": 1}, i
    w.close()


@pytest.mark.parametrize("torn", [b'[{"key":12', b"\0\0\n", b"[1,"])
def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path, torn: bytes) -> None:
    w = watching(tmp_path)
    risky.asked(w, "m", "r", risky.rows(3))
    taken(w, request="r", outcome="ok")
    w.close()
    (path,) = (tmp_path / "outcomes").glob("*.jsonl")
    path.write_bytes(path.read_bytes() + torn)
    again = watching(tmp_path)
    assert again.figures("m")["matched"] == 1
    risky.asked(again, "m", "r2", risky.rows(3))
    again.close()
    assert watching(tmp_path).figures("m")["decisions"] == 6


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    w = watching(tmp_path)
    with pytest.raises(RecipeError, match="in use"):
        watching(tmp_path)
    w.close()


def test_what_cannot_be_written_is_not_taken_and_answers_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    w = watching(tmp_path)
    risky.asked(w, "m", "r", risky.rows(3))

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mintmark.serving.journal.os.fsync", full)
        patch.setattr("mintmark.serving.journal.Journal._cut", lambda self, at: self._file.truncate(at))
        with pytest.raises(NotKept, match="No space left"):
            w.take("m", told(request="r", outcome="ok"))
        w.tick()  # the decisions wait
        risky.asked(w, "m", "r2", risky.rows(3))
        assert w.figures("m")["matched"] == 0
    assert taken(w, request="r", outcome="ok") == {"matched": 1}
    w.close()
    assert watching(tmp_path).figures("m")["decisions"] == 6


def test_the_oldest_go_and_what_they_were_is_unmatched_then(tmp_path: Path) -> None:
    terms = Terms.of(risky.loaded())
    kept = Outcomes("a.b", tmp_path, keep=2000)
    assert terms
    number = kept.version("v1", terms)
    made = risky.loaded().task.predict
    (said,) = risky.model().answer([risky.model().questions.columns(risky.rows(10).to_pylist())], [10])
    decided = terms.decisions(orjson.loads(said)["answers"], {"amount": risky.rows(10)["amount"].to_pylist()})
    for i in range(400):
        kept.decided(f"r{i}", float(i), number, decided)
        if i % 50 == 0:
            kept.flush()
            kept.take([outcomes.Outcome("ok", request=f"r{i}")], i)
    n = len(kept.column("at"))
    files = sorted(p.name for p in tmp_path.iterdir())
    assert 1900 <= n <= 2200 and len(files) == outcomes.SEGMENTS + 1 and made
    assert files[-1] == f"a.b.{int(files[0].split('.')[2]) + outcomes.SEGMENTS:06d}.jsonl"
    assert kept.take([outcomes.Outcome("ok", request="r0", row=3)], 0.0).unmatched == 1
    assert kept.take([outcomes.Outcome("fraud", request="r399", row=3)], 0.0).matched == 1
    columns = {c: kept.column(c) for c in ("at", "action", "score", "expected", "amounts", "outcome", "won", "version")}
    kept.close()
    again = Outcomes("a.b", tmp_path, keep=2000)
    for name, column in columns.items():
        np.testing.assert_array_equal(again.column(name), column, err_msg=name)
    assert again.versions[number][0] == "v1" and again.version("v1", terms) == number
    assert again.take([outcomes.Outcome("fraud", request="r399", row=3)], 0.0).duplicates == 1
    assert Outcomes("a", tmp_path).column("at").size == 0  # another name with the same beginning
    again.close()


def test_versions_are_kept_apart_and_each_held_against_its_own_promise(tmp_path: Path) -> None:
    clock = Clock()
    for version, per_case in (("1", -3.0), ("2", -1.0)):
        promise = risky.PROMISE | {"per_case": per_case}
        w = watching(tmp_path, clock, risky.loaded(run=version, promise=promise))
        risky.asked(w, "m", f"r{version}", risky.rows(10))
        w.take("m", outcomes.parse([{"request": f"r{version}", "row": i, "outcome": "ok"} for i in range(5)]))
        said = w.figures("m")
        w.close()
    assert [(v["run"], v["known"], v["promised"]["per_case"]) for v in said["versions"]] == [("1", 5, -3), ("2", 5, -1)]
    assert said["promised"]["per_case"] == -2 and "2 versions" in said["promised"]["source"]


def test_a_request_larger_than_a_segment_is_kept_whole() -> None:
    kept, terms = Outcomes("m", keep=1000), Terms.of(risky.loaded())
    assert terms
    n = 500
    made = answered.Decisions(np.ones(n, int), np.zeros(n), np.zeros(n), np.ones((n, 1)))
    for request in "abc":
        kept.decided(request, 0.0, kept.version("v", terms), made)
    assert kept.take([outcomes.Outcome("ok", request="b", row=499)], 0.0).matched == 1


def test_decisions_and_outcomes_may_come_from_many_threads(tmp_path: Path) -> None:
    w = watching(tmp_path)
    wrong: list[BaseException] = []

    def client(k: int) -> None:
        try:
            for i in range(15):
                risky.asked(w, "m", f"{k}-{i}", risky.rows(4, seed=k * 100 + i))
                rows = [{"request": f"{k}-{i}", "row": j, "outcome": "ok"} for j in range(4)]
                assert w.take("m", outcomes.parse(rows))["matched"] == 4
        except BaseException as exc:  # noqa: BLE001  told below
            wrong.append(exc)

    threads = [threading.Thread(target=client, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    said = w.figures("m")
    assert said["decisions"] == said["matched"] == 6 * 15 * 4
    w.close()
    assert watching(tmp_path).figures("m")["realised"] == said["realised"]


def test_what_is_too_much_at_once_is_answered_and_said_to_be_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.serving.watching.MOST_WAITING", 100)
    monkeypatch.setattr("mintmark.serving.watching.TICK_S", 60)
    w = watching()
    for i in range(5):
        risky.asked(w, "m", f"r{i}", risky.rows(40))
    assert w.state("m")["uncounted"] == 120 and w.figures("m")["decisions"] == 80
    risky.asked(w, "m", "next", risky.rows(40))
    assert w.figures("m")["decisions"] == 120 and json.dumps(w.state("m"))


# --- a server of its own ---------------------------------------------------------------------------------------------


def started(state: Path) -> tuple[subprocess.Popen[str], str]:
    script = Path(__file__).with_name("risky.py")
    child = subprocess.Popen([sys.executable, str(script), str(state)], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    return child, f"http://127.0.0.1:{int(child.stdout.readline())}/v1/models/m"


@pytest.mark.slow
def test_a_killed_server_knows_every_outcome_that_it_acknowledged(tmp_path: Path) -> None:
    """Several clients ask and report while the server is killed, three times over."""
    acknowledged: list[str] = []
    for kill in range(3):
        child, url = started(tmp_path)

        def client(k: int, url: str = url, kill: int = kill) -> None:
            with httpx.Client() as http, contextlib.suppress(httpx.TransportError):
                for i in range(10_000):
                    asked = http.post(f"{url}/predict", json={"rows": risky.rows(2, seed=i).to_pylist()})
                    request = asked.headers["x-request-id"]
                    told = {"outcomes": [{"request": request, "row": 1, "outcome": "fraud"}]}
                    assert http.post(f"{url}/outcomes", json=told).json()["matched"] == 1, (k, kill, i)
                    acknowledged.append(request)

        threads = [threading.Thread(target=client, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        wanted = len(acknowledged) + 40
        while len(acknowledged) < wanted and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        child.kill()
        for thread in threads:
            thread.join()
        child.wait()
    assert len(acknowledged) >= 120
    child, url = started(tmp_path)
    for i in range(0, len(acknowledged), 500):
        told = [{"request": r, "row": 1, "outcome": "fraud"} for r in acknowledged[i : i + 500]]
        said = httpx.post(f"{url}/outcomes", json={"outcomes": told}, timeout=30).json()
        assert said["duplicates"] == len(told), said
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
