"""Keys: the one that signs on this machine, those that are trusted here, and those that never again will be."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import BundleError, RecipeError
from mintmark.base.place import home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

MADE = (
    "A signing key was made for this machine. It proves that a bundle was not altered since it was signed here; it "
    "does not prove who made it. For others to check your bundles: mintmark keys export here, keys import there."
)


@dataclass(frozen=True)
class Signer:
    private: Path
    fingerprint: str
    made: bool = False
    """the key is new: whoever talks to the user says `MADE`"""


@dataclass(frozen=True)
class Trust:
    keys: dict[str, bytes]
    """fingerprint -> public key, PEM; the revoked ones are left out"""
    revoked: dict[str, str] = field(default_factory=dict)
    """fingerprint -> date and reason"""
    here: frozenset[str] = frozenset()
    """fingerprints of keys that were made on this machine"""
    names: dict[str, str] = field(default_factory=dict)

    def proves(self, by: str) -> str:
        """What a signature that holds says, in a sentence, and what it does not."""
        if by in self.here:
            return "not altered since it was signed on this machine; a key made here does not prove who made it."
        return f"not altered since the holder of the imported key {self.names.get(by) or by[:16]!r} signed it."


def signer() -> Signer:
    """The key of this machine, made at first use and trusted here.   Raises: BundleError: damaged, open, or revoked."""
    private = _folder() / "private.pem"
    with _usable(private):
        made = not private.exists() and _first(private)
        public = _public_of(private)
        mark = fingerprint(public)
        if mark in (gone := _revoked()):
            what = f"the key of this machine was revoked {gone[mark]}."
            raise BundleError(what, where=mark, fix="mintmark keys rotate")
        _register(public, "this machine", here=True)
    return Signer(private, mark, made)


def trust() -> Trust:
    """Whose signatures are accepted.   Raises: BundleError: a list or a key of it is damaged, so nothing is trusted."""
    keys, here, names = {}, set(), {}
    with _usable(_folder()):
        gone = _revoked()
        for path in sorted(_folder("trusted").glob("*.pem")):
            public = _public_pem(path.read_bytes(), path)
            mark, about = fingerprint(public), _about(path)
            names[mark] = str(about.get("name", ""))
            if about.get("here") is True:
                here.add(mark)
            if mark not in gone:
                keys[mark] = public
    return Trust(keys, gone, frozenset(here), names)


def import_key(path: Path, name: str = "") -> str:
    """Trust the holder of this public key from now on; its fingerprint comes out.

    Raises: BundleError: it is no such key, or was revoked.
    """
    with _usable(path):
        public = _public_pem(path.read_bytes() if path.stat().st_size < 1 << 16 else b"", path)
    mark = fingerprint(public)
    with _usable(_folder()):
        if mark in (gone := _revoked()):
            fix = "ask its holder for a new key."
            raise BundleError(f"the key {mark} was revoked here {gone[mark]}.", where=str(path), fix=fix)
        _register(public, name or path.stem, here=False)
    return mark


def export_key(mark: str = "") -> bytes:
    """The public key, PEM, of this machine, or of a trusted fingerprint or the start of one."""
    with _usable(_folder()):
        if not mark:
            return _public_of(signer().private)
        known = trust().keys
        return known[_whole(mark, known)]


def rotate() -> str:
    """A new key for this machine; what the old one signed stays trusted, and its private half is gone."""
    private = _folder() / "private.pem"
    with _usable(private):
        try:
            _register(_public_of(private), "this machine", here=True)
        except (BundleError, FileNotFoundError):  # no old key, or one that can sign nothing: nothing to keep trusting
            pass
        os.replace(_new_key(), private)
        public = _public_of(private)
        _register(public, "this machine", here=True)
    return fingerprint(public)


def revoke(mark: str, reason: str) -> str:
    """Accept nothing that this key signed, ever; `mark` is a fingerprint, or the start of a known one."""
    with _usable(_folder()):
        at, known = _folder() / "revoked.json", trust()
        in_advance = {mark} if re.fullmatch("[0-9a-f]{64}", mark) else set()
        whole = _whole(mark, {*known.keys, *known.revoked, *in_advance})
        if whole not in known.revoked:
            listed = json.loads(at.read_bytes()) if at.exists() else []
            listed.append({"fingerprint": whole, "date": datetime.now(UTC).strftime("%Y-%m-%d"), "reason": reason})
            _put(at, json.dumps(listed, indent=1, ensure_ascii=False).encode())
    return whole


def keys() -> list[dict[str, Any]]:
    """Each known key: fingerprint, name, whether it was made here, signs here, is trusted, and why it was revoked."""
    known, own = trust(), ""
    private = _folder() / "private.pem"
    with _usable(private):
        if private.exists():
            own = fingerprint(_public_of(private))
    return [
        {
            "fingerprint": mark,
            "name": known.names.get(mark, ""),
            "made_here": mark in known.here,
            "signs": mark == own,
            "trusted": mark in known.keys,
            "revoked": known.revoked.get(mark, ""),
        }
        for mark in sorted({*known.keys, *known.revoked})
    ]


def fingerprint(public_pem: bytes) -> str:
    """SHA-256 of the public key's PEM as the standard writes it: the hint by which a signature names its key."""
    return hashlib.sha256(_public_pem(public_pem, Path("public key"))).hexdigest()


