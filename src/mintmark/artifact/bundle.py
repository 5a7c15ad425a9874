"""A bundle: four States as a tree of plain files, each named with its digest in one signature. No pickle.

mintmark.json                          facts of the whole: format, task, schema of the questions, environment
features/ model/ decision/ past/       facts.json, arrays.safetensors, files/NAME, parts/NAME/... and so on inwards
README.md bom.json                     model card and bill of materials, for other tools
model.sig                              OpenSSF model signing: every file with its SHA-256

A sealed one holds all of these, its signature among them, as ciphertext: see seal.py.
"""

import errno
import glob
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from mintmark.artifact import card, seal, signature, tree
from mintmark.artifact.sign import Signer, Trust
from mintmark.artifact.signature import AGAIN
from mintmark.artifact.tree import Files
from mintmark.base.errors import BundleError
from mintmark.base.record import Measured
from mintmark.base.state import State

FORMAT = 1
UPGRADES: dict[int, Callable[[dict[str, bytes]], dict[str, bytes]]] = {}
"""n -> what turns the files of format n into those of format n + 1"""
FACTS, CHECKPOINT = "mintmark.json", "checkpoint.json"
STATES = ("features", "model", "decision", "past")
MOST_FILES = 100_000
MOST_BYTES = 64 << 30


@dataclass(frozen=True)
class Bundle:
    facts: dict[str, Any]
    """format (written by `save`), task, schema of the questions, environment"""
    features: State
    model: State
    decision: State
    past: State
    cards: dict[str, bytes] = field(default_factory=dict)
    """what it says of itself to other tools, see card.py: written and signed, never read back"""


def save(bundle: Bundle, out: Path, signer: Signer) -> Measured:
    """Write, sign and put in place in one step, or leave `out` as it was; the size comes out.

    Raises: BundleError: the disk is full or not writable, or `out` holds something that is no bundle.
            TypeError, ValueError: a State holds what cannot be kept; names it.
    """
    facts = bundle.facts | {"format": FORMAT}
    states = {name: getattr(bundle, name) for name in STATES}
    size = _put(chain(bundle.cards.items(), tree.write(FACTS, facts, states)), out, signer)
    return Measured("bundle.size", size, "bytes", "down", source="sum of the files written")


def load(path: Path, trust: Trust, key: seal.Key | None = None) -> Bundle:
    """Verify, open where it is sealed, then parse, with numbered upgrades where the bundle is older.

    Raises: BundleError: unsigned, altered, not trusted, damaged, sealed with another key, or of a later format.
    """
    files = opened(verify(path, trust), trust, str(path), key)
    del files[signature.NAME]
    files = _upgraded({n: c for n, c in files.items() if n not in card.NAMES}, str(path))
    read = tree.read(files, FACTS, STATES, str(path))
    return Bundle(facts(files, path), read["features"], read["model"], read["decision"], read["past"])


def verify(path: Path, trust: Trust) -> Files:
    """Name -> content of every file, the signature among them; each was read once and none parsed but the signature.

    Raises: BundleError: see `load`.
    """
    where = str(path)
    try:
        if not path.is_dir():
            what = "is not a folder." if path.exists() else "does not exist."
            fix = "give the folder that `mintmark run` wrote, the one with model.sig."
            raise BundleError(what, where=where, fix=fix)
        signed = _signature(path)
        digests = signature.check(signed, trust, where)
        _same_names(path, digests)
        files = {name: _read(path / name) for name in digests}
    except (OSError, MemoryError) as exc:
        raise BundleError(f"cannot be read: {exc}.", where=where, fix="check the path and its permissions.") from exc
    _unaltered(files, digests, where)
    return files | {signature.NAME: signed}


def opened(files: Files, trust: Trust, where: str, key: seal.Key | None = None) -> Files:
    """The files of a verified bundle, or those within a sealed one: they too are held against their own signature.

    Raises: BundleError: no key or another one, see seal.key_of; or what is within is not as its maker signed it.
    """
    if seal.HEADER not in files:
        return files
    inner = seal.opened(files, seal.key_of(seal.about(files, where), where, key), where)
    digests = signature.check(inner.get(signature.NAME, b""), trust, where)
    if inner.keys() != digests.keys() | {signature.NAME}:
        raise BundleError("holds other files than its maker signed.", where=where, fix=AGAIN)
    _unaltered(inner, digests, where)
    return inner


