"""Syntax: a source file as a tree, with what surrounds each statement; small questions about its pieces."""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIELD = re.compile(r"\{(\w*)\}")
SPACE = re.compile(r"\s")
SENTENCE = re.compile(r"(?:\S+ ){2,}.*\.$", re.DOTALL)
MOST = 48
"""variants of one message that are told apart"""
Text = str
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    path: Path
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    classes: list[ast.ClassDef] = field(default_factory=list)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)
    """name -> name in the module that it is of"""
    spots: list[tuple[ast.AST, list[Function], ast.stmt]] = field(default_factory=list)
    """what could say something, with the functions around it and the statement that it is part of"""
    paths: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """of a statement the lists of statements around it, from the outside in"""
    bound: dict[int, list[ast.AST]] = field(default_factory=dict)
    """of a function what gives values to names in it, in the order of lines"""
    known: dict[tuple[str, tuple[int, ...]], list[Text]] = field(default_factory=dict)
    """of a name and what gives it values what it can be; itself where that is being found out"""


def module_of(path: Path, src: Path) -> Module:
    made = Module(path.relative_to(src), ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(made.tree):
        if isinstance(node, Function):
            made.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            made.classes.append(node)
        elif isinstance(node, ast.ImportFrom):
            made.imported |= {a.asname or a.name: a.name for a in node.names}
    for stmt in made.tree.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Name):
            made.constants[stmt.targets[0].id] = stmt.value
        elif isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.value:
            made.constants[stmt.target.id] = stmt.value
        elif isinstance(stmt, ast.AugAssign) and isinstance(stmt.target, ast.Name):
            before = made.constants[stmt.target.id]
            made.constants[stmt.target.id] = ast.BinOp(before, stmt.op, stmt.value)
    return made


def collect(module: Module, node: ast.AST, around: list[Function], path: tuple[int, ...], within: ast.stmt) -> None:
    if isinstance(node, ast.stmt):
        module.paths[id(node)], within = path, node
    if isinstance(node, ast.Call | ast.AugAssign | ast.Assign | ast.List | ast.ListComp | ast.Return | ast.Dict):
        module.spots.append((node, around, within))
    inside = [*around, node] if isinstance(node, Function) else around
    for _, value in ast.iter_fields(node):
        if isinstance(value, list):
            deeper = (*path, id(value)) if value and isinstance(value[0], ast.stmt | ast.ExceptHandler) else path
            for child in value:
                if isinstance(child, ast.AST):
                    collect(module, child, inside, deeper, within)
        elif isinstance(value, ast.AST):
            collect(module, value, inside, path, within)


def once(text: Text) -> Text:
    """Fields beside each other are one, and each has a name of its own."""
    text = re.sub(r"(\{\w*\})(\{\w*\})+", r"\1", text)
    met: dict[str, int] = {}

    def named(found: re.Match[str]) -> str:
        name = found[1] or "x"
        met[name] = met.get(name, 0) + 1
        return "{" + name + (str(met[name]) if met[name] > 1 else "") + "}"

    return FIELD.sub(named, text)


def skeleton(text: Text) -> Text:
    """The text whatever its fields are called."""
    return FIELD.sub("{}", text)


def unknown(node: ast.expr) -> Text:
    """A name for what is not known."""
    if isinstance(node, ast.Call) and last_name(node.func) in ("len", "sum", "count"):
        return "{n}"
    name = last_name(node)
    return "{" + (name.lower() if re.fullmatch(r"[a-zA-Z]\w*", name) else "x") + "}"


def last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def holds(target: ast.expr, name: str) -> bool:
    return any(is_name(n, name) for n in ast.walk(target))


def reads_like_one(node: ast.expr) -> bool:
    """Whether it reads like one."""
    if isinstance(node, ast.JoinedStr):
        return bool(SENTENCE.match("".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in node.values)))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SENTENCE.match(node.value))


def given_at(target: ast.expr, value: ast.expr, name: str) -> list[ast.expr]:
    """The parts of a value that an assignment gives to a name."""
    if is_name(target, name):
        return [value]
    if isinstance(target, ast.Tuple):
        if isinstance(value, ast.IfExp):
            return given_at(target, value.body, name) + given_at(target, value.orelse, name)
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            return [v for t, e in zip(target.elts, value.elts, strict=True) for v in given_at(t, e, name)]
    return []


def put_into(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """What this statement puts into the list of that name."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    if isinstance(node, ast.Assign | ast.AugAssign) and target and is_name(target, name):
        yield from elements(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
        yield from node.args if is_name(node.func.value, name) else ()


def usual_value(scope: Function, name: str) -> ast.expr | None:
    """What a parameter is where nothing is given."""
    args, more = scope.args.args, scope.args.kwonlyargs
    usual = dict(zip([a.arg for a in args][::-1], scope.args.defaults[::-1], strict=False))
    return {**usual, **dict(zip([a.arg for a in more], scope.args.kw_defaults, strict=True))}.get(name)


def is_union(node: ast.expr) -> bool:
    """Whether two tables are put together."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def elements(node: ast.expr) -> Iterator[ast.expr]:
    """Elements of lists, of sums and conditions of such."""
    if isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from elements(element.value) if isinstance(element, ast.Starred) else [element]
    elif isinstance(node, ast.IfExp):
        yield from [*elements(node.body), *elements(node.orelse)]
    elif isinstance(node, ast.BinOp):
        yield from [*elements(node.left), *elements(node.right)]
    elif isinstance(node, ast.BoolOp):
        yield from (e for v in node.values for e in elements(v))
    elif isinstance(node, ast.ListComp):
        yield node.elt


def returns_text(function: Function) -> bool:
    said = ast.unparse(function.returns) if function.returns else ""
    return "str" in said


def joined(parts: list[list[Text]]) -> list[Text]:
    return unique(["".join(p) for p in itertools.islice(itertools.product(*parts), MOST)])


def unique(texts: list[Text]) -> list[Text]:
    return list(dict.fromkeys(texts))[:MOST]


def spaced(texts: list[Text]) -> list[Text]:
    """Those of more than a word: of what is not known to be said, one word is a key or a name."""
    return [t for t in texts if SPACE.search(t)]
