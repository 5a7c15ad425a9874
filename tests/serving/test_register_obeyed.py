"""The monitor.toml of a register: traffic drives its trigger until it fires, and the fallback answers."""

from pathlib import Path

import risky
from test_monitor import Clock, drive

from mintmark.capital import register
from mintmark.serving import monitor
from mintmark.serving.watching import Watching


def test_what_a_register_writes_is_obeyed(tmp_path: Path) -> None:
    indicator = {"watch": "psi:amount", "one_in": 100, "rows": 400, "reference_rows": 2000}
    trigger = {"model": "m", "action": "fallback", "fallback": "other", "min_rows": 200}
    risk = {"kind": "technical", "event": "amounts change", "probability": 0.3, "impact": 100,
            "indicator": indicator, "trigger": trigger}  # fmt: skip
    said = register.risk({"plan": {"cash": 1}, "risks": {"drift": risk}}, samples=1000)
    path = tmp_path / "monitor.toml"
    path.write_text(register.monitor(said), encoding="utf-8")
    rules = monitor.load(path).model_copy(update={"every_s": 0.01})
    models = {"m": risky.model("m"), "other": risky.model("other", risky.loaded(run="other"))}
    w = Watching(models, rules, None, Clock())
    drive(w, 1000)
    assert w.state("m")["action"] == "answer", "chance alone does not fire it"
    drive(w, 800, times=3, seed=1)
    now = w.state("m")
    assert (now["action"], now["fallback"]) == ("fallback", "other")
    assert w.answering(w.models["m"]).name == "other", "who answers from here on"
    live = register.live(now, "server")
    assert live["triggers"][0]["name"] == "drift" and live["triggers"][0]["state"] == "fired"