def public_key(pem: bytes, where: Path) -> "ec.EllipticCurvePublicKey":
    """The key on one of the curves of OpenSSF model signing.   Raises: BundleError: it is another thing."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    fix = "give the public key that `mintmark keys export` or `openssl ec -pubout` writes."
    if b"PRIVATE KEY" in pem:
        raise BundleError("holds a private key, which its owner shows to nobody.", where=str(where), fix=fix)
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise BundleError("is not a public key in PEM.", where=str(where), fix=fix) from exc
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
        raise BundleError("is not an ECDSA key on P-256, P-384 or P-521.", where=str(where), fix=fix)
    return key


def _public_pem(pem: bytes, where: Path) -> bytes:
    return _pem(public_key(pem, where))


def _pem(key: "ec.EllipticCurvePublicKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _public_of(private: Path) -> bytes:
    """Raises: BundleError: the private key can be read by others, or is damaged."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if os.name == "posix" and private.stat().st_mode & 0o077:
        raise BundleError("this private key can be read by others.", where=str(private), fix=f"chmod 600 {private}")
    try:
        key = serialization.load_pem_private_key(private.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise BundleError("this private key is damaged.", where=str(private), fix="mintmark keys rotate") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BundleError("this private key is not an ECDSA key.", where=str(private), fix="mintmark keys rotate")
    return _pem(key.public_key())


def _first(private: Path) -> bool:
    """Make the key unless another process was quicker: a link to a whole file appears at once or not at all."""
    new = _new_key()
    try:
        os.link(new, private)
    except FileExistsError:
        return False
    finally:
        new.unlink()
    return True


def _new_key() -> Path:
    """A fresh P-256 key in a file of mode 600 in the folder of keys, not yet under its name."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return _half(_folder(), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _register(public: bytes, name: str, *, here: bool) -> None:
    path = _folder("trusted") / f"{fingerprint(public)}.pem"
    if here:
        _keep(_folder() / "public.pem", public)
    about = _about(path)
    if not about.get("here"):
        about = {"name": name, "here": here, "since": datetime.now(UTC).strftime("%Y-%m-%d")}
        _put(path.with_suffix(".json"), json.dumps(about, ensure_ascii=False).encode())
    _keep(path, public)


def _about(path: Path) -> dict[str, Any]:
    """Name and origin of a trusted key; nothing if they are lost, since trust does not hang on them."""
    try:
        about = json.loads(path.with_suffix(".json").read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _revoked() -> dict[str, str]:
    at = _folder() / "revoked.json"
    if not at.exists():
        return {}
    try:
        listed = json.loads(at.read_bytes())
        if not isinstance(listed, list):
            raise ValueError("not a list")
        return dict(map(_entry, listed))
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        fix = "mend or restore this file; until then no signature is accepted."
        raise BundleError("the list of revoked keys is damaged.", where=str(at), fix=fix) from exc


def _entry(one: Any) -> tuple[str, str]:
    if not re.fullmatch("[0-9a-f]{64}", one["fingerprint"]):  # one that no key can match would revoke nothing
        raise ValueError("not a fingerprint")
    return one["fingerprint"], _revocation(one["date"], one["reason"])


def _revocation(date: str, reason: str) -> str:
    return f"on {date}: {reason}"


def _whole(mark: str, known: Iterable[str]) -> str:
    """The one known fingerprint that starts like this."""
    found = [k for k in known if k.startswith(mark.lower())] if len(mark) >= 8 else []
    if len(found) != 1:
        fix = "at least 8 of its characters, as `mintmark keys list` shows them."
        raise RecipeError(f"{mark!r} is not the fingerprint of one known key.", where="fingerprint", fix=fix)
    return found[0]


def _folder(inner: str = "") -> Path:
    folder = home() / "keys" / inner
    with _usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        fix = "check the path and its permissions; MINTMARK_HOME chooses another folder for keys."
        raise RecipeError(f"{exc.strerror or exc}.", where=str(exc.filename or path), fix=fix) from exc


def _half(folder: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=".half-", dir=folder)  # mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
    except OSError:
        os.unlink(name)
        raise
    return Path(name)


def _put(path: Path, content: bytes) -> None:
    os.replace(_half(path.parent, content), path)


def _keep(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        _put(path, content)
