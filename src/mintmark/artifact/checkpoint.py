"""Checkpoints of a run: signed like a bundle, found again by all that went into them."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mintmark.artifact import bundle, sign
from mintmark.base.state import State

SPENT = "spent"


def kept(folder: Path | None, of: Any, make: Callable[[], dict[str, State]]) -> tuple[dict[str, State], float]:
    """The States that `make` makes, or made before a kill, and the seconds that making them took back then (else 0).

    `of`: what they depend on, as JSON holds it. Without a folder nothing is kept.
    """
    made_here = False

    def timed() -> dict[str, State]:
        nonlocal made_here
        made_here, start = True, time.perf_counter()
        states = make()
        return states | {SPENT: State(facts={"wall_s": time.perf_counter() - start})}

    if folder is None:
        return make(), 0.0
    name = "fit-" + hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]
    states = dict(bundle.keep(folder, name, timed, sign.signer(), sign.trust()))
    spent = float(states.pop(SPENT).facts["wall_s"])
    return states, 0.0 if made_here else spent
