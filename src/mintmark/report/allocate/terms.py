"""Names: what the ways to spend and the rules of staged funding are called."""

from collections.abc import Mapping
from typing import Any

from mintmark.base.words import Language, mark

WAYS = {
    "exact": mark("exact"), "mean_cvar": mark("mean and CVaR"), "greedy": mark("greedy"), "equal": mark("equal split"),
}  # fmt: skip


def rule(say: Language, s: Mapping[str, Any]) -> str:
    """When a project goes on after its first stage."""
    if s["rule"] == "always":
        return say("goes on in any case")
    if s["rule"] == "never":
        return say("stops in any case")
    at = f"{s['error']:.3g}"
    if s["rule"] == "below":
        return say("goes on if the error is below {error}", error=at)
    return say("goes on if the error is above {error}", error=at)
