"""Keys: made once, kept private, imported, rotated, revoked; and what the commands say of them."""

import inspect
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mintmark.artifact import bundle as bundles
from mintmark.artifact import sign
from mintmark.artifact.bundle import Bundle
from mintmark.base.errors import BundleError, MintmarkError, RecipeError
from mintmark.base.place import home
from mintmark.base.state import State
from mintmark.cli import keys as commands
from mintmark.cli.verify import verify


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    bundles.save(Bundle({"task": "coin"}, State(), State(), State(), State()), tmp_path / "bundle", sign.signer())
    return tmp_path / "bundle"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def foreign(path: Path, kind: str = "p256") -> bytes:
    """A public key that was never seen here, as PEM, in a file."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key: Any
    if kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    elif kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key({"p384": ec.SECP384R1(), "k1": ec.SECP256K1()}.get(kind, ec.SECP256R1()))
    if kind == "private":
        pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    else:
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(pem)
    return pem


def told(error: MintmarkError) -> bool:
    return bool(error.what and error.where and error.fix)


# the folder


def test_home_is_chosen_by_the_environment(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == place and mode(place) == 0o700
    monkeypatch.setenv("MINTMARK_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home() == tmp_path / "data" / "mintmark"
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert home() == tmp_path / "me" / ".local" / "share" / "mintmark"


def test_a_home_that_cannot_be_made_says_which_setting_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    for wrong in (tmp_path / "file" / "home", tmp_path / "file", "/proc/none/home"):
        monkeypatch.setenv("MINTMARK_HOME", str(wrong))
        with pytest.raises(RecipeError, match="MINTMARK_HOME") as caught:
            home()
        assert told(caught.value)


# the key of this machine


def test_the_first_key_is_private_trusted_and_said_to_be_new(place: Path) -> None:
    by = sign.signer()
    assert by.made and by.private == place / "keys" / "private.pem"
    assert mode(by.private) == 0o600 and mode(place / "keys") == 0o700
    assert sign.fingerprint((place / "keys" / "public.pem").read_bytes()) == by.fingerprint
    trusted = sign.trust()
    assert list(trusted.keys) == [by.fingerprint] and trusted.here == {by.fingerprint}
    again = sign.signer()
    assert not again.made and again.fingerprint == by.fingerprint
    assert "does not prove who" in sign.MADE and "does not prove who" in trusted.proves(by.fingerprint)


def test_the_fingerprint_is_that_of_openssl(place: Path, tmp_path: Path) -> None:
    sign.signer()
    try:
        pem = subprocess.run(
            ["openssl", "ec", "-in", str(place / "keys" / "private.pem"), "-pubout"], capture_output=True, check=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert sign.fingerprint(pem) == sign.signer().fingerprint
    assert sign.fingerprint(pem.replace(b"\n", b"\r\n") + b"\n") == sign.signer().fingerprint


RACE = """
import pathlib, sys, time
from mintmark.artifact import sign
import cryptography.hazmat.primitives.asymmetric.ec
ready, go = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ready.touch()
while not go.exists():
    time.sleep(0.001)
