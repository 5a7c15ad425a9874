"""Options of `mintmark serve`, as JSON can hand them to a worker, and the app that they make."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import RecipeError
from mintmark.serving.access import Keys
from mintmark.serving.body import Limits
from mintmark.serving.deployed import Room
from mintmark.serving.opener import Opener
from mintmark.serving.rate import Rate, Rates
from mintmark.serving.tls import Certificate

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mintmark.serving.monitor import Rules


@dataclass(frozen=True)
class Options:
    bundles: dict[str, str]
    """name, or name@version -> folder"""
    limits: Limits = field(default_factory=Limits)
    keys: str | None = None
    rate: str = ""
    tls: tuple[str, str] | None = None
    state: str | None = None
    admin: str | None = None
    """the folder from which others may be served"""
    log: str | None = None
    log_requests: bool = False
    log_addresses: bool = False
    monitor: str | None = None
    """the file of triggers"""
    outcomes: bool = True
    """whether answers are kept for outcomes, where there is a folder or a file of triggers for it"""
    key_file: str | None = None
    """the file with the key of sealed bundles: never the key"""
    page: bool = False
    """whether there is a page for people"""
    lang: str = "en"
    """of errors, where a request names no language of ours"""

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Options":
        tls = facts["tls"]
        return cls(**facts | {"limits": Limits(**facts["limits"]), "tls": tuple(tls) if tls else None})

    @property
    def places(self) -> dict[str, Path]:
        return {name: Path(path) for name, path in self.bundles.items()}

    @property
    def certificate(self) -> Certificate | None:
        return Certificate(Path(self.tls[0]), Path(self.tls[1])) if self.tls else None

    def app(self, room: Room | None = None, rates: Rates | None = None, opener: Opener | None = None) -> "FastAPI":
        """All bundles verified, loaded and asked once.

        opener: that has read the key already; None: it is read here.
        Raises: MintmarkError; RecipeError: several workers, and a model that looks back on what is sent to it.
        """
        from mintmark.serving.app import make_app

        opener = opener or Opener(Path(self.key_file) if self.key_file else None)
        loaded = {name: opener(path) for name, path in self.places.items()}
        back = sorted({n.partition("@")[0] for n, b in loaded.items() if b.past.key and b.past.rows is not None})
        if room and back:
            what = (
                f"{', '.join(back)} looks back on earlier rows: an event would reach one of {room.workers} workers, and"
            )
            what += " the others would answer without it."
            raise RecipeError(
                what, where="--workers", fix="--workers 1 for it; models without a past in a server beside."
            )
        app = make_app(
            loaded, self.limits, self.log_requests or self.log is not None, Path(self.state) if self.state else None,
            keys=Keys(Path(self.keys)) if self.keys else None, rate=Rate.of(self.rate) if self.rate else None,
            log_addresses=self.log_addresses, places=self.places, bundles=Path(self.admin) if self.admin else None,
            room=room, rates=rates, rules=self._rules(), outcomes=self.outcomes and bool(self.state or self.monitor),
            load=opener.again, page=self.page, lang=self.lang,
        )  # fmt: skip
        for model in app.state.models.all():
            model.warm()
        return app

    def _rules(self) -> "Rules | None":
        from mintmark.serving import monitor

        return monitor.load(Path(self.monitor)) if self.monitor else None
