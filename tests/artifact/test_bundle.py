"""Bundles: what goes in comes out; what was altered, swapped or half-written never does."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from mintmark.artifact import bundle as bundles
from mintmark.artifact import sign, signature, tree
from mintmark.artifact.bundle import Bundle
from mintmark.artifact.environment import drifted, environment
from mintmark.base.errors import BundleError
from mintmark.base.need import need
from mintmark.base.state import State


def tiny(**more: Any) -> Bundle:
    made = Bundle(
        facts={"task": "coin", "schema": {"Betrag €": "double"}},
        features=State(facts={"mean": 1.5, "classes": ["是", "否"], "none": None}),
        model=State(
            arrays={
                "weights": np.arange(6.0).reshape(2, 3),
                "flag": np.array(True),
                "none": np.zeros((0, 4), np.int32),
            },
            files={"trees.txt": b"tree\n"},
            parts={"0": State(facts={"rung": 1}, parts={"inner": State(arrays={"x": np.ones(2, np.float32)})})},
        ),
        decision=State(),
        past=State(),
    )
    return replace(made, **more)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    bundles.save(tiny(), tmp_path / "bundle", sign.signer())
    return tmp_path / "bundle"


def refused(path: Path, word: str = "") -> BundleError:
    """A load that ends in an error with what, where and try; never in another exception, never in a bundle."""
    with pytest.raises(BundleError, match=word or None) as caught:
        bundles.load(path, sign.trust())
    assert caught.value.exit_code == 5
    assert caught.value.what and caught.value.where and caught.value.fix
    return caught.value


def same(a: State, b: State) -> None:
    assert a.facts == b.facts and a.files == b.files
    assert a.arrays.keys() == b.arrays.keys() and a.parts.keys() == b.parts.keys()
    for name in a.arrays:
        assert a.arrays[name].dtype == b.arrays[name].dtype and a.arrays[name].shape == b.arrays[name].shape
        np.testing.assert_array_equal(a.arrays[name], b.arrays[name])
    for name in a.parts:
        same(a.parts[name], b.parts[name])


def resign(path: Path, resources: list[dict[str, Any]] | None = None, by: sign.Signer | None = None) -> None:
    """Sign again as a holder of the key can: what lies there now, or any list of files one likes."""
    (path / signature.NAME).unlink(missing_ok=True)
    by = by or sign.signer()
    signature.sign(path, by)
    if resources is None:
        return
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    outer = json.loads((path / signature.NAME).read_text())
    statement = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    statement["predicate"]["resources"] = resources
    payload = json.dumps(statement).encode()
    key = serialization.load_pem_private_key(by.private.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    kind = outer["dsseEnvelope"]["payloadType"]
    pae = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    outer["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    proof = base64.b64encode(key.sign(pae, ec.ECDSA(hashes.SHA256()))).decode()
    outer["dsseEnvelope"]["signatures"][0]["sig"] = proof
    (path / signature.NAME).write_text(json.dumps(outer))


def entries(path: Path) -> list[dict[str, Any]]:
    files = {p.relative_to(path).as_posix(): p for p in path.rglob("*") if p.is_file() and p.name != signature.NAME}
    return [
        {"name": n, "algorithm": "sha256", "digest": hashlib.sha256(p.read_bytes()).hexdigest()}
        for n, p in files.items()
    ]


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# what goes in comes out


def test_what_goes_in_comes_out(made: Path) -> None:
    loaded, put = bundles.load(made, sign.trust()), tiny()
    assert loaded.facts == put.facts | {"format": 1}
    for name in bundles.STATES:
        same(getattr(loaded, name), getattr(put, name))


def test_layout_is_the_documented_one(made: Path) -> None:
    assert sorted(e["name"] for e in entries(made)) == [
        "decision/facts.json",
        "features/facts.json",
        "mintmark.json",
        "model/arrays.safetensors",
        "model/facts.json",
        "model/files/trees.txt",
        "model/parts/0/facts.json",
        "model/parts/0/parts/inner/arrays.safetensors",
        "model/parts/0/parts/inner/facts.json",
        "past/facts.json",
    ]
    assert json.loads((made / "mintmark.json").read_bytes())["format"] == 1


def test_same_content_gives_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    arrays = {"b": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "a": np.arange(4, dtype=">i4")}
    plain = {"a": np.arange(4, dtype="<i4"), "b": np.arange(6.0).reshape(2, 3)}
    one, two = State(arrays, {"x": 1, "y": {"b": 2, "a": 3}}), State(plain, {"y": {"a": 3, "b": 2}, "x": 1})
    for name, state in (("one", one), ("two", two)):
        bundles.save(tiny(model=state), tmp_path / name, sign.signer())
    digests = [{e["name"]: e["digest"] for e in entries(tmp_path / name)} for name in ("one", "two")]
    assert digests[0] == digests[1]


def test_size_is_that_of_the_files(tmp_path: Path) -> None:
    size = bundles.save(tiny(), tmp_path / "b", sign.signer())
    on_disk = sum(p.stat().st_size for p in (tmp_path / "b").rglob("*") if p.is_file())
    assert (size.name, size.value, size.unit, size.better) == ("bundle.size", on_disk, "bytes", "down")


@pytest.mark.parametrize(
    "state, error, word",
    [
        (State({"names": np.array(["a", None], object)}), TypeError, "array 'names'"),
        (State({"text": np.array(["a", "b"])}), TypeError, "array 'text'"),
        (State({"when": np.array(["2020-01-01"], "datetime64[D]")}), TypeError, "array 'when'"),
        (State({"wide": np.zeros(1, np.longdouble)}), TypeError, "array 'wide'"),
        (State({"__metadata__": np.zeros(1)}), ValueError, "__metadata__"),
        (State({"a/b": np.zeros(1)}), ValueError, "a/b"),
        (State(facts={"a": [{"b": float("nan")}]}), ValueError, r"model/facts\.a\[0\]\.b"),
        (State(facts={"a": float("-inf")}), ValueError, r"model/facts\.a"),
        (State(facts={"a": {1: 2}}), TypeError, "key 1"),
        (State(facts={"a": {"b": np.int64(3)}}), TypeError, r"facts\.a\.b: int64"),
        (State(facts={"a": b"x"}), TypeError, "bytes"),
        (State(files={"../x": b""}), ValueError, "x"),
        (State(files={".hidden": b""}), ValueError, "hidden"),
        (State(files={"a\0b": b""}), ValueError, "name"),
        (State(files={"a\\b": b""}), ValueError, "name"),
        (State(files={"n" * 201: b""}), ValueError, "too long"),
        (State(files={"x": "text"}), TypeError, "file 'x'"),  # type: ignore[dict-item]
        (State(parts={"": State()}), ValueError, "name"),
        (State(parts={"..": State()}), ValueError, "name"),
    ],
)
def test_what_cannot_be_kept_is_named_and_leaves_nothing(
    tmp_path: Path, state: State, error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        bundles.save(tiny(model=state), tmp_path / "b", sign.signer())
    assert left(tmp_path) == []


def test_bottomless_states_end_in_an_error(tmp_path: Path) -> None:
    facts: dict[str, Any] = {}
    facts["self"] = facts
    parts = State()
    for _ in range(40):
        parts = State(parts={"p": parts})
    for state in (State(facts=facts), parts):
        with pytest.raises(ValueError, match="deeper"):
            bundles.save(tiny(model=state), tmp_path / "b", sign.signer())
    assert left(tmp_path) == []


# formats


def test_a_newer_format_says_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "FORMAT", 2)
    bundles.save(tiny(), tmp_path / "b", sign.signer())
    monkeypatch.undo()
    assert "upgrade mintmark" in refused(tmp_path / "b", "format 2").fix


def test_an_older_bundle_goes_through_the_numbered_upgrades(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(files: dict[str, bytes]) -> dict[str, bytes]:
        return files | {"decision/facts.json": b'{"threshold": 0.5}'}

    def three(files: dict[str, bytes]) -> dict[str, bytes]:
        return files | {"mintmark.json": files["mintmark.json"].replace(b'"coin"', b'"mint"')}

    monkeypatch.setattr(bundles, "FORMAT", 3)
    monkeypatch.setattr(bundles, "UPGRADES", {1: two, 2: three})
    loaded = bundles.load(made, sign.trust())
    assert loaded.decision.facts == {"threshold": 0.5} and loaded.facts["task"] == "mint"


@pytest.mark.parametrize("number", ["0", "-1", "true", '"1"', "null", "1.0"])
def test_a_format_that_is_none(made: Path, number: str) -> None:
    (made / "mintmark.json").write_text(f'{{"format": {number}}}')
    resign(made)
    refused(made, "no format")


# attacks


def test_every_flipped_byte_in_every_file_is_refused(tmp_path: Path) -> None:
    made = tmp_path / "bundle"
    bundles.save(Bundle({}, State(), State({"w": np.ones(2)}), State(), State()), made, sign.signer())
    trust = sign.trust()
    for path in [p for p in made.rglob("*") if p.is_file()]:
        with path.open("rb+", buffering=0) as file:  # in place: much faster than writing the file anew
            for i, byte in enumerate(file.read()):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << i % 8]), i)
                with pytest.raises(BundleError):
                    bundles.verify(made, trust)
                os.pwrite(file.fileno(), bytes([byte]), i)
    bundles.load(made, trust)


@pytest.mark.parametrize("name", ["model.sig", "mintmark.json", "model/arrays.safetensors", "model/files/trees.txt"])
def test_a_truncated_file_is_refused(made: Path, name: str) -> None:
    content = (made / name).read_bytes()
    for keep in (0, 1, len(content) // 2, len(content) - 1):
        (made / name).write_bytes(content[:keep])
        refused(made)


def add(path: Path) -> None:
    (path / "model" / "files" / "extra.txt").write_bytes(b"")


def add_hidden(path: Path) -> None:
    (path / ".gitignore").write_bytes(b"*")


def add_folder(path: Path) -> None:
    (path / "model" / "empty").mkdir()


def add_signature(path: Path) -> None:
    shutil.copy(path / "model.sig", path / "model" / "model.sig")


def remove(path: Path) -> None:
    (path / "model" / "files" / "trees.txt").unlink()


def remove_all(path: Path) -> None:
    shutil.rmtree(path / "past")


def rename(path: Path) -> None:
    (path / "decision").rename(path / "decide")


def swap_files(path: Path) -> None:
    shutil.copy(path / "model" / "facts.json", path / "features" / "facts.json")


def link(path: Path) -> None:
    (path / "model" / "files" / "trees.txt").rename(path.parent / "trees.txt")
    (path / "model" / "files" / "trees.txt").symlink_to(path.parent / "trees.txt")


def link_folder(path: Path) -> None:
    (path / "past").rename(path.parent / "past")
    (path / "past").symlink_to(path.parent / "past")


def pipe(path: Path) -> None:
    (path / "model" / "facts.json").unlink()
    os.mkfifo(path / "model" / "facts.json")


def pipe_signature(path: Path) -> None:
    (path / "model.sig").unlink()
    os.mkfifo(path / "model.sig")


def signature_folder(path: Path) -> None:
    (path / "model.sig").unlink()
    (path / "model.sig").mkdir()


def unsign(path: Path) -> None:
    (path / "model.sig").unlink()


@pytest.mark.parametrize(
    "attack",
    [add, add_hidden, add_folder, add_signature, remove, remove_all, rename, swap_files, link, link_folder, pipe,
     pipe_signature, signature_folder, unsign],
)  # fmt: skip
def test_a_changed_folder_is_refused(made: Path, attack: Callable[[Path], None]) -> None:
    attack(made)
    refused(made)


def test_messages_name_the_file(made: Path) -> None:
    add(made)
    assert "model/files/extra.txt" in refused(made, "added").what
    (made / "model/files/extra.txt").unlink()
    swap_files(made)
    assert "features/facts.json" in refused(made, "altered").what
    unsign(made)
    refused(made, "not signed")


def test_the_signature_of_another_bundle_is_refused(made: Path, tmp_path: Path) -> None:
    bundles.save(tiny(decision=State(facts={"threshold": 0.9})), tmp_path / "other", sign.signer())
    mine, other = (json.loads((p / "model.sig").read_text()) for p in (made, tmp_path / "other"))
    shutil.copy(tmp_path / "other" / "model.sig", made / "model.sig")
    refused(made, "altered")
    mine["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"]  # the other's list under this one's proof
    (made / "model.sig").write_text(json.dumps(mine))
    refused(made, "does not hold")


def test_a_foreign_key_is_named_and_importing_it_helps(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = sign.signer()
    public = tmp_path / "theirs.pem"
    public.write_bytes(sign.export_key())
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "elsewhere"))
    error = refused(made, "not trusted")
    assert by.fingerprint in error.what and "mintmark keys import" in error.fix
    assert sign.import_key(public, "Anna") == by.fingerprint
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"
    assert "Anna" in sign.trust().proves(by.fingerprint)


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/passwd", "model/../../outside", "model//facts.json", "./x", "a\\b", "a\0b", "", "n" * 201,
     "\ud800"],
)  # fmt: skip
def test_a_signed_name_that_leaves_the_folder_is_refused(made: Path, name: str) -> None:
    (made.parent / "outside").write_bytes(b"")
    resign(made, [*entries(made), {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(b"").hexdigest()}])
    refused(made, "name")


@pytest.mark.parametrize(
    "resources",
    [
        "none",
        [1],
        [{"name": "mintmark.json", "algorithm": "md5", "digest": ""}],
        [{"name": 3, "algorithm": "sha256", "digest": ""}],
        [{"name": "mintmark.json", "algorithm": "sha256", "digest": None}],
        [{"name": "mintmark.json", "algorithm": "sha256", "digest": "xyz"}] * 2,
        [{"name": "model.sig", "algorithm": "sha256", "digest": "00"}],
        [],
    ],
)
def test_a_signed_list_that_makes_no_sense_is_refused(made: Path, resources: Any) -> None:
    resign(made, resources)
    refused(made)


def test_strange_signature_files_are_refused(made: Path) -> None:
    good = json.loads((made / "model.sig").read_text())
    without_hint = json.loads(json.dumps(good).replace(good["verificationMaterial"]["publicKey"]["hint"], ""))
    certificate = good | {"verificationMaterial": {"certificate": {"rawBytes": "AA=="}, "tlogEntries": []}}
    two = json.loads(json.dumps(good))
    two["dsseEnvelope"]["signatures"] *= 2
    strange: list[bytes] = [
        b"", b"null", b"[]", b"1e999", b"\xff\xfe\x00", b"\x00" * 100, b"[" * 200_000, b'{"a":' * 200_000,
        b"9" * 10_000, b" " * (signature.MOST_BYTES + 1), *(json.dumps(s).encode() for s in (
            without_hint, certificate, two, good | {"more": 1}, good | {"dsseEnvelope": None},
            good | {"mediaType": "x"})),
    ]  # fmt: skip
    for content in strange:
        (made / "model.sig").write_bytes(content)
        refused(made)


def test_not_a_bundle_at_all(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "does not exist")
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file", "not a folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "not signed")


@pytest.mark.parametrize(
    "name, content",
    [
        ("mintmark.json", b"[" * 200_000),
        ("mintmark.json", b"[]"),
        ("model/facts.json", b'{"a": ' * 200_000),
        ("model/facts.json", b'{"a": NaN}'),
        ("model/facts.json", b"\xff"),
        ("model/facts.json", b'{"a": ' + b"9" * 10_000 + b"}"),
        ("model/arrays.safetensors", b""),
        ("model/arrays.safetensors", b"\xff" * 64),
        ("model/arrays.safetensors", b"\x02\0\0\0\0\0\0\0[]"),
        ("model/arrays.safetensors", safetensors.numpy.save({"../x": np.zeros(1)})),
        ("model/more.txt", b""),
        ("more/facts.json", b"{}"),
        ("model/files/inner/x", b""),
        ("model/parts/x", b"{}"),
    ],
)
def test_nonsense_that_is_rightly_signed_is_refused_too(made: Path, name: str, content: bytes) -> None:
    (made / name).parent.mkdir(exist_ok=True)
    (made / name).write_bytes(content)
    resign(made)
    refused(made)


def test_nothing_is_parsed_before_signature_and_digests_hold(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def heard(parse: Callable[..., Any]) -> Callable[..., Any]:
        def listen(content: Any, *args: Any, **more: Any) -> Any:
            parsed.append(bytes(content) if not isinstance(content, str) else content.encode())
            return parse(content, *args, **more)

        return listen

    trust = sign.trust()
    signed = (made / "model.sig").read_bytes()
    payload = base64.b64decode(json.loads(signed)["dsseEnvelope"]["payload"])
    monkeypatch.setattr(json, "loads", heard(json.loads))
    monkeypatch.setattr(safetensors.numpy, "load", heard(safetensors.numpy.load))

    bundles.load(made, trust)
    assert parsed[:2] == [signed, payload] and len(parsed) == 12  # then mintmark.json twice and each State's files

    parsed.clear()
    (made / "past" / "facts.json").write_bytes(b'{"evil": 1}')  # the last file: all others are as they were
    with pytest.raises(BundleError):
        bundles.load(made, trust)
    assert parsed == [signed, payload]

    parsed.clear()
    with pytest.raises(BundleError):
        bundles.load(made, sign.Trust(keys={}))
    assert parsed == [signed]


def test_a_file_is_read_once_so_what_was_checked_is_what_is_parsed(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = os.open

    def listening(path: Any, *args: Any, **more: Any) -> int:
        opened.append(str(path))
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", listening)
    bundles.load(made, sign.trust())
    inside = [p for p in opened if p.startswith(str(made))]
    assert len(inside) == len(set(inside)) == 11


def test_too_many_or_too_large_files_are_refused_unread(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (made / "past" / "facts.json").open("rb+") as file:
        file.truncate(bundles.MOST_BYTES + 1)  # a hole: takes no room on the disk
    refused(made, "GiB")
    monkeypatch.setattr(bundles, "MOST_FILES", 5)
    refused(made, "files")


# the standard's own tool agrees


def test_the_stock_verifier_accepts_ours_and_we_accept_the_stock_signer(made: Path, tmp_path: Path) -> None:
    stock = need("model_signing")

    (tmp_path / "key.pem").write_bytes(sign.export_key())
    theirs = stock.verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "key.pem")
    theirs.verify(made, made / "model.sig")
    swap_files(made)
    with pytest.raises(ValueError):
        theirs.verify(made, made / "model.sig")

    bundles.save(tiny(), made, sign.signer())
    (made / "model.sig").unlink()
    ours = stock.signing.Config().use_elliptic_key_signer(private_key=sign.signer().private)
    ours.sign(made, made / "model.sig")  # as `model_signing sign key` does with its default settings
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


def test_loading_needs_no_network_library(made: Path) -> None:
    code = (
        "import sys, pathlib; from mintmark.artifact import bundle, sign; "
        f"bundle.load(pathlib.Path({str(made)!r}), sign.trust()); "
        "print([m for m in ('requests', 'sigstore', 'tuf', 'urllib3', 'model_signing') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# writing: all or nothing


def test_a_bundle_is_replaced_and_other_things_are_not(made: Path, tmp_path: Path) -> None:
    bundles.save(tiny(facts={"task": "second"}), made, sign.signer())
    assert bundles.load(made, sign.trust()).facts["task"] == "second"
    (tmp_path / "empty").mkdir()
    bundles.save(tiny(), tmp_path / "empty", sign.signer())
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "file").write_text("kept")
    for name in ("thesis", "file"):
        with pytest.raises(BundleError, match="no bundle"):
            bundles.save(tiny(), tmp_path / name, sign.signer())
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    assert left(tmp_path) == ["bundle", "empty", "file", "thesis"]


@pytest.mark.parametrize("stage", ["sign", "_sync", "_swap"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_stage_leaves_the_old_bundle_and_nothing_else(
    made: Path, monkeypatch: pytest.MonkeyPatch, stage: str, error: BaseException
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(signature if stage == "sign" else bundles, stage, fail)
    with pytest.raises(BundleError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
        bundles.save(tiny(facts={"task": "second"}), made, sign.signer())
    if isinstance(caught.value, BundleError):
        assert caught.value.where == str(made) and "No space left" in caught.value.what and "disk" in caught.value.fix
    monkeypatch.undo()
    assert left(made.parent) == ["bundle"]
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


def test_the_old_bundle_comes_back_if_the_new_one_cannot_take_its_place(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.rename, []

    def second_fails(source: Any, to: Any) -> None:
        calls.append(to)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        real(source, to)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(BundleError, match="Input/output"):
        bundles.save(tiny(facts={"task": "second"}), made, sign.signer())
    assert left(made.parent) == ["bundle"] and len(calls) == 3
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


CHILD = """
import os, pathlib, resource, signal, sys
import numpy as np
from mintmark.artifact import bundle, sign, signature
from mintmark.base.errors import MintmarkError
from mintmark.base.state import State
out, how = pathlib.Path(sys.argv[1]), sys.argv[2]
by = sign.signer()
big = bundle.Bundle({"task": "big"}, State(), State({"x": np.zeros(1_000_000)}), State(), State())
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if how == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
elif how == "sign":
    signature.sign = die