def seal_up(path: Path, out: Path, key: seal.Key, trust: Trust, signer: Signer) -> int:
    """Write a bundle, its signature included, as a sealed one that is signed here; the bytes written come out.

    Raises: BundleError: see `load` and `save`; or it is sealed already.
    """
    files = verify(path, trust)
    if seal.HEADER in files:
        raise BundleError("is sealed already.", where=str(path), fix=f"mintmark unseal {path} --out FOLDER")
    facts(files, path)
    return _put(seal.sealed(files, key), out, signer)


def unseal(path: Path, out: Path, key: seal.Key | None, trust: Trust) -> int:
    """Write the bundle within a sealed one, byte for byte as its maker signed it; the bytes written come out."""
    files = verify(path, trust)
    if seal.HEADER not in files:
        raise BundleError("is not sealed.", where=str(path), fix="use it as it is.")
    return _put(opened(files, trust, str(path), key).items(), out, None)


def facts(files: Files, path: Path) -> dict[str, Any]:
    """The facts of a verified bundle, without parsing the rest."""
    if FACTS not in files:
        raise BundleError(f"{FACTS} is missing, so this is no bundle of mintmark.", where=str(path), fix=AGAIN)
    return tree.parse_json(files[FACTS], f"{path}/{FACTS}")


def keep(
    folder: Path, name: str, make: Callable[[], dict[str, State]], signer: Signer, trust: Trust
) -> dict[str, State]:
    """A checkpoint: what `make` gave, from disk where an earlier run kept it unharmed, else made and kept now."""
    if wrong := signature.fault(name):
        raise ValueError(wrong)
    at = folder / name
    if os.path.lexists(at):
        try:
            files = verify(at, trust)
            del files[signature.NAME]
            about = tree.parse_json(files.get(CHECKPOINT, b"{}"), str(at))
            if (about.get("checkpoint"), about.get("format")) == (name, FORMAT):
                return tree.read(files, CHECKPOINT, about.get("states"), str(at))
        except BundleError:  # damaged, or signed by a key of the past: made again
            pass
    states = make()
    about = {"checkpoint": name, "format": FORMAT, "states": sorted(states)}
    _write(tree.write(CHECKPOINT, about, states), at, signer)
    return states


def _signature(path: Path) -> bytes:
    try:
        return _read(path / signature.NAME, most=signature.MOST_BYTES)
    except FileNotFoundError as exc:
        raise BundleError(f"is not signed: {signature.NAME} is missing.", where=str(path), fix=AGAIN) from exc


def _unaltered(files: Files, digests: dict[str, str], where: str) -> None:
    for name, digest in digests.items():
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise BundleError(f"{name} was altered after it was signed.", where=where, fix=AGAIN)


def _same_names(path: Path, digests: dict[str, str]) -> None:
    """Before any file is opened: on disk is what was signed, plain files and folders, and not absurdly much of it."""
    sizes, folders = _listed(path)
    signed_folders = {str(p) for name in digests for p in PurePosixPath(name).parents} - {"."}
    added = sorted((sizes.keys() - digests.keys() - {signature.NAME}) | (folders - signed_folders))
    missing = sorted(digests.keys() - (sizes.keys() - {signature.NAME}))
    if added or missing:
        what = f"{added[0]!r} was added after signing" if added else f"{missing[0]!r} is missing"
        more = len(added) + len(missing) - 1
        raise BundleError(what + (f", and {more} more like it." if more else "."), where=str(path), fix=AGAIN)
    if sum(sizes.values()) > MOST_BYTES:
        raise BundleError(f"holds more than {MOST_BYTES >> 30} GiB.", where=str(path), fix=AGAIN)


def _listed(path: Path) -> tuple[dict[str, int], set[str]]:
    """Size of each file, and the folders, by their names from `path` on; links are not followed but refused."""
    sizes: dict[str, int] = {}
    folders: set[str] = set()
    todo = [""]
    while todo:
        inside = todo.pop()
        with os.scandir(path / inside) as entries:
            for entry in entries:
                name = f"{inside}{entry.name}"
                mode = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(mode.st_mode):
                    folders.add(name)
                    todo.append(name + "/")
                elif stat.S_ISREG(mode.st_mode):
                    sizes[name] = mode.st_size
                else:
                    raise BundleError(f"{name!r} is a link or a device, not a plain file.", where=str(path), fix=AGAIN)
                if len(sizes) + len(folders) > MOST_FILES:
                    raise BundleError(f"holds more than {MOST_FILES} files.", where=str(path), fix=AGAIN)
    return sizes, folders


