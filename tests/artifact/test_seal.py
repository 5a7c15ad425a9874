"""Sealed bundles: with the key what went in comes out; without it, or with one bit changed, nothing does."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import contract
import numpy as np
import pytest

from mintmark import spine, tasks
from mintmark.artifact import bundle as bundles
from mintmark.artifact import seal, sign, signature
from mintmark.artifact.bundle import Bundle
from mintmark.base.errors import BundleError, MissingExtra, RecipeError
from mintmark.base.need import need
from mintmark.base.state import State
from mintmark.recipe import schema

try:
    import keyring
except ModuleNotFoundError:
    keyring = None  # type: ignore[assignment]

KEY = seal.Key(b"k" * 32, "a test")
OTHER = seal.Key(b"o" * 32, "another test")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of whoever runs the tests: neither in the environment nor in a keyring."""
    monkeypatch.delenv(seal.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    model = State({"w": np.arange(40.0)}, {"secret": "Liebesbrief"}, {"trees.txt": b"tree of secrets\n", "none": b""})
    bundles.save(Bundle({"task": "coin"}, State(), model, State(), State()), tmp_path / "plain", sign.signer())
    return tmp_path / "plain"


@pytest.fixture
def made(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sealed in parts of 256 bytes, so that there are many."""
    monkeypatch.setattr(seal, "PART", 256)
    bundles.seal_up(plain, tmp_path / "sealed", KEY, sign.trust(), sign.signer())
    return tmp_path / "sealed"


def content(path: Path) -> dict[str, bytes]:
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def resign(path: Path) -> None:
    """As whoever holds a trusted signing key can, without the key of the seal."""
    (path / signature.NAME).unlink(missing_ok=True)
    signature.sign(path, sign.signer())


def refused(path: Path, word: str = "", key: seal.Key | None = KEY) -> BundleError:
    with pytest.raises(BundleError, match=word or None) as caught:
        bundles.load(path, sign.trust(), key)
    assert caught.value.what and caught.value.where and caught.value.fix
    return caught.value


# what goes in comes out


@pytest.mark.parametrize("name", ["tabular_classification", "tabular_regression"])
def test_a_sealed_model_answers_as_the_plain_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks.get(name)
    source = task.example(np.random.default_rng(0))
    recipe = {"task": name, **task.starter, "settings": {"n_estimators": 5}}
    spine.run(schema.parse(recipe, name), tmp_path, source)
    bundles.seal_up(tmp_path / "bundle", tmp_path / "sealed", KEY, sign.trust(), sign.signer())
    questions = source.drop(["target"])
    expected = spine.answer(spine.load(tmp_path / "bundle"), questions)
    assert contract.same(spine.answer(spine.load(tmp_path / "sealed", KEY), questions), expected)
    monkeypatch.setenv(seal.VARIABLE, KEY.secret.hex())
    import mintmark as mm

    assert contract.same(mm.load(tmp_path / "sealed").predict(questions.table()), expected)


def test_unsealing_gives_the_plain_bundle_back_byte_for_byte(made: Path, plain: Path, tmp_path: Path) -> None:
    bundles.unseal(made, tmp_path / "again", KEY, sign.trust())
    assert content(tmp_path / "again") == content(plain)
    assert bundles.load(tmp_path / "again", sign.trust()).facts["task"] == "coin"


def test_a_plain_bundle_loads_as_before_whatever_keys_there_are(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = bundles.load(plain, sign.trust())
    monkeypatch.setenv(seal.VARIABLE, OTHER.secret.hex())
    for key in (None, OTHER):
        assert bundles.load(plain, sign.trust(), key).model.facts == without.model.facts == {"secret": "Liebesbrief"}
    with pytest.raises(BundleError, match="not sealed"):
        bundles.unseal(plain, plain.parent / "u", KEY, sign.trust())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 513, 1024])
def test_contents_of_any_length_come_back(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "PART", 256)
    files = {"a": os.urandom(size), "empty": b"", "b": os.urandom(3), "是.txt": b"\0" * size}
    closed = dict(seal.sealed(files, KEY)) | {signature.NAME: b""}
    assert len(closed) == 3 + -(-(2 * size + 3) // 256)
    assert seal.opened(closed, KEY, "here") == files
    assert closed.keys() <= {seal.HEADER, signature.NAME}, "parts are let go of one by one"


# what the folder tells without the key


def test_nothing_of_the_content_can_be_read(made: Path, plain: Path) -> None:
    hidden = [b"Liebesbrief", b"secret", b"trees", b"coin", b"arrays", b"mintmark.json", np.arange(3.0).tobytes()]
    inside = b"".join(content(plain).values())
    assert all(word in inside + str(content(plain).keys()).encode() for word in hidden)
    for name, told in content(made).items():
        assert not [w for w in hidden if w in told or w in name.encode() or w in base64.b64encode(told)], name
    assert KEY.secret not in b"".join(content(made).values()) and "kkkk" not in repr(KEY)


def test_the_same_bundle_sealed_twice_looks_like_two(made: Path, plain: Path, tmp_path: Path) -> None:
    bundles.seal_up(plain, tmp_path / "twice", KEY, sign.trust(), sign.signer())
    one, two = content(made), content(tmp_path / "twice")
    assert one.keys() == two.keys() and not [n for n in one if one[n] == two[n]]
    nonces = [c[:12] for files in (one, two) for n, c in files.items() if n.startswith("sealed/")]
    assert len(nonces) > 10 and len(set(nonces)) == len(nonces)


def test_the_form_is_the_documented_one(made: Path, plain: Path) -> None:
    """Opened by hand, as the head of seal.py says, with the cipher alone."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    files = content(made)
    head = json.loads(files["sealed.json"])
    info = b"mintmark seal: parts of a bundle"
    aes = AESGCM(HKDF(hashes.SHA256(), 32, bytes.fromhex(head["salt"]), info).derive(KEY.secret))
    bound = hashlib.sha256(files["sealed.json"]).digest()
    parts = sorted(n for n in files if n.startswith("sealed/0"))
    opened = {n: aes.decrypt(files[n][:12], files[n][12:], bound + n.encode()) for n in ["sealed/index", *parts]}
    index, whole, at = json.loads(opened["sealed/index"]), b"".join(opened[n] for n in parts), 0
    for name, size in index:
        assert whole[at : at + size] == content(plain)[name]
        at += size
    assert at == len(whole) == head["bytes"] and {n for n, _ in index} == content(plain).keys()


def test_the_standards_own_tool_verifies_a_sealed_bundle(made: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(sign.export_key())
    theirs = need("model_signing").verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "key.pem")
    theirs.verify(made, made / "model.sig")


def test_signature_and_digests_hold_without_the_key(made: Path) -> None:
    assert seal.HEADER in bundles.verify(made, sign.trust())


# attacks


def test_a_flipped_bit_anywhere_breaks_the_signature(made: Path) -> None:
    trust = sign.trust()
    for path in [p for p in made.rglob("*") if p.is_file()]:
        with path.open("rb+", buffering=0) as file:
            for i, byte in enumerate(file.read()):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << i % 8]), i)
                with pytest.raises(BundleError):
                    bundles.verify(made, trust)
                os.pwrite(file.fileno(), bytes([byte]), i)
    bundles.load(made, trust, KEY)


