"""What the code says: every message at its source, as the pattern with {fields} that it is made from.

`python tests/said.py` lists them, each with where it is said.

A sink is an argument that ends up in a message: of an error (what, where, fix), of a function that hands it on to one,
or a note of a record. What is given to a sink is followed to its texts: through names assigned before, both arms of a
condition, sums, tables of texts and functions that return them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syntax import (
    FIELD as FIELD,
)
from syntax import (
    SPACE,
    Function,
    Module,
    Text,
    collect,
    elements,
    given_at,
    holds,
    is_name,
    is_union,
    joined,
    last_name,
    module_of,
    once,
    put_into,
    reads_like_one,
    returns_text,
    spaced,
    unique,
    unknown,
    usual_value,
)
from syntax import (
    skeleton as skeleton,
)

SRC = Path(__file__).parents[1] / "src" / "mintmark"
ROOTS = {"MintmarkError": ("what", "where", "fix"), "Wrong": ("what", "fix"), "ValueError": ("what",)}
"""what messages are raised as, with the names of their arguments in their order; what derives from one is one, too"""
KEYED = {"where", "fix"}
"""arguments of errors that only stand under their names"""
UNSEEN = {"artifact/tree.py", "base/words.py"}
"""files whose ValueErrors are about our own code: nobody else meets them"""
NOTES = {"notes", "said", "warnings", "rewritten", "treated"}
"""names of lists of sentences that end up in a record"""
QUIET = {"report", "cli", "page"}
"""rooms whose lists of sentences are said by `say` already"""
SPEAKERS = {"proves", "state", "_revocation"}
"""functions that return what is said as it is"""
LINED = {f"cli/{name}.py" for name in ("api_keys", "keys", "report", "seal", "serve", "verify")}
"""commands that are shown line by line: what they return is said"""
OTHERS = {"open", "need", "connect", "read", "join", "get", "say", "mark", "count", "tile"}
"""names that other people's functions have too, or whose arguments are names of modules"""
VIEWS = {"items", "values"}
WORD = re.compile(r"[A-Za-z]{2,}")
CODE = re.compile(
    r"^ *curl .*|^ -H '.*'$|\"[^\s\"]*\"|'[^\s']*'|`[^`]*`|\S*\{\w*\}\S*|[\w.]+ =(?= )|(?<!\S)--[\w-]+|https?://\S+"
)
"""what stays as it is in every language: keys, quoted words, options, addresses"""
KEY = re.compile(r"[\w{}]+: ?[\w.\[\]{}]*")
"""the place of a value of a calculator, and not a sentence"""
AMISS = re.compile(r"(?<=\w) {2}\S|[^.] [.;,](?![\w.])|^[.,;]")
"""what comes out where a piece is put in that is only empty where the whole is not said"""
STAYS = set(
    """lightgbm numpy pandas polars pyarrow scikit-learn scipy statsmodels mintmark gb18030 cp1252 utf-8 utf-16
    utf-16-le utf-16-be numeric gunzip bunzip2 unxz unzstd unzip seed stream read settings currency over under
    capacity prevalence config.json model.safetensors model.sig null false true MINTMARK_SEAL_KEY sqlite:///
    sqlite:///path/to/file.db postgresql://user@host:5432/database scope outcomes monitor reset low mode least high
    most alpha beta mean probabilities recency weights periods survival count automatic assisted usage acquisition
    spend bass_fit value choices good bad cost quantity ge gt le lt multiple_of hidden layers heads vocab ffn
    experts GPU USD rmse csv focus catboost holidays peft statsforecast tokenizers torch transformers xgboost""".split()
) | {'100, "100 USD"', "tar xf", "tar xzf", "unrar x", "{name}::{to} as {name2}"}
"""keys, commands and names of files or programs: the same in every language"""


@dataclass(frozen=True)
class Sink:
    """Parameter of a function that ends up in a message, and as what."""

    function: str
    place: int
    name: str
    role: str
    home: Path


@dataclass
class Code:
    """A source tree, its sinks, and what is said in it: pattern -> places."""

    modules: list[Module]
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sinks: set[Sink] = field(default_factory=set)
    texts: dict[Text, list[str]] = field(default_factory=dict)
    shared: dict[str, list[ast.expr]] = field(default_factory=dict)
    """constants of classes"""


