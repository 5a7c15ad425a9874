"""Tree: decisions and chances in turn, what the best decisions are worth, and what knowing more would be worth.

A node is a number; `{"value": 90}`; `{"decision": {option: node, ...}}`; or `{"chance": {outcome: node, ...}}`, where
each outcome's node also has its probability `p`. `cost` beside any of them is paid on the way, `value` beside a
decision or a chance is gained on the way. The longer form `{"type": "chance", "name": "oil", "outcomes": [{"name":
"yes", "p": 0.25, "then": node}, ...]}` says the same.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.capital.calculator import calculator

KINDS = ("decision", "chance", "value")
NAME, CHANCE, THEN = ("name", "label", "option", "outcome"), ("p", "probability", "prob"), ("then", "node", "next")
BRANCHES = ("options", "outcomes", "branches", "children")
PLAIN = {"options": "decision", "outcomes": "chance"}
"""branches that say by their name of what kind their node is"""
KEYS = {*KINDS, *NAME, *CHANCE, *THEN, *BRANCHES, "type", "kind", "cost", "payoff"}
DEEPEST, MOST_NODES, MOST_STEPS = 80, 20_000, 3_000_000
"""how deep and large a tree may be; how many nodes are looked at for what perfect knowledge would be worth"""
START = "start"


@dataclass(frozen=True)
class Node:
    kind: str
    value: float
    """gained on coming here, less what that costs"""
    name: str = ""
    branches: "tuple[tuple[str, float, Node], ...]" = ()
    """label, probability (1 for an option), and where it leads"""


@calculator(
    unit={"value": "as the values", "policy": "", "evpi": "as the values"},
    formula="a chance is worth the sum of p times what its outcomes are worth, a decision the most of its options; "
    "evpi = mean over what can come of the best that could be done knowing it, less value. Chances with the same name, "
    "or the same outcomes, are one event. evpi is null where too many things can come together",
    source="Raiffa, Decision Analysis, 1968; Hillier, Lieberman, Introduction to Operations Research, chapter 16",
)
def decision_tree(tree: dict[str, Any] | float) -> dict[str, Any]:
    """Expected value of the best decisions, which these are on each way they lead to, and of perfect information.

    Raises: RecipeError: a node of no known kind, chances that do not add up to 1.
    """
    root = read(tree)
    value, policy = _best(root, ())
    return {"value": value, "policy": policy, "evpi": None if (known := _knowing(root)) is None else known - value}


def survey_worth(
    prior: Sequence[float], payoffs: Sequence[Sequence[float]], likelihood: Sequence[Sequence[float]]
) -> float:
    """Expected value of a survey's information before its cost: the best decisions after its answer, less without it.

    Shapes: prior (states,); payoffs (actions, states); likelihood (answers, states), each column adding up to 1.
    Raises: DataError: shapes that do not fit, chances that do not add up to 1.   Source: Raiffa, Schlaifer, 1961.
    """
    p, won, said = (np.asarray(a, float) for a in (prior, payoffs, likelihood))
    if won.ndim != 2 or said.ndim != 2 or not len(p) == won.shape[1] == said.shape[1]:
        what = "payoffs and likelihood need a row for each action and answer, and a column for each state."
        raise DataError(
            what, where="survey_worth", fix="prior of n states, payoffs [actions][n], likelihood [answers][n]."
        )
    for name, total in (("prior", p.sum()), ("likelihood", said.sum(0))):
        if np.abs(total - 1).max() > 1e-6:
            raise DataError("chances must add up to 1.", where=f"survey_worth: {name}", fix="[0.25, 0.75]")
    return float(((said * p) @ won.T).max(1).sum() - (won @ p).max())


# --- worth ------------------------------------------------------------------------------------------------------------


def _best(node: Node, path: tuple[str, ...]) -> tuple[float, dict[str, str]]:
    """What a node is worth, and what is decided from it on."""
    if not node.branches:
        return node.value, {}
    found = [(label, p, *_best(after, (*path, label))) for label, p, after in node.branches]
    if node.kind == "chance":
        policy = {at: option for _, p, _, chosen in found if p > 0 for at, option in chosen.items()}
        return node.value + math.fsum(p * worth for _, p, worth, _ in found), policy
    label, _, worth, chosen = max(found, key=lambda f: f[2])
    return node.value + worth, {" > ".join(path) or START: label, **chosen}


def _knowing(root: Node) -> float | None:
    """Mean of the best that could be done if all that comes were known; None where that is too much to look at."""
    events = list(_events(root, {}, {}))
    if not events:
        return _best(root, ())[0]
    order = _order(events)
    ways = math.prod(len(next(e.shares for e in events if e.id == name)) for name in order)
    size = sum(1 for _ in _nodes(root))
    if ways * size > MOST_STEPS:
        return None
    ids = {id(e.node): e.id for e in events}

    def mean(known: dict[str, str], left: Sequence[str]) -> float:
        if not left:
            return _knew(root, known, ids)
        shares = _given(events, left[0], known)
        return math.fsum(p * mean({**known, left[0]: label}, left[1:]) for label, p in shares.items() if p > 0)

    return mean({}, order)


def _knew(node: Node, known: Mapping[str, str], ids: Mapping[int, str]) -> float:
    """What a node is worth to one who knows what comes."""
    if not node.branches:
        return node.value
    if node.kind == "decision":
        return node.value + max(_knew(after, known, ids) for _, _, after in node.branches)
    label = known[ids[id(node)]]
    return node.value + next(_knew(after, known, ids) for name, _, after in node.branches if name == label)


@dataclass(frozen=True)
class Event:
    """A chance node as a thing that can come: the same event may stand in several branches of a tree."""

    node: Node
    id: str
    given: dict[str, str]
    """what has come before it on its way"""
    shares: dict[str, float]


def _events(node: Node, given: dict[str, str], seen: dict[str, list[dict[str, float]]]) -> Iterator[Event]:
    """All chance nodes; two with other chances after the same events are two events."""
    if node.kind != "chance":
        for _, _, after in node.branches:
            yield from _events(after, given, seen)
        return
    shares = {label: p for label, p, _ in node.branches}
    name = node.name or " | ".join(sorted(shares))
    before = seen.setdefault(f"{name} {sorted(given.items())}", [])
    if shares not in before:
        before.append(shares)
    made = f"{name} #{before.index(shares)}"
    while made in given:  # twice on one way: it comes again
        made += "'"
    yield Event(node, made, given, shares)
    for label, _, after in node.branches:
        yield from _events(after, {**given, made: label}, seen)


def _order(events: Sequence[Event]) -> list[str]:
    """The events so that each comes after those it hangs on, as far as that can be."""
    before: dict[str, set[str]] = {}
    for e in events:
        before.setdefault(e.id, set()).update(e.given)
    done: list[str] = []
    while len(done) < len(before):
        left = [n for n in before if n not in done]
        done.append(next((n for n in left if before[n] <= set(done)), left[0]))
    return done


def _given(events: Sequence[Event], name: str, known: Mapping[str, str]) -> dict[str, float]:
    """Its chances after what is known: those of the node that says most of it and nothing else."""
    own = [e for e in events if e.id == name]
    fits = [e for e in own if all(known.get(k) == v for k, v in e.given.items())]
    return max(fits or own, key=lambda e: len(e.given)).shares


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for _, _, after in node.branches:
        yield from _nodes(after)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(tree: Any) -> Node:
    """Raises: RecipeError: see `decision_tree`."""
    root = _read(tree, "decision_tree: tree", 0)
    if sum(1 for _ in _nodes(root)) > MOST_NODES:
        raise RecipeError(f"has more than {MOST_NODES:,} nodes.", where="decision_tree: tree", fix="a smaller tree.")
    return root


def _read(raw: Any, where: str, deep: int) -> Node:
    if deep > DEEPEST:
        raise RecipeError(f"is more than {DEEPEST} nodes deep.", where=where, fix="a flatter tree.")
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return Node("value", float(raw))
    if not isinstance(raw, Mapping):
        what = f"a node is a number or a table, got {raw!r:.40}."
        raise RecipeError(what, where=where, fix='{"decision": {"drill": {"chance": {...}}, "sell": 90}}')
    for key in raw:
        if key not in KEYS:
            raise unknown("key of a node", str(key), KEYS, where=where)
    if (then := _first(raw, THEN)) is not None:
        inner = _read(then, where, deep + 1)
        extra = _money(raw, where)
        return Node(inner.kind, inner.value + extra, inner.name, inner.branches)
    kind, inside, name = _inside(raw, where)
    if kind == "value":
        return Node(kind, _money(raw, where))
    branches = tuple(_branch(label, given, kind, where, deep) for label, given in _listed(inside, f"{where}.{kind}"))
    labels = [label for label, _, _ in branches]
    if not branches or len(set(labels)) < len(labels):
        raise RecipeError("needs branches of different names.", where=f"{where}.{kind}", fix='{"yes": ..., "no": ...}')
    total = math.fsum(p for _, p, _ in branches)
    if kind == "chance" and abs(total - 1) > 1e-6:
        what = f"the probabilities of {', '.join(labels[:6])} add up to {total:.6g}, not to 1."
        raise RecipeError(what, where=f"{where}.{kind}", fix=f'"p": {1 / len(labels):.3g} each, or your own.')
    return Node(kind, _money(raw, where), name, branches)


def _inside(raw: Mapping[str, Any], where: str) -> tuple[str, Any, str]:
    """Kind, branches and name of a node."""
    name = str(_first(raw, NAME) or "")
    said = raw.get("type", raw.get("kind", next((k for b, k in PLAIN.items() if b in raw), None)))
    if said is None:
        kinds = [k for k in ("decision", "chance") if k in raw]
        if len(kinds) > 1:
            raise RecipeError("is a decision or a chance, not both.", where=where, fix="one of the two.")
        if not kinds:
            if _first(raw, ("value", "payoff")) is None and "cost" not in raw:
                raise RecipeError("has no value, decision or chance.", where=where, fix='{"value": 90}')
            return "value", None, name
        return kinds[0], raw[kinds[0]], name
    kind = "value" if said in ("leaf", "terminal", "end", "payoff", "outcome") else said
    if kind not in KINDS:
        raise unknown("kind of node", str(said), KINDS, where=where)
    inside = raw.get(kind) if kind != "value" else None
    return kind, inside if isinstance(inside, Mapping | list) else _first(raw, BRANCHES), name


def _listed(inside: Any, where: str) -> list[tuple[str, Any]]:
    if isinstance(inside, Mapping):
        return [(str(label), given) for label, given in inside.items()]
    if isinstance(inside, list):
        return [_named(given, i) for i, given in enumerate(inside)]
    raise RecipeError("has no branches.", where=where, fix='{"yes": {"p": 0.25, "value": 700}, "no": ...}')


def _named(given: Any, place: int) -> tuple[str, Any]:
    """A branch of a list: its name is its label, and none of its node's."""
    if not isinstance(given, Mapping):
        return str(place + 1), given
    return str(_first(given, NAME) or place + 1), {k: v for k, v in given.items() if k not in NAME}


def _branch(label: str, given: Any, kind: str, where: str, deep: int) -> tuple[str, float, Node]:
    place = f"{where}.{kind}.{label:.40}"
    p = 1.0
    if kind == "chance":
        if isinstance(given, list) and len(given) == 2:
            given = {"p": given[0], "then": given[1]}
        said = _first(given, CHANCE) if isinstance(given, Mapping) else None
        if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
            what = f"needs a probability from 0 to 1, got {'nothing' if said is None else repr(said)[:40]}."
            raise RecipeError(what, where=f"{place}.p", fix='{"p": 0.25, "value": 700}')
        p = float(said)
    if isinstance(given, Mapping):
        given = {k: v for k, v in given.items() if k not in CHANCE}
    return label, p, _read(given, place, deep + 1)


def _money(raw: Mapping[str, Any], where: str) -> float:
    made = []
    for key, sign in (("value", 1), ("payoff", 1), ("cost", -1)):
        said = raw.get(key, 0)
        if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
            raise RecipeError(f"must be a number, got {said!r:.40}.", where=f"{where}.{key}", fix=f'"{key}": 90')
        made.append(sign * float(said))
    return math.fsum(made)


def _first(raw: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((raw[k] for k in keys if k in raw), None)
