"""States as a tree of plain files, and back: facts.json, arrays.safetensors, files/NAME, parts/NAME/... inwards."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.artifact.signature import AGAIN, fault
from mintmark.base import pretty
from mintmark.base.errors import BundleError
from mintmark.base.state import State

DEEPEST_PARTS = 16
DEEPEST_FACTS = 100

Files = dict[str, bytes]
"""name from the bundle's folder on, with slashes -> content"""


def write(root: str, about: dict[str, Any], states: dict[str, State]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, one at a time, so that no more than one is in memory twice."""
    yield root, _dumped(about, root)
    for name, state in states.items():
        yield from _state_files(state, _named(name, root), 0)


def read(files: Files, root: str, names: Any, where: str) -> dict[str, State]:
    """The States of these names and no others.   Raises: BundleError: not laid out as `write` does it."""
    groups = _grouped({name: content for name, content in files.items() if name != root})
    if not isinstance(names, list | tuple) or set(map(str, names)) != groups.keys():
        raise BundleError(f"holds {', '.join(sorted(groups))} where other parts belong.", where=where, fix=AGAIN)
    return {name: _state(groups[name], f"{where}/{name}", 0) for name in groups}


def parse_json(content: bytes, where: str) -> dict[str, Any]:
    """A JSON object.   Raises: BundleError: it is none, is too deep, or holds NaN or infinity."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        read = json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as exc:
        raise BundleError(f"is no JSON: {exc}.", where=where, fix=AGAIN) from exc
    if not isinstance(read, dict):
        raise BundleError("is no JSON object.", where=where, fix=AGAIN)
    return read


def _state_files(state: State, at: str, depth: int) -> Iterator[tuple[str, bytes]]:
    import safetensors.numpy

    if depth > DEEPEST_PARTS:
        raise ValueError(f"{at}: parts within parts, deeper than {DEEPEST_PARTS}")
    yield f"{at}/facts.json", _dumped(state.facts, f"{at}/facts")
    if state.arrays:
        arrays = {_named(name, at): _plain(array, f"{at}: array {name!r}") for name, array in state.arrays.items()}
        yield f"{at}/arrays.safetensors", safetensors.numpy.save(arrays)
    for name, content in state.files.items():
        if not isinstance(content, bytes):
            raise TypeError(f"{at}: file {name!r} is {type(content).__name__}, not bytes")
        yield f"{at}/files/{_named(name, at)}", content
    for name, part in state.parts.items():
        yield from _state_files(part, f"{at}/parts/{_named(name, at)}", depth + 1)


def _named(name: str, at: str) -> str:
    if wrong := fault(name):
        raise ValueError(f"{at}: {wrong}")
    if name == "__metadata__":
        raise ValueError(f"{at}: the name '__metadata__' is taken by the file format of arrays")
    return name


def _plain(array: npt.NDArray[np.generic], what: str) -> npt.NDArray[np.generic]:
    kind = np.asarray(array).dtype
    if kind.kind not in "biuf" or kind.itemsize > 8:
        raise TypeError(f"{what} has the type {kind}; a State keeps numbers of at most 8 bytes and booleans only")
    return np.asarray(array, dtype=kind.newbyteorder("<"), order="C")


def _dumped(content: Any, at: str) -> bytes:
    _check_json(content, at, 0)
    return pretty.dumps(content, 2, sort=True).encode("utf-8", "surrogatepass")


def _check_json(value: Any, at: str, depth: int) -> None:
    """Raises: TypeError, ValueError: not JSON; names the path of keys."""
    if depth > DEEPEST_FACTS:
        raise ValueError(f"{at[:200]}: nested deeper than {DEEPEST_FACTS}")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{at}: the key {key!r} is {type(key).__name__}; JSON has text for keys only")
            _check_json(inner, f"{at}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            _check_json(inner, f"{at}[{place}]", depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{at}: {value} is not JSON")
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{at}: {type(value).__name__} is not JSON; make it a list, text, a number or None")


def _state(files: Files, where: str, depth: int) -> State:
    groups = _grouped(files)
    known = groups.keys() <= {"facts.json", "arrays.safetensors", "files", "parts"} and "facts.json" in groups
    inner = groups.get("files", {})
    if not known or "" in inner or any("/" in name for name in inner) or depth > DEEPEST_PARTS:
        raise BundleError("is not laid out as a State.", where=where, fix=AGAIN)
    facts_json, arrays = groups["facts.json"].get("", b""), groups.get("arrays.safetensors", {}).get("", b"")
    return State(
        arrays=_arrays(arrays, f"{where}/arrays.safetensors") if "arrays.safetensors" in groups else {},
        facts=parse_json(facts_json, f"{where}/facts.json"),
        files=inner,
        parts={
            name: _state(part, f"{where}/parts/{name}", depth + 1)
            for name, part in sorted(_grouped(groups.get("parts", {})).items())
        },
    )


def _grouped(files: Files) -> dict[str, Files]:
    """First part of the name -> the files below it by the rest of their names; a file itself has the rest ''."""
    groups: dict[str, Files] = defaultdict(dict)
    for name, content in files.items():
        head, _, rest = name.partition("/")
        groups[head][rest] = content
    return groups


def _arrays(content: bytes, where: str) -> dict[str, npt.NDArray[np.generic]]:
    import safetensors
    import safetensors.numpy

    try:
        arrays: dict[str, npt.NDArray[np.generic]] = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as exc:
        raise BundleError(f"is no file of arrays: {exc}.", where=where, fix=AGAIN) from exc
    if wrong := next(filter(None, map(fault, arrays)), ""):
        raise BundleError(f"{wrong}.", where=where, fix=AGAIN)
    return dict(sorted(arrays.items()))
