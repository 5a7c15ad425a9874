"""TLS: half a pair and pairs that do not fit are refused in words; a renewed certificate is shown without a restart."""

import datetime as dt
import signal
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from contract import recipe_of, source_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from served import server

from mintmark import cli, spine
from mintmark.base.errors import RecipeError
from mintmark.serving.tls import Certificate


def pair(folder: Path, name: str, password: bytes = b"") -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    import ipaddress

    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + dt.timedelta(days=2))
        .add_extension(names, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    chain, private = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    return chain, private


def test_half_of_a_pair_is_refused_before_a_bundle_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain, key = pair(tmp_path, "a")
    assert Certificate.of(None, None) is None and Certificate.of(chain, key) == Certificate(chain, key)
    for given, missing in ((("--tls-cert", chain), "--tls-key"), (("--tls-key", key), "--tls-cert")):
        assert cli.main(["serve", str(tmp_path), given[0], str(given[1])]) == 2
        assert f"{missing} is missing" in capsys.readouterr().err


def test_files_that_do_not_serve_are_named(tmp_path: Path) -> None:
    (chain, key), (other, _) = pair(tmp_path, "a"), pair(tmp_path, "b")
    text = tmp_path / "text"
    text.write_text("no certificate")
    for given, what in (
        ((tmp_path / "no", key), "--tls-cert .*cannot be read"), ((chain, tmp_path / "no"), "--tls-key .*cannot be"),
        ((text, key), "no certificate and key"), ((chain, text), "no certificate and key"),
        ((other, key), "not that of"), (pair(tmp_path, "c", b"secret"), "locked by a password"),
    ):  # fmt: skip
        with pytest.raises(RecipeError, match=what):
            Certificate.of(*given)


@pytest.mark.slow
def test_https_and_a_certificate_that_is_renewed_while_it_serves(tmp_path: Path) -> None:
    spine.run(recipe_of("tabular_classification"), tmp_path / "r", source_of("tabular_classification"))
    chain, key = pair(tmp_path, "a")
    words = (f"m={tmp_path / 'r' / 'bundle'}", "--tls-cert", chain, "--tls-key", key)

    def shown(url: str) -> str:
        return ssl.get_server_certificate(("127.0.0.1", int(url.rpartition(":")[2])))

    with server(*words) as (process, url):
        assert url.startswith("https://") and process.stderr is not None
        process.stderr.readline()
        curl = process.stderr.readline().replace("curl", f"curl -s --cacert {chain}")
        said = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)
        assert '"answers"' in said.stdout
        with httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=str(chain))) as client:
            body = client.get("/v1/models/m").json()["example"]
            assert client.post("/v1/models/m/predict", json=body).status_code == 200
            with pytest.raises(httpx.HTTPError):
                httpx.get(url.replace("https", "http") + "/healthz")
            first = shown(url)
            renewed, its_key = pair(tmp_path, "b")
            chain.write_bytes(renewed.read_bytes())  # the key is still that of before
            process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert shown(url) == first
            key.write_bytes(its_key.read_bytes())
            process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert shown(url) == renewed.read_text() != first
            assert client.post("/v1/models/m/predict", json=body).status_code == 200  # a connection of before goes on
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
