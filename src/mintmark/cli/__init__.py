"""The command line, a face: one file a command; each is a plain function that returns what it has to say."""

import functools
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from mintmark.base.errors import INTERRUPTED, MintmarkError

Command = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], str]
WrongUse: Any = typer.BadParameter.__mro__[2]
"""the base of what typer raises for a wrong command line: click's, which newer typer carries within itself"""


class Told(int):
    """The exit code of a command that has printed what it has to say."""


Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output and nothing else.")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code comes out (see base/errors.py)."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        code = _app()(words, standalone_mode=False, prog_name="mintmark") or 0
        if code == INTERRUPTED and not isinstance(code, Told):  # typer turns Ctrl-C into this code, and says nothing
            raise KeyboardInterrupt
        return int(code)
    except MintmarkError as exc:
        return _fail(exc.as_dict(), exc.exit_code, as_json)
    except typer.Exit as exc:
        return int(exc.exit_code)
    except WrongUse as exc:
        if not exc.format_message():  # no words at all: the help has been printed
            return 2
        said = {"kind": "UsageError", "where": "command line", "what": exc.format_message(), "try": "mintmark --help"}
        return _fail({"error": said}, 2, as_json)
    except (KeyboardInterrupt, typer.Abort):
        what = "what was finished is kept"
        said = {"kind": "Interrupted", "where": "", "what": what, "try": "the same command again goes on from there."}
        return _fail({"error": said}, INTERRUPTED, as_json)
    except BrokenPipeError:
        return 0
    except Exception as exc:  # noqa: BLE001  the outermost face: what comes here is a bug of ours
        import traceback

        traceback.print_exc()
        what = f"{type(exc).__name__}: {exc}"
        said = {
            "kind": "Bug",
            "where": "mintmark",
            "what": what,
            "try": "report it with the lines above; it is our mistake.",
        }
        return _fail({"error": said}, 1, as_json)


def _app() -> typer.Typer:
    from mintmark.cli import api_keys, keys, new, predict, report, run, runs, seal, serve, tasks, verify

    app = typer.Typer(
        help="Data and a short recipe in; a model that is decided by money, signed and served out.",
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(_version)
    commands: tuple[tuple[str, Command, Show], ...] = (
        ("run", run.run, run.show),
        ("runs", runs.runs, runs.show),
        ("report", report.report, _lines),
        ("tasks", tasks.tasks, tasks.show),
        ("new", new.new, new.show),
        ("predict", predict.predict, predict.show),
        ("verify", verify.verify, _lines),
        ("seal", seal.seal, _lines),
        ("unseal", seal.unseal, _lines),
        ("serve", serve.serve, _lines),
    )
    for name, command, show in commands:
        app.command(name)(_said(command, show))
    group = typer.Typer(help="The keys that sign bundles, and those that are trusted.", no_args_is_help=True)
    about_keys: tuple[tuple[str, Command], ...] = (
        ("list", keys.list_keys),
        ("import", keys.import_key),
        ("export", keys.export_key),
        ("rotate", keys.rotate),
        ("revoke", keys.revoke),
    )
    for name, command in about_keys:
        group.command(name)(_said(command, _lines))
    app.add_typer(group, name="keys")
    app.add_typer(api_keys.group(_said, _lines), name="api-keys")
    return app


def _say_version(asked: bool) -> None:
    if asked:
        from mintmark import __version__

        print(__version__)
        raise typer.Exit()


def _version(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say the version and stop.")
    ] = False,
) -> None: ...


def _said(command: Command, show: Show) -> Callable[..., int]:
    """The command with `--json`, printing what it returns; an entry `exit` in it is the exit code."""
    signature = inspect.signature(command)
    extra = inspect.Parameter("json_", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)

    @functools.wraps(command)
    def wrapped(*args: Any, json_: bool = False, **kwargs: Any) -> int:
        said = command(*args, **kwargs)
        code = int(said.pop("exit", 0))
        print(json.dumps(said, ensure_ascii=False, default=str) if json_ else show(said), flush=True)
        return Told(code)

    wrapped.__signature__ = signature.replace(parameters=[*signature.parameters.values(), extra])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {**command.__annotations__, "json_": Json}
    return wrapped


def _fail(said: dict[str, Any], code: int, as_json: bool) -> int:
    error = said["error"]
    if as_json:
        print(json.dumps(said, ensure_ascii=False), flush=True)
    else:
        where = f"{error['where']}: " if error["where"] else ""
        print(f"{error['kind']}: {where}{error['what']}", file=sys.stderr)
        if error["try"]:
            print(f"Try: {error['try']}", file=sys.stderr)
    return code


def _lines(said: dict[str, Any]) -> str:
    """What a command said, a line a thing."""
    out = []
    for name, value in said.items():
        if isinstance(value, list):
            out += [f"{name}:"] + [f"  {_inline(v)}" for v in value]
        else:
            out.append(f"{name:14}{_inline(value)}")
    return "\n".join(out)


def _inline(value: Any) -> str:
    return "  ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
