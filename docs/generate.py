"""Write what the docs take from the code: the pages of docs/reference/, and the marked parts of READMEs and the study.

python docs/generate.py            write
python docs/generate.py --check    exit 1 where a page or a part is stale
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import figures
from pages import REFERENCE, pages
from pages.commands import arguments, commands, overview
from pages.form import PLACES, home

from mintmark.base.words import Language

__all__ = [
    "PLACES",
    "REFERENCE",
    "arguments",
    "commands",
    "figures",
    "main",
    "pages",
    "put",
    "readmes",
    "studies",
    "words_of",
]
ROOT = Path(__file__).parents[1]


def readmes(*, run: bool = True) -> dict[Path, str]:
    """Both READMEs with their marked parts written anew; the demonstration only where `run` is on."""
    shown = demonstration() if run else ""
    made = {}
    for name, zh in (("README.md", False), ("README.zh-CN.md", True)):
        text = (ROOT / name).read_text(encoding="utf-8")
        if run:
            text = put(text, "demo", f"```text\n{shown}\n```")
        listed = overview(Language("zh" if zh else "en"), f"docs/reference/{'zh-CN/' if zh else ''}cli.md")
        text = put(text, "cli", "\n".join(listed))
        made[ROOT / name] = put(text, "benchmarks", figures.benchmarks(ROOT / "benchmarks" / "results", zh=zh))
    return made


def studies() -> dict[Path, str]:
    """Both pages of the allocation study with the tables of its result."""
    made = {}
    for name, zh in (("allocation-study.md", False), ("allocation-study.zh-CN.md", True)):
        path = ROOT / "docs" / name
        told = figures.allocation(ROOT / "benchmarks" / "results", zh=zh)
        made[path] = put(path.read_text(encoding="utf-8"), "study", told)
    return made


def put(text: str, name: str, content: str) -> str:
    """The text with this between the marks of that name.   Raises: ValueError: there are no such marks."""
    start, end = f"<!-- {name}: written by docs/generate.py -->", f"<!-- end of {name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"wanted once each: {start} and {end}")
    return text[: text.index(start)] + f"{start}\n{content}\n" + text[text.index(end) :]


def demonstration() -> str:
    """What the run of `make demo` prints on a machine that has never seen mintmark."""
    with home() as place:
        (place / ".venv").symlink_to(sys.prefix)
        (place / "recipes").symlink_to(ROOT / "recipes")
        words = [".venv/bin/mintmark", "run", "recipes/q08_diagnosis.toml"]
        env = {**os.environ, "PATH": "/usr/bin:/bin", "LANGUAGE": "en"}
        return subprocess.run(words, cwd=place, env=env, capture_output=True, text=True, check=True).stdout.strip()


def stale(*, figures_too: bool = True) -> list[str]:
    """Pages and parts that are not what the code gives now; without `figures_too` the demonstration and the benchmarks
    are left out. Of the demonstration only its words count: its figures are of another day."""
    written = pages() | (studies() if figures_too else {})
    found = [path for path, text in written.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in readmes(run=figures_too).items():
        had = path.read_text(encoding="utf-8")
        if not figures_too:
            had = put(had, "benchmarks", "")
            text = put(text, "benchmarks", "")
        if words_of(had) != words_of(text):
            found.append(path)
    return [str(path.relative_to(ROOT)) for path in found]


def words_of(text: str) -> list[str]:
    """Without the figures of the demonstration, and without the blanks that set them in columns."""
    start, end = (text.index(mark) for mark in ("<!-- demo:", "<!-- end of demo"))
    return (text[:start] + re.sub(r"-?\b[0-9a-f]*\d[\w.,-]*", "N", text[start:end]) + text[end:]).split()


def main() -> int:
    if "--check" in sys.argv[1:]:
        found = stale()
        print(
            "\n".join(f"{name} is stale. Try: python docs/generate.py" for name in found) or "The docs are up to date."
        )
        return bool(found)
    for path, text in {**pages(), **readmes(), **studies()}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