def test_a_flipped_bit_anywhere_is_refused_even_if_it_is_signed(made: Path) -> None:
    """Every byte of every file, as if whoever changed it held a trusted signing key, but not that of the seal."""
    whole = content(made)
    for name in whole.keys() - {signature.NAME}:
        for i, byte in enumerate(whole[name]):
            changed = whole[name][:i] + bytes([byte ^ 1 << i % 8]) + whole[name][i + 1 :]
            with pytest.raises(BundleError):
                seal.opened(whole | {name: changed}, KEY, "here")
    assert seal.opened(dict(whole), KEY, "here")


def cut(path: Path) -> None:
    part = path / "sealed/000001"
    part.write_bytes(part.read_bytes()[:-1])


def cut_to_nothing(path: Path) -> None:
    (path / "sealed/000001").write_bytes(b"")


def cut_the_index(path: Path) -> None:
    (path / "sealed/index").write_bytes(b"abc")


def drop_the_last(path: Path) -> None:
    sorted((path / "sealed").glob("0*"))[-1].unlink()


def drop_the_last_and_say_so(path: Path) -> None:
    drop_the_last(path)
    head = json.loads((path / seal.HEADER).read_bytes())
    head["bytes"] = 256 * len(list((path / "sealed").glob("0*")))
    (path / seal.HEADER).write_text(json.dumps(head))


def swap(path: Path) -> None:
    one, two = path / "sealed/000000", path / "sealed/000001"
    a, b = one.read_bytes(), two.read_bytes()
    assert len(a) == len(b)
    one.write_bytes(b)
    two.write_bytes(a)


def repeat(path: Path) -> None:
    (path / "sealed/000001").write_bytes((path / "sealed/000000").read_bytes())


