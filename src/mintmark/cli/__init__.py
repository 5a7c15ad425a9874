"""The command line, a face: one file a command; each is a plain function that returns what it has to say."""

import functools
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from mintmark.base.errors import INTERRUPTED, MintmarkError
from mintmark.cli.speech import Command as Spoken
from mintmark.cli.speech import Group, Lang, framed, helped, speaking, spoken, told

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
        with speaking(words) as say, framed(say, words):
            return _carry_out(words, as_json)
    except MintmarkError as exc:  # the language itself is unknown
        with speaking(()):
            return _fail(exc.as_dict(), exc.exit_code, as_json)


def _carry_out(words: list[str], as_json: bool) -> int:
    """Run a command in the language that is spoken; whatever goes wrong is said in it, and has an exit code."""
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
    from mintmark.cli import (
        allocate,
        api_keys,
        calc,
        keys,
        new,
        plan,
        predict,
        price,
        report,
        risk,
        run,
        runs,
        seal,
        serve,
        tasks,
        value,
        verify,
    )

    app = typer.Typer(
        help=spoken()("Data and a short recipe in; a model that is decided by money, signed and served out."),
        cls=Group, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(told(_version))
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
        ("calc", calc.calc, calc.show),
        ("value", value.value, value.show),
        ("plan", plan.plan, plan.show),
        ("price", price.price, price.show),
        ("risk", risk.risk, risk.show),
        ("allocate", allocate.allocate, allocate.show),
    )
    for name, command, show in commands:
        app.command(name, cls=Spoken, help=helped(command))(_said(command, show))
    groups: tuple[tuple[str, str, dict[str, Command]], ...] = (
        ("keys", spoken()("The keys that sign bundles, and those that are trusted."), {
            "list": keys.list_keys, "import": keys.import_key, "export": keys.export_key, "rotate": keys.rotate,
            "revoke": keys.revoke,
        }),
        ("api-keys", spoken()("The API keys of a server."), {
            "new": api_keys.new, "list": api_keys.list_keys, "rotate": api_keys.rotate, "revoke": api_keys.revoke,
        }),
    )  # fmt: skip
    for name, about, of in groups:
        group = typer.Typer(help=about, cls=Group, no_args_is_help=True)
        group.callback()(told(_spoken))
        for word, command in of.items():
            group.command(word, cls=Spoken, help=helped(command))(_said(command, _lines))
        app.add_typer(group, name=name)
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
    lang: Lang = "",
) -> None: ...


def _spoken(lang: Lang = "") -> None: ...


def _said(command: Command, show: Show) -> Callable[..., int]:
    """The command with `--json` and `--lang`, printing what it returns; an entry `exit` in it is the exit code."""
    signature, keyword = inspect.signature(command), inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter("json_", keyword, default=False, annotation=Json)]
    if "lang" not in signature.parameters:  # where there is one, it has a meaning of its own
        more.append(inspect.Parameter("lang_", keyword, default="", annotation=Lang))

    @functools.wraps(command)
    def wrapped(*args: Any, json_: bool = False, lang_: str = "", **kwargs: Any) -> int:
        said = command(*args, **kwargs)
        code = int(said.pop("exit", 0))
        print(json.dumps(said, ensure_ascii=False, default=str) if json_ else show(said), flush=True)
        return Told(code)

    return told(wrapped, more)


def _fail(said: dict[str, Any], code: int, as_json: bool) -> int:
    """An error, for people in the language that is spoken; what programs read is the same in every language."""
    if as_json:
        print(json.dumps(said, ensure_ascii=False), flush=True)
        return code
    error, say = said["error"], spoken()
    what = say.again(error["what"])
    if where := error["where"]:  # a key or a name of a file, if it is one word
        what = say("{where}: {what}", where=say.again(where) if " " in where else where, what=what)
    print(say("{where}: {what}", where=error["kind"], what=what), file=sys.stderr)
    if error["try"]:
        print(say("Try: {fix}", fix=say.again(error["try"])), file=sys.stderr)
    return code


def _lines(said: dict[str, Any]) -> str:
    """What a command said, a line a thing."""
    out, say = [], spoken()
    for name, value in said.items():
        label = _label(name)
        if isinstance(value, list):
            out += [say("{name}:", name=label), *(f"  {_inline(v)}" for v in value)]
        else:
            out.append(say.left(label, 14) + _inline(value))
    return "\n".join(out)


def _label(name: str) -> str:
    """The name of a thing that was said: the key itself in English, and where no catalogue has `key:`."""
    return spoken()(f"{name}:").removesuffix(":").removesuffix("：")


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{_label(k)}={_inline(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(_inline, value))
    if isinstance(value, bool) and spoken().code != "en":
        return spoken()("yes") if value else spoken()("no")
    return spoken().again(value) if isinstance(value, str) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
