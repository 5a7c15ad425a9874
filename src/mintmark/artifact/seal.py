"""Sealed bundles: what a bundle holds as ciphertext, in parts that nobody can read, swap, cut or mix without the key.

sealed.json        format, which key (an id, never the key), salt, bytes in all
sealed/index       the names and sizes of the files within
sealed/000000 ...  their content, one after another, in parts of 4 MiB; the last holds what is left
model.sig          over all of these: that a sealed bundle is unaltered is known without the key

Each part is AES-256-GCM: nonce (12 bytes, fresh), ciphertext, tag (16). Its key is derived from the user's by HKDF with
the salt of the bundle; its associated data are the digest of sealed.json and its own name. So a part opens in its place
and in its bundle alone, and sealed.json, which says how many there are, cannot be exchanged either.
"""

import base64
import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mintmark.artifact import signature
from mintmark.artifact.signature import AGAIN
from mintmark.artifact.tree import Files, parse_json
from mintmark.base.errors import BundleError, RecipeError
from mintmark.base.need import need

FORMAT = 1
HEADER, INDEX = "sealed.json", "sealed/index"
CIPHER = "AES-256-GCM, HKDF-SHA256"
PART = 4 << 20
NONCE, TAG, SALT = 12, 16, 32
VARIABLE = "MINTMARK_SEAL_KEY"
RING, DEFAULT = "mintmark", "seal"
"""service and name of an entry in the system keyring; that of a certain key has its id for a name"""
SOUGHT = f"--key-file FILE, ${VARIABLE}, or an entry of the system keyring (pip install 'mintmark[seal]')"
WRITTEN = "32 random bytes as base64 or hex: `mintmark seal --new-key FILE` writes them."


@dataclass(frozen=True)
class Key:
    secret: bytes = field(repr=False)
    source: str
    """where it was found"""
    warning: str = ""
    """what its user should be told"""

    @cached_property
    def id(self) -> str:
        """Names the key and gives nothing of it away."""
        return _derived(self.secret, b"", b"mintmark seal: id of a key", 16).hex()


@dataclass(frozen=True)
class Header:
    key: str
    salt: bytes
    size: int
    """bytes of all files within"""
    raw: bytes

    @property
    def parts(self) -> int:
        return -(-self.size // PART)


# --- keys ------------------------------------------------------------------------------------------------------------


def new_key(path: Path) -> Key:
    """A fresh key in a new file that only its owner can read.   Raises: RecipeError: there is a file already."""
    secret = os.urandom(32)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secret) + b"\n")
            file.flush()
            os.fsync(handle)
    except OSError as exc:
        raise RecipeError(f"{exc.strerror or exc}.", where=str(path), fix="another file with --new-key.") from exc
    return Key(secret, str(path))


def read_key(path: Path) -> Key:
    """The key in a file, with a warning where others can read it.   Raises: RecipeError, BundleError: it holds none."""
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(1024)
    except OSError as exc:
        raise RecipeError(f"{exc.strerror or exc}.", where=str(path), fix="the file that holds the key.") from exc
    shared = os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077
    warning = f"{path}: this key can be read by others of this machine. Try: chmod 600 {path}" if shared else ""
    return Key(_secret(content.decode("ascii", "replace"), str(path)), str(path), warning)


def key(given: Key | None = None) -> Key:
    """The key to seal with: the one given, else the environment's, else the keyring's.   Raises: BundleError: none."""
    found = given or next(_found(DEFAULT), None)
    if found is None:
        raise BundleError("no key to seal with was found.", where="seal", fix=f"{SOUGHT}. {WRITTEN}")
    return found


def key_of(header: Header, where: str, given: Key | None = None) -> Key:
    """The key that this bundle was sealed with: the one given, or else the first of that id that is found.

    Raises: BundleError: there is none, or it is another; says which. MissingExtra: the keyring was asked for by name.
    """
    others = []
    for found in [given] if given else _found(header.key, DEFAULT):
        if found.id == header.key:
            return found
        others.append(f"the key of {found.source} is another, {found.id}")
    what = f"is sealed with the key {header.key}; {'; '.join(others) or 'no key was found'}."
    raise BundleError(what, where=where, fix=f"give that key: {SOUGHT}.")


def _found(*names: str) -> Iterator[Key]:
    """Keys of the environment and of the keyring's entries of these names; the word `keyring` asks for the latter."""
    said = os.environ.get(VARIABLE, "").strip()
    asked = said == "keyring"
    if said and not asked:
        yield Key(_secret(said, f"${VARIABLE}"), f"${VARIABLE}")
    if not asked and find_spec("keyring") is None:
        return
    ring, wrong = need("keyring", extra="seal"), need("keyring.errors", extra="seal").KeyringError
    for name in names:
        try:
            text = ring.get_password(RING, name)
        except wrong as exc:
            if not asked:  # a machine without a keyring is the usual case on servers
                return
            raise BundleError(f"cannot be read: {exc}.", where="the system keyring", fix=f"{SOUGHT}.") from exc
        if text is not None:
            source = f"the keyring's entry {RING} {name}"
            yield Key(_secret(text, source), source)


def _secret(text: str, where: str) -> bytes:
    """The 32 bytes.   Raises: BundleError: they are not there; shows nothing of what is."""
    text = text.strip()
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text)
    if re.fullmatch("[A-Za-z0-9+/_-]{43}=?", text):
        return base64.b64decode(text[:43].replace("-", "+").replace("_", "/") + "=")
    raise BundleError("holds no key to seal with.", where=where, fix=WRITTEN)


# --- sealing ---------------------------------------------------------------------------------------------------------


