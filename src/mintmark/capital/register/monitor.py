"""Monitor: the triggers of a register as the server's monitor.toml; and what a server says of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mintmark.base.errors import DataError
from mintmark.capital.register.limit import SOURCES


def monitor(said: Mapping[str, Any]) -> str:
    """The file of `mintmark serve --monitor`, from a result of `risk`.   Raises: DataError: no risk has a trigger."""
    found = [r for r in said["risks"] if r["trigger"]]
    if not found:
        fix = 'trigger = { action = "warn" } beside an indicator that names what is watched.'
        raise DataError("no risk of the register has a trigger.", where="monitor.toml", fix=fix)
    head = f"# Triggers of the register of risks{': ' + _line(said['name']) if said['name'] else ''}.\n"
    return head + "".join(f"\n{block}" for block in map(_block, found))


def _block(risk: Mapping[str, Any]) -> str:
    return "\n".join([f"# {_line(risk['event'])}", "[[trigger]]", *_keys(risk)]) + "\n"


def _keys(risk: Mapping[str, Any]) -> Iterator[str]:
    trigger, limit = risk["trigger"], risk["indicator"]
    yield f"name = {_text(risk['id'])}"
    if trigger["model"]:
        yield f"model = {_text(trigger['model'])}"
    yield f"watch = {_text(limit['watch'])}"
    side = "above" if limit["above"] is not None else "below"
    chance = (
        f"   # false alarms: at most one window in {limit['one_in']:g}" if limit["source"] != SOURCES["fixed"] else ""
    )
    yield f"{side} = {float(limit[side]):.6g}{chance}"
    yield f'window = "{limit["rows"]} rows"'
    yield f"min_rows = {trigger['rows']}"
    yield f'action = "{trigger["action"]}"'
    if trigger["fallback"]:
        yield f"fallback = {_text(trigger['fallback'])}"
    if trigger["release"] != "call":
        yield f'release = "{trigger["release"]}"'


def live(answer: Any, where: str) -> dict[str, Any]:
    """What a server says at GET /v1/models/NAME/monitor, as far as the page shows it.

    Raises: DataError: it is something else.
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("triggers"), list):
        what = "is not what a server says of its triggers."
        raise DataError(what, where=where, fix="its address /v1/models/NAME/monitor.")
    keys = ("name", "watch", "limit", "value", "rows", "state", "action", "reason")
    rows = [{k: t.get(k) for k in keys} for t in answer["triggers"] if isinstance(t, Mapping)]
    for t in rows:
        if not isinstance(t["value"], (int, float, type(None))):
            what = f"the value of trigger {str(t['name'])!r} is {str(t['value'])[:40]!r}, which is no number."
            raise DataError(what, where=where, fix="its address /v1/models/NAME/monitor.")
    return {"model": str(answer.get("model", "")), "action": str(answer.get("action", "")), "triggers": rows}


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
