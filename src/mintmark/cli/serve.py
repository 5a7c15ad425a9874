"""mintmark serve: answer questions over HTTP by one or more verified bundles."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def serve(
    bundles: Annotated[
        list[str],
        typer.Argument(help="Bundle folders, or NAME=FOLDER; without a name, that of the run.", show_default=False),
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for every one of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    max_rows: Annotated[int, typer.Option(min=1, help="Rows in one request.")] = 10_000,
    max_body_mib: Annotated[int, typer.Option(min=1, max=1024, help="MiB of one request's body.")] = 8,
    max_requests: Annotated[int, typer.Option(min=1, help="Requests at once; more are told to come again.")] = 1024,
    max_streams: Annotated[int, typer.Option(min=1, help="Answers sent while they are written, at once.")] = 8,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder where events are kept, so that a restart knows them.", show_default=False),
    ] = None,
    log_requests: Annotated[bool, typer.Option("--log-requests", help="One line a request, without its rows.")] = False,
) -> dict[str, Any]:
    """Serve bundles over HTTP until stopped (Ctrl-C or SIGTERM), then finish what is in flight."""
    import json
    import shlex

    from mintmark import serving, spine

    paths = named(bundles)
    loaded = {name: spine.load(path) for name, path in paths.items()}
    body_bytes = max_body_mib << 20
    held = max(256 << 20, 4 * body_bytes)
    limits = serving.Limits(max_rows, body_bytes, requests=max_requests, held_bytes=held, streams=max_streams)
    serving.logs()
    sock = serving.listen(host, port)
    app = serving.make_app(loaded, limits, log_requests, state)
    models = app.state.models.values()
    for model in models:
        model.warm()
    at = sock.getsockname()
    shown = f"[{at[0]}]" if ":" in at[0] else at[0]
    url = f"http://{shown}:{at[1]}"

    def ready() -> None:
        first = next(iter(models))
        example = shlex.quote(json.dumps({"row": first.questions.sample()}, ensure_ascii=False))
        typer.echo(f"mintmark listens on {url} and serves {', '.join(paths)}; Ctrl-C stops it.", err=True)
        call = f"curl {url}/v1/models/{first.name}/predict -H 'content-type: application/json' -d {example}"
        typer.echo(f"Try:\n  {call}", err=True)
        if state is None and any(model.history for model in models):
            typer.echo("Events are kept in memory: a restart forgets them. --state DIR keeps them.", err=True)

    try:
        serving.run(app, [sock], limits, ready)
    finally:
        for model in models:
            model.close()
    return {"served": list(paths), "url": url, "stopped": True}


def named(bundles: list[str]) -> dict[str, Path]:
    """Name -> folder, in the order given.   Raises: RecipeError: two of one name, or a name that no URL can hold."""
    from mintmark.base.errors import RecipeError

    out: dict[str, Path] = {}
    for text in bundles:
        name, is_named, path = text.partition("=")
        if not is_named or not NAME.fullmatch(name) or Path(text).is_dir():
            path = text
            folder = Path(path).resolve()
            name = folder.parent.name if folder.name == "bundle" else folder.name
        if not NAME.fullmatch(name):
            what = f"{name!r} cannot be the name of a model: letters, digits, dots and dashes can."
            raise RecipeError(what, where=text, fix=f"NAME={path}")
        if name in out:
            what = f"two bundles have the name {name!r}: {out[name]} and {path}."
            raise RecipeError(what, where="BUNDLES", fix=f"name one of them: {name}2={path}")
        out[name] = Path(path)
    return out