def sealed(files: Files, by: Key) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file of the sealed bundle, one at a time, so that one part is in memory twice."""
    salt, total = os.urandom(SALT), sum(map(len, files.values()))
    said = {"sealed": FORMAT, "cipher": CIPHER, "key": by.id, "salt": salt.hex(), "bytes": total}
    raw = json.dumps(said, sort_keys=True, indent=1).encode()
    close = _Cipher(by, Header(by.id, salt, total, raw)).close
    yield HEADER, raw
    yield INDEX, close(INDEX, json.dumps([[n, len(c)] for n, c in files.items()], ensure_ascii=False).encode())
    for i, piece in enumerate(_pieces(files)):
        yield _part(i), close(_part(i), piece)


def opened(files: Files, by: Key, where: str) -> Files:
    """The files within, from verified ones, which are taken out of their dict one by one: none is in memory twice.

    Raises: BundleError: not laid out as `sealed` does it, or not sealed as a whole with this key.
    """
    header = about(files, where)
    names = [_part(i) for i in range(min(header.parts, len(files)))]  # no list as long as a header likes
    if files.keys() != {HEADER, INDEX, signature.NAME, *names}:
        raise BundleError("has other files than a sealed bundle has.", where=where, fix=AGAIN)
    sizes = [PART] * (header.parts - 1) + [header.size - PART * (header.parts - 1)] if names else []
    cipher, wrong = _Cipher(by, header), [n for n, s in zip(names, sizes, strict=True) if len(files[n]) != _long(s)]
    if wrong or len(files[INDEX]) > signature.MOST_BYTES:
        raise BundleError(f"{(wrong or [INDEX])[0]} is not as long as it must be.", where=where, fix=AGAIN)
    listed = _index(cipher.open(INDEX, files.pop(INDEX), where), header, where)
    return _joined(listed, (cipher.open(name, files.pop(name), where) for name in names))


def about(files: Files, where: str) -> Header:
    """What a verified sealed bundle says of itself.   Raises: BundleError: nonsense, or of a later format."""
    raw = files.get(HEADER, b"")
    said = parse_json(raw, f"{where}/{HEADER}")
    if isinstance(number := said.get("sealed"), int) and number > FORMAT:
        what = f"is sealed in the form {number}, newer than {FORMAT}, the last known here."
        raise BundleError(what, where=where, fix="upgrade mintmark: pip install --upgrade mintmark")
    mark, salt, size = said.get("key"), said.get("salt"), said.get("bytes")
    known = said.keys() == {"sealed", "cipher", "key", "salt", "bytes"} and said["cipher"] == CIPHER and number == 1
    whole = type(size) is int and size >= 0 and type(number) is int
    if not (known and whole and _hex(mark, 16) and _hex(salt, SALT)):
        raise BundleError(f"{HEADER} is not that of a sealed bundle.", where=where, fix=AGAIN)
    return Header(str(mark), bytes.fromhex(str(salt)), int(str(size)), raw)


class _Cipher:
    """Closes and opens the parts of one bundle."""

    def __init__(self, by: Key, header: Header) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aes = AESGCM(_derived(by.secret, header.salt, b"mintmark seal: parts of a bundle", 32))
        self._bound, self._id = hashlib.sha256(header.raw).digest(), by.id

    def close(self, name: str, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._aes.encrypt(nonce, plain, self._bound + name.encode())

    def open(self, name: str, content: bytes, where: str) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._aes.decrypt(content[:NONCE], memoryview(content)[NONCE:], self._bound + name.encode())
        except (InvalidTag, ValueError) as exc:
            what = f"{name} does not open with the key {self._id}: it was not sealed as this part of this bundle."
            raise BundleError(what, where=where, fix=AGAIN) from exc


def _derived(secret: bytes, salt: bytes, what: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), length, salt, what).derive(secret)


def _part(i: int) -> str:
    return f"sealed/{i:06d}"


def _long(plain: int) -> int:
    return NONCE + plain + TAG


def _hex(text: object, length: int) -> bool:
    return isinstance(text, str) and re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text) is not None


def _index(content: bytes, header: Header, where: str) -> list[tuple[str, int]]:
    """Name and size of each file.   Raises: BundleError: no such list, or one of other sizes than the header says."""
    try:
        listed: Any = json.loads(content)
        sizes = {str(name): size for name, size in listed}
        if len(sizes) < len(listed) or any(type(s) is not int or s < 0 for s in sizes.values()):
            raise ValueError("a name twice, or a size that is none")
        if sum(sizes.values()) != header.size:
            raise ValueError("sizes that do not add up")
    except (ValueError, TypeError, RecursionError) as exc:
        raise BundleError(f"{INDEX} is no list of files: {exc}.", where=where, fix=AGAIN) from exc
    return list(sizes.items())


def _pieces(files: Files) -> Iterator[bytes]:
    """All contents one after another, cut into parts."""
    room = bytearray()
    for content in files.values():
        rest = memoryview(content)
        while len(rest):
            free = PART - len(room)
            room += rest[:free]
            rest = rest[free:]
            if len(room) == PART:
                yield bytes(room)
                room.clear()
    if room:
        yield bytes(room)


def _joined(sizes: list[tuple[str, int]], parts: Iterator[bytes]) -> Files:
    """The contents again. A BytesIO hands its bytes over without a copy."""
    made: Files = {}
    rest = memoryview(b"")
    for name, size in sizes:
        content = io.BytesIO()
        while (lacking := size - content.tell()) > 0:
            rest = rest if len(rest) else memoryview(next(parts))
            content.write(rest[:lacking])
            rest = rest[lacking:]
        made[name] = content.getvalue()
    return made
