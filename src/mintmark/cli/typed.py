"""Typed: the inputs of a method as they are typed after its name, as plain values."""

from collections.abc import Collection, Sequence
from typing import Any

OPEN, CLOSE = "[{", "]}"


def inputs(words: Sequence[str], name: str, texts: Collection[str]) -> dict[str, Any]:
    """key=value each, or one JSON object; inputs among `texts` are taken as they stand.

    Raises: RecipeError: no key=value, a key twice, a list or object that is none.
    """
    from mintmark.base.errors import RecipeError

    where = f"mintmark calc {name}"
    if words[0].lstrip().startswith("{"):
        return _object(" ".join(words), where)
    made: dict[str, Any] = {}
    for word in _joined(words):
        key, equals, text = word.partition("=")
        key = key.strip()
        if not equals or not key:
            fix = f"key=value; `{where}` alone shows the inputs and an example."
            raise RecipeError(f"must be key=value, got {word[:80]!r}.", where=where, fix=fix)
        if key in made:
            raise RecipeError("is given twice.", where=f"{name}: {key}", fix="one value for each key.")
        made[key] = text if key in texts else _value(text.strip(), f"{name}: {key}")
    return made


def _joined(words: Sequence[str]) -> list[str]:
    """Words as they were meant: `flows=[-100,` and `60]` are one, split by a blank between them."""
    made: list[str] = []
    depth = 0
    for word in words:
        made = [*made[:-1], f"{made[-1]} {word}"] if depth > 0 else [*made, word]
        depth = sum(made[-1].count(c) for c in OPEN) - sum(made[-1].count(c) for c in CLOSE)
    return made


def _value(text: str, where: str) -> Any:
    """JSON where it is some; a list of bare words; else text."""
    import json

    from mintmark.base.errors import RecipeError

    if text[:1] in ("{", '"'):
        return _json(text, where)
    if text[:1] == "[":
        try:
            return _json(text, where)
        except RecipeError:
            inside = text[1:-1].strip()
            if text[-1] != "]" or any(c in inside for c in OPEN + CLOSE + '"'):
                raise
            return [_value(part.strip(), where) for part in inside.split(",")]
    try:
        return json.loads(text, parse_constant=lambda _: text)
    except (ValueError, RecursionError):
        pass
    try:
        number = float(text) if "_" not in text else None  # .5 and +5 are numbers that JSON does not know
    except ValueError:
        return text
    return number if number is not None and abs(number) < float("inf") else text


def _object(text: str, where: str) -> dict[str, Any]:
    from mintmark.base.errors import RecipeError

    made = _json(text, where)
    if not isinstance(made, dict):
        raise RecipeError("must be key=value or one JSON object.", where=where, fix="'{\"key\": 1}'")
    return made


def _json(text: str, where: str) -> Any:
    import json

    from mintmark.base.errors import RecipeError

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [k for i, (k, _) in enumerate(pairs) if k in {q for q, _ in pairs[:i]}]
        if twice:
            raise RecipeError(f"{twice[0]!r} is given twice.", where=where, fix="one value for each key.")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as exc:
        fix = 'quotes around it for the shell: \'{"key": [1, 2]}\', or key="[1, 2]".'
        raise RecipeError(f"is no JSON: {exc}.", where=where, fix=fix) from None