by = sign.signer()
assert by.fingerprint in sign.trust().keys
print(by.fingerprint, by.made)
"""


def test_processes_that_make_the_first_key_at_once_end_with_one(tmp_path: Path, place: Path) -> None:
    go, ready = tmp_path / "go", [tmp_path / f"ready{i}" for i in range(4)]
    running = [
        subprocess.Popen([sys.executable, "-c", RACE, str(r), str(go)], stdout=subprocess.PIPE, text=True)
        for r in ready
    ]
    until = time.monotonic() + 60
    while not all(r.exists() for r in ready) and time.monotonic() < until:
        time.sleep(0.01)
    go.touch()
    said = [p.communicate(timeout=60)[0].split() for p in running]
    assert len({mark for mark, _ in said}) == 1
    assert sorted(new for _, new in said) == ["False", "False", "False", "True"]
    assert sorted(p.name for p in (place / "keys").iterdir()) == ["private.pem", "public.pem", "trusted"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_damaged_private_key_says_rotate_and_rotating_mends(content: bytes) -> None:
    by = sign.signer()
    by.private.write_bytes(content)
    with pytest.raises(BundleError, match="damaged") as caught:
        sign.signer()
    assert told(caught.value) and "rotate" in caught.value.fix
    assert sign.rotate() == sign.signer().fingerprint != by.fingerprint


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_private_key_that_others_can_read_is_not_used() -> None:
    by = sign.signer()
    by.private.chmod(0o644)
    with pytest.raises(BundleError, match="read by others") as caught:
        sign.signer()
    assert "chmod 600" in caught.value.fix


# rotation and revocation


def test_after_rotation_old_bundles_hold_and_the_old_private_key_is_gone(made: Path, place: Path) -> None:
    old = sign.signer()
    before = old.private.read_bytes()
    new = sign.rotate()
    assert new == sign.signer().fingerprint != old.fingerprint and not sign.signer().made
    assert mode(old.private) == 0o600
    assert not any(p.read_bytes() == before for p in place.rglob("*") if p.is_file())
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"
    assert verify(made)["this_machine"] is True
    assert {k["fingerprint"]: k["signs"] for k in sign.keys()} == {old.fingerprint: False, new: True}


def test_rotating_before_there_is_a_key_makes_one() -> None:
    assert sign.rotate() == sign.signer().fingerprint


def test_a_revoked_key_signs_nothing_and_opens_nothing(made: Path, tmp_path: Path) -> None:
    mark, public = sign.signer().fingerprint, tmp_path / "mine.pem"
    public.write_bytes(sign.export_key())
    assert sign.revoke(mark[:12], "laptop stolen") == mark
    with pytest.raises(BundleError, match="laptop stolen") as caught:
        bundles.load(made, sign.trust())
    assert told(caught.value) and mark in caught.value.what
    with pytest.raises(BundleError, match="revoked") as caught:
        sign.signer()
    assert caught.value.fix == "mintmark keys rotate"
    with pytest.raises(BundleError, match="revoked"):
        sign.import_key(public)
    assert sign.rotate() in sign.trust().keys
    with pytest.raises(BundleError, match="laptop stolen"):
        bundles.load(made, sign.trust())
    sign.revoke(mark, "again")  # the first reason stays
    assert "laptop stolen" in sign.trust().revoked[mark]


def test_a_key_can_be_revoked_before_it_was_ever_seen_and_unknown_starts_cannot(tmp_path: Path) -> None:
    public = foreign(tmp_path / "k.pem")
    assert sign.revoke(sign.fingerprint(public), "leaked") == sign.fingerprint(public)
    with pytest.raises(BundleError, match="leaked"):
        sign.import_key(tmp_path / "k.pem")
    for wrong in ("", "abc", "0" * 12, "../../x"):
        with pytest.raises(RecipeError, match="fingerprint") as caught:
            sign.revoke(wrong, "")
        assert told(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"null", b"[1]", b'[{"fingerprint": "x"}]', b"[" * 100_000,
                b'[{"fingerprint": "ABC", "date": "", "reason": ""}]'],
)  # fmt: skip
def test_a_damaged_list_of_revoked_keys_trusts_nobody(place: Path, content: bytes) -> None:
    sign.signer()
    (place / "keys" / "revoked.json").write_bytes(content)
    with pytest.raises(BundleError, match="revoked keys is damaged") as caught:
        sign.trust()
    assert told(caught.value)


# importing


@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_an_imported_key_is_trusted_under_its_name_and_is_not_ours(tmp_path: Path, kind: str) -> None:
    mark = sign.fingerprint(foreign(tmp_path / "berta.pem", kind))
    assert sign.import_key(tmp_path / "berta.pem") == mark
    assert mark in sign.trust().keys and mark not in sign.trust().here and sign.trust().names[mark] == "berta"
    assert sign.import_key(tmp_path / "berta.pem", "Berta") == mark
    assert "'Berta'" in sign.trust().proves(mark)


@pytest.mark.parametrize("kind, word", [("ed25519", "ECDSA"), ("rsa", "ECDSA"), ("k1", "ECDSA"), ("private", "owner")])
def test_keys_of_other_kinds_are_refused(tmp_path: Path, kind: str, word: str) -> None:
    foreign(tmp_path / "k.pem", kind)
    with pytest.raises(BundleError, match=word) as caught:
        sign.import_key(tmp_path / "k.pem")
    assert told(caught.value) and sign.trust().keys == {}


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"x" * 100_000, b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k.pem").write_bytes(content)
    with pytest.raises(BundleError, match="not a public key"):
        sign.import_key(tmp_path / "k.pem")


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    for wrong in (tmp_path / "nowhere.pem", tmp_path):
        with pytest.raises(RecipeError) as caught:
            sign.import_key(wrong)
        assert told(caught.value)


def test_signatures_with_larger_curves_hold(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    for curve in (ec.SECP384R1(), ec.SECP521R1()):
        key = ec.generate_private_key(curve)
        private, public = tmp_path / f"{curve.name}.key", tmp_path / f"{curve.name}.pem"
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        by = sign.Signer(private, sign.import_key(public))
        bundles.save(Bundle({}, State(), State(), State(), State()), tmp_path / "b", by)
        assert bundles.load(tmp_path / "b", sign.trust()).facts == {"format": 1}


# the commands


def test_verify_says_what_holds_and_what_that_proves(made: Path) -> None:
    said = verify(made)
    files = [p for p in made.rglob("*") if p.is_file()]
    assert said["verified"] is True and said["this_machine"] is True and said["key"] == sign.signer().fingerprint
    assert (said["task"], said["format"], said["bundle"]) == ("coin", 1, str(made))
    assert said["files"] == len(files) and said["bytes"] == sum(p.stat().st_size for p in files)
    assert "does not prove who" in said["proves"]
    assert json.loads(json.dumps(said)) == said
    (made / "mintmark.json").write_bytes(b"{}")
    with pytest.raises(BundleError):
        verify(made)


def test_keys_go_from_one_machine_to_another_by_export_and_import(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mine.pem"
    exported = commands.export_key(out=out)
    assert exported["file"] == str(out) and out.read_text() == exported["public_key"]
    assert "PRIVATE" not in exported["public_key"]
    with pytest.raises(RecipeError, match="exists"):
        commands.export_key(out=out)

    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "other"))
    assert commands.import_key(out, "Anna") == {"imported": exported["exported"], "name": "Anna"}
    said = verify(made)
    assert said["this_machine"] is False and "Anna" in said["proves"]
    assert commands.export_key(exported["exported"][:8])["public_key"] == exported["public_key"]
    assert commands.revoke(exported["exported"][:8], "left the firm")["revoked"] == exported["exported"]
    (listed,) = commands.list_keys()["keys"]
    assert not listed["trusted"] and "left the firm" in listed["revoked"] and listed["name"] == "Anna"


def test_rotating_by_command_changes_what_signs() -> None:
    before = sign.signer().fingerprint
    after = commands.rotate()["signs_now"]
    assert [k["fingerprint"] for k in commands.list_keys()["keys"] if k["signs"]] == [after] != [before]


def test_every_argument_of_the_commands_has_a_help_text() -> None:
    functions = (verify, commands.import_key, commands.export_key, commands.rotate, commands.revoke, commands.list_keys)
    for function in functions:
        assert function.__doc__
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.annotation.__metadata__[0].help
