"""Tree: a decision tree as a picture that a person can follow from the top."""

from collections.abc import Iterator, Sequence
from typing import Any

from mintmark.base.state import State
from mintmark.base.words import Language
from mintmark.report import words

DEEPEST, MOST_VALUES = 5, 40
WIDTH, HEIGHT, GAP, DROP = 168, 50, 12, 34


def tree_of(features: State, model: State, classes: Sequence[str]) -> dict[str, Any]:
    """The tree of a model that is one decision tree, its first levels as nested plain things; else nothing.

    A node: `column` and `at` (go left where at most), or `column` and `values` (left where one of them); `missing`,
    where a missing value goes; `value`, of each class or the number; `left` and `right`, or `hidden` nodes below.
    """
    if model.facts.get("model") != "decision_tree" or "root" not in model.arrays or len(model.arrays["root"]) != 1:
        return {}
    names, sets = feature_names(features), _categories(features)
    tree = {n: a.tolist() for n, a in model.arrays.items()}

    def below(top: int) -> int:
        todo, count = [top], -1
        while todo:
            i = todo.pop()
            count += 1
            todo += [] if tree["child"][i] == i else [tree["child"][i], tree["child"][i] + 1]
        return count

    def node(i: int, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {"value": [float(v) for v in tree["value"][i]]}
        if tree["child"][i] == i:
            return made
        if depth >= DEEPEST:
            return made | {"hidden": below(i)}
        place = tree["column"][i]
        column, missing = place % len(names), "left" if place >= len(names) else "right"
        made |= {"column": names[column], "missing": missing}
        if column in sets:
            made["values"] = [v for v, code in sets[column] if code <= tree["threshold"][i]][:MOST_VALUES]
        else:
            made["at"] = float(tree["threshold"][i])
        return made | {s: node(tree["child"][i] + j, depth + 1) for j, s in enumerate(("left", "right"))}

    return {"root": node(tree["root"][0], 0), "classes": list(classes), "nodes": len(tree["child"])}


def feature_names(features: State) -> list[str]:
    """Of all features as trees want them, in their order."""
    facts, parts = features.facts, features.parts
    names = list(facts.get("names", []))
    for part in ("derived", "target", "text"):
        names += parts[part].facts.get("names", []) if part in parts else []
    names += facts.get("history", {}).get("names", [])
    if "kept" in features.arrays:
        names = [names[i] for i in features.arrays["kept"].tolist()]
    return names


def _categories(features: State) -> dict[int, list[tuple[str, float]]]:
    """Place among the features -> categories with their codes, of those columns that are read as codes."""
    facts, found = features.facts, {}
    base = list(facts.get("names", []))
    places = {j: i for i, j in enumerate(features.arrays["kept"].tolist())} if "kept" in features.arrays else None
    told = [(w["name"], [(str(v), float(c)) for v, c in w["codes"].items()]) for w in facts.get("words", [])]
    told += [(c["name"], [(f"{v:g}", float(i)) for i, v in enumerate(c["values"])]) for c in facts.get("codes", [])]
    start = len(base) - len(told)
    for i, (_, values) in enumerate(told):
        place = start + i if places is None else places.get(start + i)
        if place is not None:
            found[place] = sorted(values, key=lambda v: v[1])
    return found


# --- the picture ------------------------------------------------------------------------------------------------------


def draw(tree: dict[str, Any], say: Language) -> str:
    """An SVG, leaves side by side; wide trees are scrolled."""
    placed: list[tuple[dict[str, Any], float, int]] = []
    lines: list[str] = []
    leaves = 0

    def place(node: dict[str, Any], depth: int) -> float:
        nonlocal leaves
        if "left" not in node:
            x = leaves * (WIDTH + GAP) + WIDTH / 2
            leaves += 1
        else:
            a, b = place(node["left"], depth + 1), place(node["right"], depth + 1)
            x, top, end = (a + b) / 2, depth * (HEIGHT + DROP) + HEIGHT, (depth + 1) * (HEIGHT + DROP)
            for to, word in ((a, say("yes")), (b, say("no"))):
                lines.append(f'<path class="branch" d="M{x:.0f},{top} V{top + DROP / 2} H{to:.0f} V{end}"/>')
                anchor, off = ("end", -4) if to < x else ("start", 4)
                lines.append(f'<text x="{to + off:.0f}" y="{end - 5}" text-anchor="{anchor}">{words.safe(word)}</text>')
        placed.append((node, x, depth))
        return x

    place(tree["root"], 0)
    width, height = leaves * (WIDTH + GAP), (1 + max(d for _, _, d in placed)) * (HEIGHT + DROP)
    boxes = [box for node, x, depth in placed for box in _box(node, x, depth * (HEIGHT + DROP), tree["classes"], say)]
    label = words.safe(say("decision tree"))
    head = f'<svg class="tree" viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{label}">'
    return "".join([head, *lines, *boxes, "</svg>"])


def _box(node: dict[str, Any], x: float, y: float, classes: Sequence[str], say: Language) -> Iterator[str]:
    inner = "left" in node
    share = _share(node["value"], classes)
    yield f'<rect class="{"split" if inner else "leaf"}" x="{x - WIDTH / 2:.0f}" y="{y}" width="{WIDTH}"'
    yield f' height="{HEIGHT}" rx="5"/>'
    if share is not None:
        left, low = f"{x - WIDTH / 2:.0f}", y + HEIGHT - 5
        yield f'<rect class="fill" x="{left}" y="{low}" width="{WIDTH * share:.1f}" height="5"/>'
    lines = [_question(node, say), _answer(node["value"], classes, say)] if inner else _end(node, classes, say)
    title = f"<title>{words.safe(_whole(node, say))}</title>" if inner else ""
    for i, text in enumerate(lines):
        kind, said = "strong" if i == 0 else "soft", f"{words.short(text, 28)}{title}"
        yield f'<text class="{kind}" x="{x:.0f}" y="{y + 18 + 17 * i}" text-anchor="middle">{said}</text>'


def _question(node: dict[str, Any], say: Language) -> str:
    if "at" in node:
        return f"{_cut(node['column'])} ≤ {say.number(node['at'])}"
    values = node["values"]
    more = f" +{len(values) - 1}" if len(values) > 1 else ""
    return f"{_cut(node['column'])} = {_cut(values[0], 9) if values else '–'}{more}"


def _whole(node: dict[str, Any], say: Language) -> str:
    """The question in full, for whoever points at it."""
    gone = say("a missing value goes left") if node["missing"] == "left" else say("a missing value goes right")
    if "at" in node:
        return f"{node['column']} ≤ {node['at']:.6g}; {gone}"
    return f"{node['column']}: {', '.join(node['values'])}; {gone}"


def _cut(name: str, most: int = 13) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _answer(value: Sequence[float], classes: Sequence[str], say: Language) -> str:
    if not classes:
        return say.number(value[0])
    best = len(classes) - 1 if len(classes) == 2 else max(range(len(value)), key=lambda i: value[i])
    return f"{_cut(classes[best])} {say.share(value[best])}"


def _end(node: dict[str, Any], classes: Sequence[str], say: Language) -> list[str]:
    hidden = [say("{n} nodes below", n=node["hidden"])] if node.get("hidden") else []
    return [_answer(node["value"], classes, say), *hidden]


def _share(value: Sequence[float], classes: Sequence[str]) -> float | None:
    if not classes:
        return None
    return min(max(value[-1] if len(classes) == 2 else max(value), 0.0), 1.0)