elif how == "between":
    real = os.rename
    os.rename = lambda a, b: (real(a, b), die())
try:
    bundle.save(big, out, by)
except MintmarkError as exc:
    print(exc)
    sys.exit(exc.exit_code)
"""


def child(out: Path, how: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", CHILD, str(out), how], capture_output=True, text=True, timeout=60)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    ended = child(tmp_path / "b", "limit")
    assert ended.returncode == 5, ended.stderr
    assert "File too large" in ended.stdout and "Try: free some space" in ended.stdout
    assert left(tmp_path) == []


def test_a_kill_while_writing_leaves_no_bundle_and_the_next_save_cleans_up(tmp_path: Path) -> None:
    assert child(tmp_path / "b", "sign").returncode == -signal.SIGKILL
    assert [n.startswith(".b.half-") for n in left(tmp_path)] == [True]
    refused(tmp_path / "b", "does not exist")
    bundles.save(tiny(), tmp_path / "b", sign.signer())
    assert left(tmp_path) == ["b"]


def test_a_kill_between_the_two_renames_loses_nothing(made: Path) -> None:
    assert child(made, "between").returncode == -signal.SIGKILL
    assert not made.exists()
    with pytest.raises(TypeError):  # the next save fails too, yet first brings back what was there
        bundles.save(tiny(model=State(facts={"x": b""})), made, sign.signer())
    assert left(made.parent) == ["bundle"]
    assert bundles.load(made, sign.trust()).facts["task"] == "coin"


# checkpoints


def counted() -> tuple[Callable[[], dict[str, State]], list[int]]:
    calls: list[int] = []

    def make() -> dict[str, State]:
        calls.append(1)
        return {"features": State(facts={"n": 3}), "model": State({"w": np.arange(3.0)}, files={"m.txt": b"x"})}

    return make, calls


def test_a_checkpoint_is_made_once_and_then_read(tmp_path: Path) -> None:
    make, calls = counted()
    first = bundles.keep(tmp_path, "fit", make, sign.signer(), sign.trust())
    again = bundles.keep(tmp_path, "fit", make, sign.signer(), sign.trust())
    assert len(calls) == 1 and first.keys() == again.keys()
    for name in first:
        same(first[name], again[name])
    bundles.keep(tmp_path, "other", make, sign.signer(), sign.trust())
    assert len(calls) == 2


def flip(at: Path) -> None:
    (at / "model" / "facts.json").write_bytes(b'{"n": 4}')


def empty(at: Path) -> None:
    shutil.rmtree(at)
    at.mkdir()


def file_instead(at: Path) -> None:
    shutil.rmtree(at)
    at.write_bytes(b"")


def other_name(at: Path) -> None:
    shutil.rmtree(at)
    make, _ = counted()
    bundles.keep(at.parent, "elsewhere", make, sign.signer(), sign.trust())
    (at.parent / "elsewhere").rename(at)


def a_bundle(at: Path) -> None:
    shutil.rmtree(at)
    bundles.save(tiny(), at, sign.signer())


@pytest.mark.parametrize("damage", [flip, empty, file_instead, other_name, a_bundle, unsign])
def test_a_damaged_checkpoint_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    make, calls = counted()
    bundles.keep(tmp_path, "fit", make, sign.signer(), sign.trust())
    damage(tmp_path / "fit")
    again = bundles.keep(tmp_path, "fit", make, sign.signer(), sign.trust())
    assert len(calls) == 2 and again["features"].facts == {"n": 3}
    bundles.keep(tmp_path, "fit", make, sign.signer(), sign.trust())
    assert len(calls) == 2 and left(tmp_path) == ["fit"]


def test_a_checkpoint_is_no_bundle(tmp_path: Path) -> None:
    bundles.keep(tmp_path, "fit", lambda: {n: State() for n in bundles.STATES}, sign.signer(), sign.trust())
    refused(tmp_path / "fit", "mintmark.json is missing")


def test_a_checkpoint_stays_within_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name"):
        bundles.keep(tmp_path, "../fit", lambda: {}, sign.signer(), sign.trust())


# what it was made with


def test_environment_names_what_mintmark_needs_and_nothing_optional() -> None:
    now = environment()
    assert now["packages"]["numpy"] == np.__version__
    assert {"scikit-learn", "lightgbm", "model-signing"} <= now["packages"].keys()
    assert "pytest" not in now["packages"] and list(now["packages"]) == sorted(now["packages"])
    assert json.loads(json.dumps(now)) == now and drifted(now) == []


def test_drift_is_told_for_numeric_libraries_only() -> None:
    then = environment()
    then["packages"] |= {"numpy": "1.26.0", "rich": "1.0"}
    then["python"] = "3.10.2"
    told = drifted(then)
    assert len(told) == 2 and "3.10" in told[0] and f"numpy was 1.26.0 and is {np.__version__}" in told[1]
    assert drifted({}) == [] and drifted({"packages": None, "python": None}) == []


def test_tree_writes_what_it_reads() -> None:
    states = {"a": State({"x": np.arange(3)}, {"k": [1, None, True, "文"]}, {"f": b"\0"}, {"p": State()})}
    files = dict(tree.write("root.json", {"n": 1}, states))
    same(tree.read(files, "root.json", ["a"], "here")["a"], states["a"])