def replay(path: Path) -> None:
    """The same part of another bundle, sealed with the same key."""
    bundles.seal_up(path.parent / "plain", path.parent / "older", KEY, sign.trust(), sign.signer())
    (path / "sealed/000001").write_bytes((path.parent / "older/sealed/000001").read_bytes())


def exchange_the_header(path: Path) -> None:
    bundles.seal_up(path.parent / "plain", path.parent / "older", KEY, sign.trust(), sign.signer())
    (path / seal.HEADER).write_bytes((path.parent / "older" / seal.HEADER).read_bytes())


def add(path: Path) -> None:
    (path / "sealed/more").write_bytes(b"")


def add_plain(path: Path) -> None:
    (path / "mintmark.json").write_bytes(b'{"format": 1}')


@pytest.mark.parametrize(
    "attack",
    [cut, cut_to_nothing, cut_the_index, drop_the_last, drop_the_last_and_say_so, swap, repeat, replay,
     exchange_the_header, add, add_plain],
)  # fmt: skip
def test_a_changed_folder_is_refused_unsigned_and_signed_alike(made: Path, attack: Callable[[Path], None]) -> None:
    attack(made)
    refused(made)
    resign(made)
    refused(made, "other files|not as long|does not open")


def write_header(path: Path, **more: Any) -> None:
    head = json.loads((path / seal.HEADER).read_bytes()) | more
    (path / seal.HEADER).write_text(json.dumps({k: v for k, v in head.items() if v is not ...}))


@pytest.mark.parametrize(
    "more",
    [
        {"sealed": 0}, {"sealed": "1"}, {"sealed": True}, {"sealed": None}, {"bytes": -1}, {"bytes": 1e3},
        {"bytes": True}, {"bytes": 10**30}, {"bytes": 0}, {"key": "x"}, {"key": 3}, {"salt": ""}, {"salt": "g" * 64},
        {"cipher": "AES-128-CBC"}, {"more": 1}, {"salt": ...},
    ],
)  # fmt: skip
def test_a_header_that_makes_no_sense_is_refused(made: Path, more: dict[str, Any]) -> None:
    write_header(made, **more)
    resign(made)
    refused(made)


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"sealed": NaN}', b"9" * 10_000])
def test_a_header_that_is_no_json_is_refused(made: Path, nonsense: bytes) -> None:
    (made / seal.HEADER).write_bytes(nonsense)
    resign(made)
    refused(made)


def test_a_later_form_says_upgrade(made: Path) -> None:
    write_header(made, sealed=2)
    resign(made)
    assert "upgrade mintmark" in refused(made, "form 2").fix


@pytest.mark.parametrize("index", ["", "{}", "[1]", '[["a"]]', '[["a", -1]]', '[["a", 1.0]]', '[["a", 5], ["a", 5]]',
                                   '[["a", 4]]', "[" * 100_000])  # fmt: skip
def test_an_index_that_makes_no_sense_is_refused_though_it_is_rightly_sealed(index: str) -> None:
    """As a holder of the key could make it: the same header, another index."""
    files = {"a": b"12345"}
    closed = dict(seal.sealed(files, KEY)) | {signature.NAME: b""}
    cipher = seal._Cipher(KEY, seal.about(closed, "here"))
    with pytest.raises(BundleError, match="list of files"):
        seal.opened(closed | {seal.INDEX: cipher.close(seal.INDEX, index.encode())}, KEY, "here")


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files | {"model/facts.json": b'{"evil": 1}'},
        lambda files: files | {"model/files/more.txt": b""},
        lambda files: {n: c for n, c in files.items() if n != "past/facts.json"},
        lambda files: {n: c for n, c in files.items() if n != signature.NAME},
        lambda files: {},
    ],
)
def test_what_is_within_is_held_against_its_own_signature(
    made: Path, plain: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    """A holder of both keys cannot pass off as its maker's what the maker did not sign."""
    for path in made.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, some in seal.sealed(change(content(plain)), KEY):
        (made / name).write_bytes(some)
    resign(made)
    refused(made, "altered|other files|signature")


def test_the_maker_must_be_trusted_and_not_only_who_sealed_it(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = tmp_path / "maker.pem"
    makers.write_bytes(sign.export_key())
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "sealer"))
    maker = sign.import_key(makers, "Anna")
    sealer = sign.signer()
    bundles.seal_up(plain, tmp_path / "s", KEY, sign.trust(), sealer)
    assert bundles.load(tmp_path / "s", sign.trust(), KEY).facts["task"] == "coin"
    assert signature.signed_by((tmp_path / "s/model.sig").read_bytes()) == sealer.fingerprint != maker
    sign.revoke(maker, "left the firm")
    refused(tmp_path / "s", "left the firm")


