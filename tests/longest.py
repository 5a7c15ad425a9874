"""Say the longest files and functions: above 400 lines a file or 60 a function, ask what wants a room of its own."""

import ast
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"
rows = []
for path in SRC.rglob("*.py"):
    text = path.read_text(encoding="utf-8")
    rows.append((len(text.splitlines()) / 400, f"{len(text.splitlines()):5} lines  {path.relative_to(SRC)}"))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            n = node.end_lineno - node.lineno + 1
            rows.append((n / 60, f"{n:5} lines  {path.relative_to(SRC)}:{node.lineno} {node.name}"))
print("\n".join(line for _, line in sorted(rows, reverse=True)[:12]))
