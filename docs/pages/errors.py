"""The page of the errors: kinds with their codes, and every message, so that a reader finds the sentence he got."""

import ast
import json
import re
import sys
from functools import lru_cache
from pathlib import Path

from mintmark.base import errors
from mintmark.serving import refusals
from pages.form import Say, doc, sentence, table

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import said  # noqa: E402

EXIT = re.compile(r"[├└]── (\w+)\s+(.*?)\s+\(exit (\d)\)")
HTTP = re.compile(r"(\w+) +(\d{3})(?:  (.*))?$", re.M)
PIECE = re.compile(r"\S+ \S+ \S+|.*[.?:]$", re.S)
"""what is long enough to be looked for"""
NOTE = "note"
ROLES = ("what", "fix", NOTE)
MOST_FIXES = 3
Message = tuple[str, str]
"""what, and what to try; with fields in braces"""


def page(say: Say) -> str:
    sample = errors.unknown("setting", "modle", ["model", "positive"], where="settings.modle")
    lines = [f"# {say('Errors and exit codes')}", ""]
    lines += [
        say(
            "A user's mistake is answered with what is wrong, where, and what to try, and leaves nothing half-written. "
            "0 is success; 2 is a wrong command line, too."
        ),
        "",
    ]
    lines += table((say("kind"), say("exit code"), say("means")), kinds(say))
    lines += ["", say("With `--json` an error is one object on standard output:"), ""]
    lines += ["```json", json.dumps(sample.as_dict(), indent=1), "```", ""]
    lines += [say("`mintmark runs --verify` exits with 3 where the ledger or a record was altered."), ""]
    lines += ["## HTTP", "", say("The server answers with the same object and a status:"), ""]
    lines += table((say("kind"), say("status"), say("means")), statuses(say))
    lines += [
        "",
        say(
            "500 is a bug of ours, with an id that the server's log has too. "
            "While a server closes, `/healthz` says 503."
        ),
        "",
    ]
    return "\n".join(lines + every(say)) + "\n"


def kinds(say: Say) -> list[tuple[str, str, str]]:
    found = [(f"`{name}`", code, sentence(say(means))) for name, means, code in EXIT.findall(doc(errors.__name__))]
    interrupted = str(errors.INTERRUPTED), sentence(say("Ctrl-C ended it; what was finished is kept"))
    return [*found, ("`Interrupted`", *interrupted), ("`Bug`", "1", sentence(say("a bug of ours")))]


def statuses(say: Say) -> list[tuple[str, str, str]]:
    """Of the tree in the docstring; what stands under no word of its own is plain."""
    found = HTTP.findall(doc(refusals.__name__))
    return [(f"`{name}`", status, sentence(say(means)) if means else "") for name, status, means in found]


def every(say: Say) -> list[str]:
    """Each message under its kind, in the order of the alphabet."""
    lines = [f"## {say('Every message')}", ""]
    lines += [
        say(
            "… stands for what differs: a name, a number, a file. Look for a part of your sentence that has none. "
            "Where it says that a value is wrong, the place in front of it names the key, the column or the row."
        ),
        "",
    ]
    for kind, messages in sorted(by_kind().items()):
        title = say("Notes of a run") if kind == NOTE else f"`{kind}`"
        lines += [f"### {title}", ""]
        heads = (say("note"), "") if kind == NOTE else (say("message"), say("try"))
        rows = {(shown(what, say), shown(fix, say)) for what, fix in messages}
        lines += [*table(heads, sorted(rows)), ""]
    return lines


def shown(text: str, say: Say) -> str:
    """The text in its language, as a whole or line by line, with … for each of its fields."""
    whole = translated(text, say)
    lines = [translated(t, say) for t in text.split("\n")] if whole == text else whole.split("\n")
    return said.FIELD.sub("…", " / ".join(filter(None, lines))).replace("<", r"\<")


def translated(text: str, say: Say) -> str:
    """By the pattern, whatever its fields are called."""
    if say.code == "en":
        return text
    found = say(text)
    return found if found != text else by_skeleton(say.code).get(said.skeleton(text), text)


@lru_cache(maxsize=2)
def by_skeleton(code: str) -> dict[str, str]:
    from mintmark.base import words

    return {said.skeleton(text): made for text, made in words.catalogue(code).items()}


@lru_cache(maxsize=1)
def by_kind() -> dict[str, list[Message]]:
    """Kind of error -> its messages, each with what to try."""
    code = said.read()
    at: dict[tuple[str, int], dict[str, list[str]]] = {}
    for text, places in code.texts.items():
        for place in places:
            where, _, role = place.rpartition(" ")
            file, _, line = where.rpartition(":")
            if role in ROLES and PIECE.match(text):
                at.setdefault((file, int(line)), {}).setdefault(role, []).append(text)
    found: dict[str, list[Message]] = {}
    named = Named(code)
    for (file, line), roles in at.items():
        fixes = roles.get("fix", [])
        fix = "\n".join(fixes) if len(fixes) <= MOST_FIXES else ""
        for what in roles.get("what", []):
            if line == named.nearest(what, file):
                found.setdefault(named.kind(file, line), []).append((what, fix))
        found.setdefault(NOTE, []).extend((note, "") for note in roles.get(NOTE, []))
    return found


class Named:
    """Finds out which kind of error a line of the code makes."""

    def __init__(self, code: "said.Code") -> None:
        self.code = code
        self._made = {s.function for s in code.sinks}
        self._sources: dict[str, list[str]] = {}
        self._calls: dict[tuple[str, int], list[ast.Call]] = {}
        self._functions: dict[str, ast.AST] = {}
        for module in code.modules:
            for name, function in module.functions.items():
                if name in self._made:
                    self._functions.setdefault(name, function)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    self._calls.setdefault((module.path.as_posix(), node.lineno), []).append(node)

    def nearest(self, text: str, file: str) -> int:
        """The line that says a text, of those that may, as they share the name of a variable: where it is written."""
        lines = [
            int(p.rpartition(" ")[0].rpartition(":")[2]) for p in self.code.texts[text] if p.startswith(f"{file}:")
        ]
        piece = max(said.FIELD.split(text)[::2], key=len)[:30].strip()
        written = [i for i, line in enumerate(self._source(file), 1) if piece in line]
        return min(lines, key=lambda n: min((abs(n - w) for w in written), default=0))

    def _source(self, file: str) -> list[str]:
        if file not in self._sources:
            self._sources[file] = (said.SRC / file).read_text(encoding="utf-8").splitlines()
        return self._sources[file]

    def kind(self, file: str, line: int) -> str:
        """RecipeError where nothing better is known: it is what checks of a recipe's values become."""
        for call in self._calls.get((file, line), ()):
            if found := self._of(call, 0):
                return found
        return "RecipeError"

    def _of(self, call: ast.Call, depth: int) -> str:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        given = next((k.value for k in call.keywords if k.arg == "error"), None)
        if isinstance(given, ast.Name) and given.id in self.code.kinds:
            return given.id
        if name in self.code.kinds and name not in ("Wrong", "ValueError"):
            return name
        if name in self._functions and depth < 4:
            inner = (n for n in ast.walk(self._functions[name]) if isinstance(n, ast.Call))
            return next((k for c in inner if (k := self._of(c, depth + 1))), "")
        return ""