def test_a_sealed_bundle_is_not_sealed_again_and_other_things_are_not_replaced(made: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="already"):
        bundles.seal_up(made, tmp_path / "s2", KEY, sign.trust(), sign.signer())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("dear diary")
    for write in (
        lambda: bundles.seal_up(tmp_path / "plain", tmp_path / "mine", KEY, sign.trust(), sign.signer()),
        lambda: bundles.unseal(made, tmp_path / "mine", KEY, sign.trust()),
    ):
        with pytest.raises(BundleError, match="not replaced"):
            write()
    assert content(tmp_path / "mine") == {"diary.txt": b"dear diary"}


def test_a_bundle_is_sealed_in_its_own_place_and_unsealed_there(plain: Path) -> None:
    before = content(plain)
    bundles.seal_up(plain, plain, KEY, sign.trust(), sign.signer())
    assert not content(plain).keys() & (before.keys() - {signature.NAME})
    bundles.unseal(plain, plain, KEY, sign.trust())
    assert content(plain) == before


def test_unsealing_with_another_key_leaves_nothing(made: Path, tmp_path: Path) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(BundleError, match=OTHER.id):
        bundles.unseal(made, tmp_path / "out", OTHER, sign.trust())
    assert sorted(p.name for p in tmp_path.iterdir()) == before


# memory and disk


def test_a_sealed_bundle_is_not_twice_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 24 << 20
    model = State({"w": np.random.default_rng(0).integers(0, 255, size, np.uint8)})
    bundles.save(Bundle({"task": "coin"}, State(), model, State(), State()), tmp_path / "p", sign.signer())
    monkeypatch.setattr(seal, "PART", 1 << 20)
    bundles.seal_up(tmp_path / "p", tmp_path / "s", KEY, sign.trust(), sign.signer())
    trust = sign.trust()
    tracemalloc.start()
    try:
        files = bundles.opened(bundles.verify(tmp_path / "s", trust), trust, "here", KEY)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size <= sum(map(len, files.values())) <= held < 1.01 * size + (1 << 20)
    assert peak < 1.3 * size


def test_sealing_holds_the_plain_bundle_and_one_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "PART", 1 << 20)
    files = {"a": os.urandom(16 << 20)}
    tracemalloc.start()
    try:
        assert sum(len(c) for _, c in seal.sealed(files, KEY)) > 16 << 20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 << 20


def test_a_bundle_that_says_it_is_huge_takes_no_memory(made: Path) -> None:
    write_header(made, bytes=1 << 60)
    resign(made)
    files = bundles.verify(made, sign.trust())
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="other files"):
            seal.opened(files, KEY, "here")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_is_plain_is_never_written_to_disk(tmp_path: Path) -> None:
    task = tasks.get("tabular_classification")
    source = task.example(np.random.default_rng(0))
    recipe = {"task": "tabular_classification", **task.starter, "settings": {"n_estimators": 5, "positive": "fraud"}}
    spine.run(schema.parse(recipe, "r"), tmp_path, source)
    bundles.seal_up(tmp_path / "bundle", tmp_path / "sealed", KEY, sign.trust(), sign.signer())
    code = f"""if True:
        import sys, os
        written = []
        def hear(event, args):
            if event == "open" and isinstance(args[0], str):
                writes = isinstance(args[1], str) and set(args[1]) & set("wxa+")
                if writes or args[2] and args[2] & (os.O_WRONLY | os.O_RDWR):
                    written.append(args[0])
        sys.addaudithook(hear)
        from pathlib import Path
        import numpy as np
        from mintmark import spine, tasks
        source = tasks.get("tabular_classification").example(np.random.default_rng(0))
        made = spine.answer(spine.load(Path({str(tmp_path / "sealed")!r})), source.drop(["target"]))
        print(len(made), [w for w in written if not w.endswith(".pyc") and ".pyc." not in w and w != os.devnull])
    """
    home = tmp_path / "tmp"
    home.mkdir()
    more = {seal.VARIABLE: KEY.secret.hex(), "TMPDIR": str(home)}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | more, capture_output=True, text=True)
    assert done.stdout == "400 []\n", done.stdout + done.stderr
    assert list(home.iterdir()) == []


# keys


