"""Data sets of the Hugging Face hub, where there is a network or they were loaded before."""

import re
from typing import Any
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError, unknown
from mintmark.base.need import need

ASKED = ("config", "revision", "split")


def load(name: str) -> tuple[pa.Table, list[str]]:
    """The rows of owner/name, with ?split=..., config=... and revision=... where they are said; and notes.

    Classes that the hub counts come as their names.
    Raises: DataError: no such data set, split or configuration, or no way to the hub; MissingExtra.
    """
    path, _, said = name.partition("?")
    where, asked = f"hub:{path}", dict(parse_qsl(said))
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", path):
        raise DataError(f"{path!r} names no data set.", where="data", fix='data = "hub:owner/name?split=train"')
    for key in asked:
        if key not in ASKED:
            raise unknown("part of a hub's address", key, ASKED, where=where, error=DataError)
    found = _loaded(path, asked, where)
    splits = list(found)
    chosen = asked.get("split") or ("train" if "train" in splits else splits[0])
    if chosen not in splits:
        raise unknown("split", chosen, splits, where=where, error=DataError)
    notes = []
    if "split" not in asked and len(splits) > 1:
        notes = [f"{where}: split {chosen!r} of {', '.join(splits)} was read. Say ?split=... to choose."]
    part = found[chosen]
    table = part.data.table.combine_chunks()
    return pa.table(
        [_named(c, part.features[n]) for n, c in zip(table.column_names, table.columns, strict=True)],
        names=table.column_names,
    ), notes


def _loaded(path: str, asked: dict[str, str], where: str) -> Any:
    datasets = need("datasets", extra="hub")
    try:
        return datasets.load_dataset(f"hf://datasets/{path}", asked.get("config"), revision=asked.get("revision"))
    except ConnectionError as exc:
        fix = "a file or a folder: download the data set where there is a network. One loaded before: HF_HUB_OFFLINE=1"
        raise DataError(f"the hub cannot be reached: {_first(exc)}.", where=where, fix=fix) from exc
    except FileNotFoundError as exc:
        fix = "see https://huggingface.co/datasets; one that asks for a login needs HF_TOKEN."
        raise DataError(f"cannot be loaded: {_first(exc)}.", where=where, fix=fix) from exc
    except (ValueError, datasets.exceptions.DatasetsError, OSError) as exc:
        raise DataError(
            f"cannot be loaded: {_first(exc)}.", where=where, fix="?config=..., or a file or a folder."
        ) from exc


def _first(exc: Exception) -> str:
    return " ".join(str(exc).split())[:300].rstrip(".")


def _named(column: pa.ChunkedArray, feature: Any) -> pa.ChunkedArray:
    """Classes by their names; one that is not known (-1) is missing."""
    if type(feature).__name__ != "ClassLabel":
        return column
    names, places = pa.array(feature.names, pa.string()), column.combine_chunks()
    return pa.chunked_array([names.take(pc.if_else(pc.less(places, 0), None, places))])
