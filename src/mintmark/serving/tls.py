"""TLS: a certificate and its key, checked before the server listens and read again when it is told to."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from mintmark.base.errors import RecipeError


@dataclass(frozen=True)
class Certificate:
    """PEM files: the certificate with those that vouch for it, and its private key."""

    chain: Path
    key: Path

    @classmethod
    def of(cls, chain: Path | None, key: Path | None) -> "Certificate | None":
        """None without either.   Raises: RecipeError: half of a pair, or files that do not serve."""
        if chain is None and key is None:
            return None
        if chain is None or key is None:
            given, missing = ("--tls-key", "--tls-cert") if chain is None else ("--tls-cert", "--tls-key")
            what = f"TLS needs a certificate and its key; {missing} is missing."
            raise RecipeError(what, where=given, fix=f"{missing} FILE too, or neither.")
        made = cls(chain, key)
        made.check()
        return made

    def check(self) -> None:
        """Raises: RecipeError."""
        self.into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def into(self, context: ssl.SSLContext) -> None:
        """Have new connections use what the files hold now.   Raises: RecipeError."""
        for name, path in (("--tls-cert", self.chain), ("--tls-key", self.key)):
            try:
                path.open("rb").close()
            except OSError as exc:
                raise RecipeError(
                    f"cannot be read: {exc.strerror}.", where=f"{name} {path}", fix="a PEM file."
                ) from exc
        try:
            context.load_cert_chain(self.chain, self.key, password=_no_password)
        except ssl.SSLError as exc:
            mismatch = "MISMATCH" in (exc.reason or "")
            what = "the key is not that of the certificate." if mismatch else f"no certificate and key: {exc.reason}."
            raise RecipeError(what, where=f"--tls-cert {self.chain}", fix="both as PEM, of one pair.") from exc


def _no_password() -> str:
    """Else OpenSSL would ask whoever started the server, and wait."""
    what = "the key is locked by a password, which a server that starts by itself cannot ask for."
    raise RecipeError(what, where="--tls-key", fix="openssl pkey -in KEY -out OPEN_KEY, readable by the server alone.")