def read(src: Path = SRC) -> Code:
    """Everything said below this folder."""
    code = Code([module_of(p, src) for p in sorted(src.rglob("*.py"))])
    code.kinds, code.shared = _kinds(code), _shared(code)
    new: set[str] | None = None
    while new is None or new:  # what hands on to a sink is one
        by_name: dict[str, list[Sink]] = {}
        for sink in code.sinks:
            by_name.setdefault(sink.function, []).append(sink)
        met = set(code.sinks)
        for module in code.modules:
            Reader(code, module, by_name).run(new)
        new = {s.function for s in code.sinks - met}
    for text, places in code.texts.items():
        code.texts[text] = sorted(set(places))
    return code


def _kinds(code: Code) -> dict[str, tuple[str, ...]]:
    """Each class of errors with the order of its arguments."""
    found = dict(ROOTS)
    for _ in range(6):
        for node in (c for m in code.modules for c in m.classes):
            base = next((b.id for b in node.bases if isinstance(b, ast.Name) and b.id in found), "")
            if base and node.name not in found:
                found[node.name] = found[base]
    return found


def _shared(code: Code) -> dict[str, list[ast.expr]]:
    """Constants of classes: name -> what it is in each."""
    found: dict[str, list[ast.expr]] = {}
    for stmt in (s for m in code.modules for c in m.classes for s in c.body):
        target = stmt.targets[0] if isinstance(stmt, ast.Assign) else getattr(stmt, "target", None)
        value = getattr(stmt, "value", None)
        if isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, ast.Constant):
            found.setdefault(target.id, []).append(value)
    return found