def test_another_key_and_no_key_are_told_apart(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused(made, "is another", OTHER)
    assert KEY.id in said.what and OTHER.id in said.what and OTHER.source in said.what
    said = refused(made, "no key was found", None)
    assert KEY.id in said.what and all(w in said.fix for w in ("--key-file", seal.VARIABLE, "keyring"))
    monkeypatch.setenv(seal.VARIABLE, OTHER.secret.hex())
    assert f"${seal.VARIABLE}" in refused(made, OTHER.id, None).what
    assert bundles.load(made, sign.trust(), KEY), "a key that is given comes before the environment's"


@pytest.mark.parametrize(
    "text",
    [KEY.secret.hex(), KEY.secret.hex().upper(), base64.b64encode(KEY.secret).decode(),
     base64.urlsafe_b64encode(KEY.secret).decode().rstrip("="), f"\n  {KEY.secret.hex()}\r\n"],
)  # fmt: skip
def test_a_key_in_the_environment_or_a_file_is_base64_or_hex(
    made: Path, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(text)
    assert seal.read_key(tmp_path / "key").id == KEY.id
    monkeypatch.setenv(seal.VARIABLE, text)
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


def test_both_alphabets_of_base64_are_one_key() -> None:
    secret = bytes([0xFB, 0xEF, 0xFF] * 10 + [0xFF, 0xFE])
    texts = [base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode(), secret.hex()]
    assert "+" in texts[0] and "-" in texts[1]
    assert {seal._secret(t, "x") for t in texts} == {secret}


@pytest.mark.parametrize("text", ["", "hunter2-my-password", "a" * 63, "a" * 65, "ä" * 44, KEY.secret.hex() + " x"])
def test_what_is_no_key_is_told_and_not_shown(
    made: Path, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(BundleError, match="no key") as caught:
        seal.read_key(tmp_path / "key")
    assert "--new-key" in caught.value.fix and (not text or text not in str(caught.value))
    monkeypatch.setenv(seal.VARIABLE, text)
    said = refused(made, "no key", None)
    assert not text or text not in str(said)


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(RecipeError):
            seal.read_key(path)


def test_a_new_key_is_for_its_owner_alone_and_others_are_warned_of(tmp_path: Path) -> None:
    key = seal.new_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600 and len(key.secret) == 32
    again = seal.read_key(tmp_path / "key")
    assert (again.id, again.secret, again.warning) == (key.id, key.secret, "")
    for mode in (0o640, 0o604, 0o660):
        (tmp_path / "key").chmod(mode)
        warned = seal.read_key(tmp_path / "key")
        assert "chmod 600" in warned.warning and warned.secret == key.secret
    assert seal.new_key(tmp_path / "key2").id != key.id


def test_a_key_is_never_written_over_however_many_try(tmp_path: Path) -> None:
    def attempt(_: int) -> seal.Key | None:
        try:
            return seal.new_key(tmp_path / "key")
        except RecipeError:
            return None

    with ThreadPoolExecutor(8) as pool:
        (won,) = [k for k in pool.map(attempt, range(32)) if k]
    assert seal.read_key(tmp_path / "key").id == won.id


def test_a_key_to_seal_with_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="no key to seal with") as caught:
        seal.key()
    assert "--new-key" in caught.value.fix
    monkeypatch.setenv(seal.VARIABLE, KEY.secret.hex())
    assert seal.key().id == KEY.id and seal.key(OTHER).id == OTHER.id


def test_a_keyring_that_is_asked_for_and_not_installed_is_told(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seal.VARIABLE, "keyring")
    with pytest.raises(MissingExtra) as caught:
        bundles.load(made, sign.trust())
    assert "mintmark[seal]" in caught.value.fix


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library with a keyring in memory, as on a machine that has one."""
    if keyring is None:
        pytest.skip("keyring is not installed: pip install 'mintmark[seal]'")
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    kept: dict[tuple[str, str], str] = {}

    class Memory(keyring.backend.KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield keyring
    keyring.set_keyring(before)


def test_the_keyring_opens_with_the_key_of_that_id_or_the_usual_one(
    made: Path, ring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(made, "no key was found", None)
    ring.set_password("mintmark", "seal", OTHER.secret.hex())
    assert "entry mintmark seal" in refused(made, OTHER.id, None).what
    assert seal.key().id == OTHER.id
    ring.set_password("mintmark", KEY.id, base64.b64encode(KEY.secret).decode())
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"
    monkeypatch.setenv(seal.VARIABLE, "keyring")
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


def test_a_keyring_that_is_locked_or_absent_is_no_key_unless_it_was_asked_for(
    made: Path, ring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyring.backends import fail

    ring.set_keyring(fail.Keyring())
    refused(made, "no key was found", None)
    monkeypatch.setenv(seal.VARIABLE, "keyring")
    assert "keyring" in refused(made, "cannot be read", None).where
