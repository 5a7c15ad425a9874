"""Opener: loads bundles for a server, sealed ones with the key that lies in a file.

The file is read again for each bundle that is loaded later on, so that a key can be exchanged without a restart. One
that is gone or damaged leaves the key of before in force, and the log says so; a pipe can be read once.
"""

from pathlib import Path

from mintmark import spine
from mintmark.artifact import seal
from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.serving import lines


class Opener:
    """`opener(folder)` is the loaded bundle."""

    def __init__(self, key_file: Path | None = None, workers: int = 1) -> None:
        """key_file: None, where the environment or the keyring has the key, or nothing is sealed.

        workers: processes that read the file, each by itself.
        Raises: RecipeError, BundleError: the file cannot be read, not by so many, or holds no key.
        """
        self._file = key_file if key_file and key_file.is_file() else None
        if key_file and workers > 1 and self._file is None and key_file.exists():
            what = f"is no plain file, and each of {workers} workers has to read it."
            raise RecipeError(what, where=f"--key-file {key_file}", fix=f"a file with the key, or ${seal.VARIABLE}.")
        self._key = seal.read_key(key_file) if key_file else None

    @property
    def warning(self) -> str:
        """What whoever has started the server should know of the file."""
        return self._key.warning if self._key else ""

    def __call__(self, bundle: Path) -> spine.Loaded:
        """Raises: BundleError: unsigned, altered, not trusted, or sealed with another key."""
        return spine.load(bundle, self._key)

    def again(self, bundle: Path) -> spine.Loaded:
        """The same, with the key that lies in the file by now."""
        if self._file:
            try:
                self._key = seal.read_key(self._file)
            except MintmarkError as exc:
                lines.log.error("the key of sealed bundles cannot be read again, that of before counts: %s", exc)
        return spine.load(bundle, self._key)
