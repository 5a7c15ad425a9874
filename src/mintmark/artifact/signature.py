"""The signature of a folder: OpenSSF model signing with an ECDSA key over the list of all its files.

Signing is the library's (`model_signing`). Checking is ours, on bytes in memory and stricter: the file that was checked
is the file that is parsed, older forms of the signature are refused, and no network library is loaded to serve a model.
`model_signing verify key BUNDLE --signature BUNDLE/model.sig --public_key KEY` accepts the same bundles.
"""

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.artifact.sign import Signer, Trust, public_key
from mintmark.base.errors import BundleError
from mintmark.base.need import need

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

NAME = "model.sig"
MOST_BYTES = 8 << 20
"""of a signature, which names every file: far more than any bundle needs"""
AGAIN = "fetch the bundle again from where it was made, or make it again with: mintmark run"
MEDIA = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"


def sign(folder: Path, by: Signer) -> None:
    """Write `model.sig`: a signed list of every file in the folder with its SHA-256."""
    hashing, signing = need("model_signing.hashing"), need("model_signing.signing")
    digests = hashing.Config().set_ignored_paths(paths=[NAME], ignore_git_paths=False)
    key = signing.Config().use_elliptic_key_signer(private_key=by.private)
    key.set_hashing_config(digests).sign(folder, folder / NAME)


def check(signature: bytes, trusted: Trust, where: str) -> dict[str, str]:
    """File name -> SHA-256, as a trusted key signed it.

    Raises: BundleError: the signature is damaged or forged, or its key is unknown or revoked.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        mark, payload, proof = _envelope(signature)
    except (ValueError, RecursionError) as exc:
        raise BundleError(f"the signature {NAME} is damaged: {exc}.", where=where, fix=AGAIN) from exc
    key = _trusted(mark, trusted, where)
    sealed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    try:
        key.verify(proof, sealed, ec.ECDSA(_sha(key)))
    except InvalidSignature as exc:
        what = f"the signature {NAME} does not hold: it, or the list of files that it signs, was altered."
        raise BundleError(what, where=where, fix=AGAIN) from exc
    try:
        return _digests(payload)
    except (ValueError, RecursionError) as exc:
        raise BundleError(f"the signed list of files is refused: {exc}.", where=where, fix=AGAIN) from exc


def signed_by(signature: bytes) -> str:
    """Fingerprint of the key that a signature names; only `check` says whether that is true."""
    return _envelope(signature)[0]


def fault(name: str) -> str:
    """Why this cannot be the name of a file, a part or an array, or nothing."""
    if not name or name.startswith(".") or any(c in "/\\" or ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in name):
        return f"{name[:80]!r} is no name: it is empty, starts with a dot, or holds a slash or a control character"
    return f"{name[:80]!r} is too long a name: over 200 bytes" if len(name.encode()) > 200 else ""


def _envelope(signature: bytes) -> tuple[str, bytes, bytes]:
    """Fingerprint, payload and proof; nothing in it may be other than what the standard writes."""
    outer = _exact(json.loads(signature), "mediaType", "verificationMaterial", "dsseEnvelope")
    material = _exact(outer["verificationMaterial"], "publicKey", "tlogEntries")
    mark = _exact(material["publicKey"], "hint")["hint"]
    envelope = _exact(outer["dsseEnvelope"], "payload", "payloadType", "signatures")
    proofs = envelope["signatures"]
    if not isinstance(proofs, list) or len(proofs) != 1:
        raise ValueError("it does not hold one signature")
    proof = _exact(proofs[0], "sig", "keyid")
    kind = outer["mediaType"], material["tlogEntries"], envelope["payloadType"], proof["keyid"]
    if kind != (MEDIA, [], PAYLOAD, ""):
        raise ValueError("it is of another kind than a signature by key")
    if not isinstance(mark, str) or not re.fullmatch("[0-9a-f]{64}", mark):
        raise ValueError("it names no key")
    return mark, _base64(envelope["payload"]), _base64(proof["sig"])


def _digests(payload: bytes) -> dict[str, str]:
    statement = _held(json.loads(payload), "_type", "predicateType", "predicate")
    predicate = _held(statement["predicate"], "serialization", "resources")
    how = _held(predicate["serialization"], "method", "hash_type", "allow_symlinks")
    if (statement["_type"], statement["predicateType"]) != (STATEMENT, PREDICATE):
        raise ValueError("it is of another kind than a list of model files")
    if (how["method"], how["hash_type"], how["allow_symlinks"]) != ("files", "sha256", False):
        raise ValueError("it is not made of whole files and SHA-256")
    if not isinstance(predicate["resources"], list):
        raise ValueError("it lists no files")
    digests: dict[str, str] = {}
    for resource in predicate["resources"]:
        one = _held(resource, "name", "algorithm", "digest")
        name, digest = one["name"], one["digest"]
        if not isinstance(name, str) or not isinstance(digest, str) or one["algorithm"] != "sha256":
            raise ValueError("an entry has no name or no SHA-256")
        if wrong := next(filter(None, map(fault, name.split("/"))), ""):
            raise ValueError(wrong)
        if name in digests:
            raise ValueError(f"{name!r} is listed twice")
        digests[name] = digest
    return digests


def _held(thing: object, *names: str) -> dict[str, Any]:
    if not isinstance(thing, dict) or not set(names) <= thing.keys():
        raise ValueError(f"it lacks one of {', '.join(names)}")
    return thing


def _exact(thing: object, *names: str) -> dict[str, Any]:
    if set(found := _held(thing, *names)) != set(names):
        raise ValueError(f"it holds more than {', '.join(names)}")
    return found


def _base64(text: object) -> bytes:
    """The bytes, if this is the one way to write them: a flipped bit that changes nothing is an altered file too."""
    content = base64.b64decode(text, validate=True) if isinstance(text, str) and text.isascii() else b""
    if not content or base64.b64encode(content).decode() != text:
        raise ValueError("its base64 is not as it was written")
    return content


def _trusted(mark: str, trusted: Trust, where: str) -> "ec.EllipticCurvePublicKey":
    if mark in trusted.revoked:
        what = f"signed with the key {mark}, which was revoked {trusted.revoked[mark]}."
        raise BundleError(what, where=where, fix="ask its maker for a bundle that is signed with a new key.")
    if mark not in trusted.keys:
        fix = "if you know who holds it: mintmark keys import THEIR_PUBLIC_KEY.pem"
        raise BundleError(f"signed with a key that is not trusted here, {mark}.", where=where, fix=fix)
    return public_key(trusted.keys[mark], Path(mark))


def _sha(key: "ec.EllipticCurvePublicKey") -> "HashAlgorithm":
    from cryptography.hazmat.primitives import hashes

    match key.curve.key_size:
        case 256:
            return hashes.SHA256()
        case 384:
            return hashes.SHA384()
        case _:
            return hashes.SHA512()
