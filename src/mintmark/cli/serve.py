"""mintmark serve: answer questions over HTTP by one or more verified bundles."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mintmark.cli.seal import KeyFile
from mintmark.cli.speech import spoken

if TYPE_CHECKING:
    from mintmark.serving.greeting import Greeting
    from mintmark.serving.opener import Opener
    from mintmark.serving.options import Options

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Bundles = Annotated[
    list[str],
    typer.Argument(
        help="Bundle folders, NAME=FOLDER or NAME@VERSION=FOLDER; without a name, that of the run.", show_default=False
    ),
]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one of this machine.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")]
KeysFile = Annotated[
    Path | None,
    typer.Option(help="File of API keys, of `mintmark api-keys`; without it everybody may ask.", show_default=False),
]
RateText = Annotated[
    str, typer.Option(help='Requests of each key, or of each address without keys: "100/s", "1000/min".')
]
TlsCert = Annotated[
    Path | None, typer.Option(help="Certificate with its chain, PEM; then only https is spoken.", show_default=False)
]
TlsKey = Annotated[Path | None, typer.Option(help="The certificate's key, PEM.", show_default=False)]
Workers = Annotated[
    int,
    typer.Option(min=1, max=256, help="Processes that answer, for models without a past; above 1 nothing is watched."),
]
MaxRows = Annotated[int, typer.Option(min=1, help="Rows in one request.")]
MaxBody = Annotated[int, typer.Option(min=1, max=1024, help="MiB of one request's body.")]
MaxRequests = Annotated[int, typer.Option(min=1, help="Requests at once; more are told to come again.")]
Timeout = Annotated[int, typer.Option(min=1, help="Seconds in which an answer must be there.")]
MaxStreams = Annotated[int, typer.Option(min=1, help="Answers sent while they are written, at once.")]
State = Annotated[
    Path | None, typer.Option(help="Folder where events are kept, so that a restart knows them.", show_default=False)
]
Admin = Annotated[
    Path | None,
    typer.Option(
        "--bundles", help="Folder from which a key of scope admin may have others served.", show_default=False
    ),
]
Monitor = Annotated[
    Path | None, typer.Option(help="File of triggers that watch the traffic: a monitor.toml.", show_default=False)
]
NoOutcomes = Annotated[
    bool, typer.Option("--no-outcomes", help="Keep no answers with --state: what became of them cannot be told.")
]
Log = Annotated[
    Path | None,
    typer.Option(help="File for the log, one line a request among it; else standard error.", show_default=False),
]
LogRequests = Annotated[bool, typer.Option("--log-requests", help="One line a request, without its rows.")]
PageToo = Annotated[
    bool, typer.Option("--page", help="A page for people too, at /page/: models, runs, forms, monitoring.")
]
LogAddresses = Annotated[bool, typer.Option("--log-addresses", help="With the address of who asked.")]


def serve(
    bundles: Bundles,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    keys: KeysFile = None,
    key_file: KeyFile = None,
    rate: RateText = "",
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    workers: Workers = 1,
    max_rows: MaxRows = 10_000,
    max_body_mib: MaxBody = 8,
    max_requests: MaxRequests = 1024,
    timeout: Timeout = 60,
    max_streams: MaxStreams = 8,
    state: State = None,
    admin: Admin = None,
    monitor: Monitor = None,
    no_outcomes: NoOutcomes = False,
    log: Log = None,
    log_requests: LogRequests = False,
    log_addresses: LogAddresses = False,
    page: PageToo = False,
) -> dict[str, Any]:
    """Serve bundles over HTTP until stopped (Ctrl-C or SIGTERM), then finish what is in flight."""
    from mintmark import serving
    from mintmark.serving.access import Keys
    from mintmark.serving.opener import Opener
    from mintmark.serving.options import Options
    from mintmark.serving.rate import Rate
    from mintmark.serving.tls import Certificate

    paths, body_bytes = named(bundles), max_body_mib << 20
    held = max(256 << 20, 4 * body_bytes)
    limits = serving.Limits(
        max_rows, body_bytes, requests=max_requests, held_bytes=held, streams=max_streams, answer_s=timeout,
        waiting_rows=max(100_000, 2 * max_rows),
    )  # fmt: skip
    certificate = Certificate.of(tls_cert, tls_key)
    if rate:
        Rate.of(rate)
    if keys:
        Keys(keys)
    options = Options(
        {name: str(path) for name, path in paths.items()}, limits, _text(keys), rate,
        (str(certificate.chain), str(certificate.key)) if certificate else None, _text(state), _text(admin), _text(log),
        log_requests, log_addresses, _text(monitor), not no_outcomes, _text(key_file), page, spoken().code,
    )  # fmt: skip
    opener = Opener(key_file, workers)
    if opener.warning:
        typer.echo(spoken()("Warning: {what}", what=spoken().again(opener.warning)), err=True)
    serving.logs(log)
    return _served(options, opener, host, port, workers)


def _served(options: "Options", opener: "Opener", host: str, port: int, workers: int) -> dict[str, Any]:
    """Serve by one process, this one, or by several, until stopped; what is said in the end."""
    from mintmark import serving
    from mintmark.serving import workers as crew
    from mintmark.serving.greeting import Greeting

    app = options.app(opener=opener) if workers == 1 else None
    sockets = crew.ports(host, port, workers) if workers > 1 else [serving.listen(host, port)]
    at = sockets[0].getsockname()
    shown = f"[{at[0]}]" if ":" in at[0] else at[0]
    url = f"http{'s' if options.tls else ''}://{shown}:{at[1]}"

    def greet(greeting: "Greeting") -> None:
        for line in greeting.lines(url, at[0], list(options.bundles)):
            typer.echo(line if line.startswith(" ") else spoken().again(line), err=True)  # a command stays

    if app is None:
        crew.run(options, workers, sockets, lambda facts: greet(Greeting(**facts)))
    else:
        try:
            serving.run(app, sockets, options.limits, lambda: greet(Greeting.of(app)), options.certificate)
        finally:
            app.state.close()
    return {"served": list(options.bundles), "url": url, "stopped": True}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def named(bundles: list[str]) -> dict[str, Path]:
    """Name, or name@version -> folder, in the order given.

    Raises: RecipeError: two of one name, or a name that no URL can hold.
    """
    from mintmark.base.errors import RecipeError

    out: dict[str, Path] = {}
    for text in bundles:
        name, is_named, path = text.partition("=")
        if not is_named or not fits(name) or Path(text).is_dir():
            path = text
            folder = Path(path).resolve()
            name = folder.parent.name if folder.name == "bundle" else folder.name
        if not fits(name):
            what = f"{name!r} cannot be the name of a model: letters, digits, dots and dashes can."
            raise RecipeError(what, where=text, fix=f"NAME={path}")
        if name in out:
            what = f"two bundles have the name {name!r}: {out[name]} and {path}."
            raise RecipeError(what, where="BUNDLES", fix=f"name one of them: {name}2={path}")
        out[name] = Path(path)
    return out


def fits(name: str) -> bool:
    """Whether it can be the name of a model, or that of a version of one."""
    of, versioned, version = name.partition("@")
    return bool(NAME.fullmatch(of)) and (not versioned or bool(VERSION.fullmatch(version)))