@dataclass
class Reader:
    """Follows what is given to sinks in one module."""

    code: Code
    module: Module
    sinks: dict[str, list[Sink]]
    scopes: list[Function] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    """functions that are being followed"""
    line: int = 0
    role: str = ""
    here: ast.stmt | None = None
    """the statement that is being read: of what a name is given only what can still hold there counts"""

    def run(self, only: set[str] | None = None) -> None:
        """Everything in the module, or the calls of these functions alone."""
        if not self.module.spots:
            collect(self.module, self.module.tree, [], (), self.module.tree.body[0])
        for node, scopes, statement in self.module.spots:
            if only is None or isinstance(node, ast.Call) and last_name(node.func) in only:
                self.scopes, self.here = scopes, statement
                self.line = getattr(node, "lineno", 0)
                for given, role in self._given(node):
                    self.role = role
                    for text in self.texts(given):
                        self._keep(text)

    def _given(self, node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
        """Expressions that end up in a message at this node, and as what."""
        if isinstance(node, ast.Call):
            yield from self._arguments(node)
            if (
                isinstance(node.func, ast.Attribute)
                and node.func.attr == "append"
                and last_name(node.func.value) in NOTES
            ):
                yield from ((a, "note") for a in node.args)
        elif isinstance(node, ast.AugAssign) and last_name(node.target) in NOTES:
            yield from ((e, "note") for e in elements(node.value))
        elif isinstance(node, ast.Assign) and any(last_name(t) in NOTES for t in node.targets):
            yield from ((e, "note") for e in elements(node.value))
        elif isinstance(node, ast.Assign) and any(last_name(t) == "warning" for t in node.targets):
            yield node.value, "note"
        elif isinstance(node, ast.Return) and node.value and self.scopes and self._speaks():
            yield node.value, "note"
        elif isinstance(node, ast.Dict):
            keys = [k.value if isinstance(k, ast.Constant) else "" for k in node.keys]
            for key, value in zip(keys, node.values, strict=True):
                if "try" in keys and key in ("where", "what", "try"):
                    yield value, "fix" if key == "try" else str(key)
                elif self.module.path.as_posix() in LINED and key and not isinstance(value, ast.Call | ast.Dict):
                    yield value, "note"
        elif isinstance(node, ast.List | ast.ListComp) and not QUIET & set(self.module.path.parts):
            yield from ((e, "note") for e in elements(node) if reads_like_one(e))

    def _speaks(self) -> bool:
        return self.scopes[-1].name in SPEAKERS and not QUIET & set(self.module.path.parts)

    def _arguments(self, node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
        name = last_name(node.func)
        if name == "again" and node.args:
            yield node.args[0], "what"
            return
        if name == "report" and isinstance(node.func, ast.Attribute) and len(node.args) > 2:  # shown on a bar
            yield node.args[0], "bar"
            return
        order = self.code.kinds.get(name, ())
        if name == "ValueError" and self.module.path.as_posix() in UNSEEN:
            return
        if not order and isinstance(node.func, ast.Name) and name == "error":  # a kind of error that was handed in
            order = ROOTS["MintmarkError"]
        if order:
            names = [n for n in order if n not in KEYED or name == "Wrong"]
            yield from zip(node.args, names, strict=False)
            yield from ((k.value, str(k.arg)) for k in node.keywords if k.arg in order)
            return
        for sink in () if name in OTHERS else self.sinks.get(name, ()):
            if name.startswith("_") and sink.home != self.module.path:
                continue
            if sink.place < len(node.args):
                yield node.args[sink.place], sink.role
            yield from ((k.value, sink.role) for k in node.keywords if k.arg == sink.name)

    # --- what an expression can say ---------------------------------------------------------------------------------

    def texts(self, node: ast.expr, depth: int = 0) -> list[Text]:
        """Patterns that an expression can give; what is not known of it is a field."""
        if depth > 8:
            return ["{x}"]
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else ["{x}"]
        if isinstance(node, ast.JoinedStr):
            return joined([self._piece(v, depth) for v in node.values])
        if isinstance(node, ast.IfExp):
            return unique(self.texts(node.body, depth + 1) + self.texts(node.orelse, depth + 1))
        if isinstance(node, ast.BoolOp):
            return unique([t for v in node.values for t in self.texts(v, depth + 1)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return joined([self.texts(node.left, depth + 1), self.texts(node.right, depth + 1)])
        if isinstance(node, ast.Name):
            return self._named(node.id, depth)
        if isinstance(node, ast.Subscript):
            return self._of_table(node.value, depth) or [unknown(node)]
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.Attribute) and node.attr in self.code.shared:
            return unique([t for v in self.code.shared[node.attr] for t in self.texts(v, depth + 1)])
        return [unknown(node)]

    def _piece(self, node: ast.expr, depth: int) -> list[Text]:
        """A part of an f-string: a condition is followed in place; what a name or a call says is a field, and said
        by itself."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        assert isinstance(node, ast.FormattedValue)
        if node.conversion == ord("r") or node.format_spec is not None:
            return [unknown(node.value)]
        return self._inner(node.value, depth)

    def _inner(self, node: ast.expr, depth: int) -> list[Text]:
        """What is filled into an f-string."""
        if isinstance(node, ast.IfExp):
            return unique(self._inner(node.body, depth + 1) + self._inner(node.orelse, depth + 1))
        if isinstance(node, ast.BoolOp):
            return unique([t for v in node.values for t in self._inner(v, depth + 1)])
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            return self.texts(node, depth + 1)
        texts = self.texts(node, depth + 1)
        for text in texts:
            self._keep(text)
        return ["", unknown(node)] if "" in texts else [unknown(node)]

    def _named(self, name: str, depth: int) -> list[Text]:
        for scope in reversed(self.scopes):
            given = [a.arg for a in [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]]
            said = self._assigned(scope, name, depth)
            if name in given:
                self._hand_on(scope, name, given)
                usual = usual_value(scope, name)
                return unique(["{" + name + "}", *said, *(spaced(self.texts(usual, depth + 1)) if usual else [])])
            if said:
                return said
        if name in self.module.constants:
            value = self.module.constants[name]
            if self._once(name):
                return self.texts(value, depth + 1)
            return spaced(self._of_table(value, depth)) or ["{x}"]
        if name in self.module.imported:
            return self._elsewhere(self.module.imported[name], depth) or ["{" + name.lower() + "}"]
        return ["{" + name.lower() + "}"]

    def _elsewhere(self, name: str, depth: int) -> list[Text]:
        """A constant of another module."""
        for module in self.code.modules:
            if name in module.constants and name.isupper():
                value = module.constants[name]
                return self.texts(value, depth + 1) if isinstance(value, ast.Constant | ast.BinOp) else []
        return []

    def _once(self, name: str) -> bool:
        value = self.module.constants[name]
        return isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp) and not is_union(value)

    def _hand_on(self, scope: Function, name: str, given: list[str]) -> None:
        place = given.index(name) - (1 if given[0] in ("self", "cls") else 0)
        called = scope.name
        if called == "__init__":
            called = next((c.name for c in self.module.classes if scope in c.body), "")
        if called and called not in self.code.kinds:
            self.code.sinks.add(Sink(called, place, name, self.role, self.module.path))

    def _assigned(self, scope: Function, name: str, depth: int) -> list[Text]:
        """What is assigned to a name in a function, with what is added to it."""
        nodes = self._alive(scope, name)
        key = name, tuple(map(id, nodes))
        if not nodes or key in self.module.known:
            return self.module.known.get(key, [])
        self.module.known[key] = ["{" + name + "}"]
        all_: list[Text] = []
        last: list[Text] = []
        before, block = self.here, ()
        for node in nodes:
            self.here = node if isinstance(node, ast.stmt) else before
            now = unique([t for v in self._values(node, name) for t in self.texts(v, depth + 1)])
            path = self.module.paths.get(id(node), ())
            if isinstance(node, ast.AugAssign) and now:
                if path == block:  # always said together
                    all_ = [t for t in all_ if t not in last]
                now = joined([last, now])
            elif now:
                block = path
            if now:
                all_, last = [*all_, *now], now
        self.here = before
        self.module.known[key] = unique(all_)
        return self.module.known[key]

    def _alive(self, scope: Function, name: str) -> list[ast.AST]:
        """What gives the name a value that it can still have in the statement that is being read."""
        nodes = [n for n in self._bound(scope) if any(True for _ in self._values(n, name))]
        if self.here is None:
            return nodes
        line, path = self.here.lineno, self.module.paths.get(id(self.here), ())
        loose = [n for n in nodes if not isinstance(n, ast.stmt)]
        before = [n for n in nodes if isinstance(n, ast.stmt) and n.lineno <= line and n is not self.here]
        if isinstance(self.here, ast.For):
            before = [n for n in nodes if isinstance(n, ast.stmt) and n.lineno <= line]
        sure = [n for n in before if not isinstance(n, ast.AugAssign) and self._around(n, path)]
        if sure:
            before = before[before.index(sure[-1]) :]
        return [n for n in nodes if n in loose or n in before]

    def _around(self, node: ast.stmt, path: tuple[int, ...]) -> bool:
        own = self.module.paths.get(id(node), ())
        return path[: len(own)] == own

    def _bound(self, scope: Function) -> list[ast.AST]:
        found = self.module.bound.get(id(scope))
        if found is None:
            kinds = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.comprehension)
            found = [n for n in ast.walk(scope) if isinstance(n, kinds)]
            found.sort(key=lambda n: getattr(n, "lineno", None) or n.target.lineno)  # type: ignore[attr-defined]
            self.module.bound[id(scope)] = found
        return found

    def _values(self, node: ast.AST, name: str) -> Iterator[ast.expr]:
        """What this statement gives to the name."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for value in self._rows_of(node.value) if isinstance(target, ast.Tuple) else [node.value]:
                    yield from given_at(target, value, name)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            if is_name(node.target, name) and node.value:
                yield node.value
        elif isinstance(node, ast.For | ast.comprehension) and holds(node.target, name):
            for item in self._items_of(node.iter):
                yield from given_at(node.target, item, name)

    def _rows_of(self, node: ast.expr) -> list[ast.expr]:
        """The entries of a table, where it is one of them that is taken apart."""
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            table = self.module.constants.get(node.value.id)
            if isinstance(table, ast.Dict):
                return list(table.values)
        return [node]

    def _items_of(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.Name) and node.id in self.module.constants:
            node = self.module.constants[node.id]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEWS:
            table = node.func.value
            if isinstance(table, ast.Name):
                table = self.module.constants.get(table.id, table)
            if isinstance(table, ast.Dict):
                if node.func.attr == "values":
                    return table.values
                pairs = zip(table.keys, table.values, strict=True)
                return [ast.Tuple([k, v], ast.Load()) for k, v in pairs if k is not None]
        return list(node.elts) if isinstance(node, ast.Tuple | ast.List | ast.Set) else []

    def _of_table(self, node: ast.expr, depth: int) -> list[Text]:
        """The texts of a table, whichever of them is taken."""
        if isinstance(node, ast.Name):
            given = (a for s in self.scopes for a in ast.walk(s) if isinstance(a, ast.Assign))
            local = [a for a in given if is_name(a.targets[0], node.id)]
            for scope in self.scopes if not local else []:
                names = [a.arg for a in scope.args.args + scope.args.kwonlyargs]
                if node.id in names:
                    self._hand_on(scope, node.id, names)
            node = local[-1].value if local else self._constant(node)
        if is_union(node):
            return unique(self._of_table(node.left, depth) + self._of_table(node.right, depth))
        if isinstance(node, ast.DictComp):
            return unique(self._leaves(node.value, depth))
        if not isinstance(node, ast.Dict | ast.Tuple | ast.List):
            return []
        values = node.values if isinstance(node, ast.Dict) else node.elts
        return unique([t for v in values for t in self._leaves(v, depth)])

    def _constant(self, name: ast.Name) -> ast.expr:
        """What a module gives this name, ours or the one that it is imported from; itself where none does."""
        real = self.module.imported.get(name.id, "")
        others = [m.constants[real] for m in self.code.modules if real.isupper() and real in m.constants]
        return self.module.constants.get(name.id, others[0] if others else name)

    def _leaves(self, node: ast.expr, depth: int) -> list[Text]:
        if isinstance(node, ast.Tuple | ast.List):
            return [t for e in node.elts for t in self._leaves(e, depth)]
        return self.texts(node, depth + 1) if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) else []

    def _called(self, node: ast.Call, depth: int) -> list[Text]:
        """What a function of ours returns; of a table's `get` its texts."""
        name = last_name(node.func)
        if name == "get" and isinstance(node.func, ast.Attribute):
            found = self._of_table(node.func.value, depth)
            return unique(found + [t for a in node.args[1:] for t in self.texts(a, depth + 1) if t]) or ["{x}"]
        if name == "format" and isinstance(node.func, ast.Attribute):
            return self.texts(node.func.value, depth + 1)
        if name in ("join", "removesuffix", "removeprefix", "strip", "rstrip", "capitalize"):
            self._each(node, depth)
            return [unknown(node)]
        if name in self.met or name in self.code.kinds:
            return [unknown(node)]
        module = self.module if name in self.module.functions else None
        if module is None and (name in self.module.imported or isinstance(node.func, ast.Attribute)):
            real = self.module.imported.get(name, name)
            holders = [m for m in self.code.modules if real in m.functions and not real.startswith("__")]
            module, name = (holders[0], real) if len(holders) == 1 else (None, name)
        if module is None:
            return [unknown(node)]
        function = module.functions[name]
        if not returns_text(function):
            return [unknown(node)]
        other = Reader(self.code, module, self.sinks, [function], [*self.met, name], self.line, self.role)
        said = []
        for other.here in ast.walk(function):  # type: ignore[assignment]
            if isinstance(other.here, ast.Return) and other.here.value is not None:
                said += other.texts(other.here.value, depth + 2)
        return unique([unknown(node), *said])

    def _each(self, node: ast.Call, depth: int) -> None:
        """What is joined together is said piece by piece."""
        for given in node.args:
            if isinstance(given, ast.Name):
                pieces = [p for s in self.scopes for n in ast.walk(s) for p in put_into(n, given.id)]
            else:
                pieces = [given.elt] if isinstance(given, ast.GeneratorExp | ast.ListComp) else []
            for text in [t for p in pieces for t in self.texts(p, depth + 1)]:
                self._keep(text)

    def _keep(self, text: Text) -> None:
        text = once(text)
        word = not SPACE.search(text)
        if word and (self.role == "where" or re.search(r"[._/=]\w", text)):
            return  # a key, a path, a name of a file
        if text in STAYS or KEY.fullmatch(text) or AMISS.search(text) or not WORD.search(CODE.sub("", text)):
            return
        self.code.texts.setdefault(text, []).append(f"{self.module.path.as_posix()}:{self.line} {self.role}")


if __name__ == "__main__":
    code = read()
    for text, places in sorted(code.texts.items(), key=lambda item: item[1][0]):
        print(f"{places[0]}\t{text}")