def _read(path: Path, most: int = MOST_BYTES) -> bytes:
    """A plain file's content; a link or a pipe put there meanwhile is an error, not followed or waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        here = os.fstat(file.fileno())
        if not stat.S_ISREG(here.st_mode) or here.st_size > most:
            raise BundleError(f"is no plain file of at most {most >> 20} MiB.", where=str(path), fix=AGAIN)
        return file.read(here.st_size + 1)


def _upgraded(files: Files, where: str) -> Files:
    had = facts(files, Path(where)).get("format")
    if not isinstance(had, int) or isinstance(had, bool) or had < 1:
        raise BundleError(f"format {had!r} is no format of a bundle.", where=where, fix=AGAIN)
    if had > FORMAT:
        fix = "upgrade mintmark: pip install --upgrade mintmark"
        raise BundleError(f"is of format {had}, newer than {FORMAT}, the last known here.", where=where, fix=fix)
    for number in range(had, FORMAT):
        files = UPGRADES[number](files)
    return files


def _replaceable(out: Path) -> bool:
    """Nothing, an empty folder or a bundle: never a folder of the user's own things."""
    try:
        names = os.listdir(out)
    except FileNotFoundError:
        return not os.path.lexists(out)
    except OSError:
        return False
    return not names or FACTS in names or seal.HEADER in names


def _put(files: Iterable[tuple[str, bytes]], out: Path, by: Signer | None) -> int:
    """Bytes written, unless `out` holds something of the user's own."""
    if not _replaceable(out):
        fix = "choose another folder with --out, or move it away."
        raise BundleError("is there already and is no bundle, so it is not replaced.", where=str(out), fix=fix)
    return _write(files, out, by)


def _write(files: Iterable[tuple[str, bytes]], out: Path, by: Signer | None) -> int:
    """Bytes written. The folder is filled and signed in a hidden one beside it, then moved: all or nothing.

    by: None where a signature is among the files.
    """
    out = Path(os.path.abspath(out))
    half = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        half = Path(tempfile.mkdtemp(prefix=f".{out.name}.half-{os.getpid()}-", dir=out.parent))
        new = half / out.name
        new.mkdir()
        for name, content in files:
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:  # x: two names that this disk takes for one are an error
                file.write(content)
        if by is not None:
            signature.sign(new, by)
        size = _sync(new)
        _swap(half, out)
    except OSError as exc:
        full = exc.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        fix = "free some space, or choose another disk with --out." if full else "choose another folder with --out."
        what = f"could not be written: {exc.strerror or exc}; nothing of it was left behind."
        raise BundleError(what, where=str(out), fix=fix) from exc
    finally:
        if half is not None:
            _clear(half, out)
    return size


def _swap(half: Path, out: Path) -> None:
    """Put the new folder in place; what was there waits in `half`, and goes back if the new one cannot come."""
    if os.path.lexists(out):
        os.rename(out, half / f"{out.name}.old")
    os.rename(half / out.name, out)
    _sync_folder(out.parent)


def _clear(half: Path, out: Path) -> None:
    old = half / f"{out.name}.old"
    if os.path.lexists(old) and not os.path.lexists(out):
        os.rename(old, out)
    shutil.rmtree(half, ignore_errors=True)


def _sweep(out: Path) -> None:
    """Clear away what killed processes left half-written."""
    for half in out.parent.glob(f".{glob.escape(out.name)}.half-*"):
        pid = half.name.rpartition(".half-")[2].partition("-")[0]
        if pid.isdecimal() and not _alive(int(pid)):
            _clear(half, out)


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync(folder: Path) -> int:
    """Have every file and folder on the disk, not only on its way there; bytes of the files come out."""
    size = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(at, name), "rb+") as file:
                os.fsync(file.fileno())
                size += os.fstat(file.fileno()).st_size
        _sync_folder(Path(at))
    return size


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
