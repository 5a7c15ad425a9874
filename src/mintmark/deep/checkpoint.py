"""Where a training run has got to, as plain files: numbers in safetensors, the rest in JSON. No pickle.

A checkpoint is a folder `step-N`, whole or not there. It lies in a folder named after its job, so that no job goes on
from another's. The last two are kept: a newest one that the disk damaged falls back to the one before.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

TENSORS, STATE = "tensors.safetensors", "state.json"
KEPT = 2


def save(folder: Path, step: int, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write all or nothing, then forget what is older than the one before."""
    whole = folder / f"step-{step:012d}"
    half = folder / f"{whole.name}.half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(held, half / TENSORS)
    said = {"digest": _digest(half / TENSORS), "state": state}
    (half / STATE).write_text(json.dumps(said, allow_nan=False), encoding="utf-8")
    for path in (half / TENSORS, half / STATE, half):
        _to_disk(path)
    if whole.exists():  # damaged, or it would have been gone on from
        shutil.rmtree(whole)
    os.rename(half, whole)
    _to_disk(folder)
    for old in _found(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def load(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and state of the newest checkpoint that is whole; None where there is none."""
    for path in _found(folder):
        try:
            said = json.loads((path / STATE).read_text(encoding="utf-8"))
            if said["digest"] == _digest(path / TENSORS):
                return safetensors.torch.load_file(path / TENSORS), said["state"]
        except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError):
            continue
    return None


def save_note(folder: Path, name: str, note: dict[str, Any]) -> None:
    """A fact about the job that is found once, whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{name}.half"
    half.write_text(json.dumps(note, allow_nan=False), encoding="utf-8")
    _to_disk(half)
    os.replace(half, folder / f"{name}.json")


def load_note(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        note = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def _found(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted((p for p in folder.glob("step-*") if p.suffix != ".half"), reverse=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """A folder is synchronised as well where the system can, so that a rename outlives a loss of power."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
