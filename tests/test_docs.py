"""The docs say what the code does: reference up to date, links and blocks whole, commands and settings all there."""

import asyncio
import importlib
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mintmark import api, cli, tasks
from mintmark.base import words as speech
from mintmark.base.errors import MintmarkError
from mintmark.capital import assumptions
from mintmark.numerics import payoff
from mintmark.recipe import schema

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import generate  # noqa: E402
import pages  # noqa: E402
import pictures  # noqa: E402
import said  # noqa: E402
from pages import errors as errors_page  # noqa: E402

READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROSE = [p for p in PAGES if not p.is_relative_to(generate.REFERENCE)]
FILES = {
    "value": ("mintmark.capital.value.assumed", "Value"),
    "price": ("mintmark.capital.pricing.file", "Plan"),
    "plan": ("mintmark.capital.planning.file", "Plan"),
    "risk": ("mintmark.capital.register.register", "Register"),
    "allocate": ("mintmark.capital.portfolio.file", "Portfolio"),
}
"""kind of a file of assumptions -> the type that checks it"""
OPTIONS = {
    name: {n: option for n, option, *_ in generate.arguments(command)} | {"--help": True}
    for name, command in generate.commands()
}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(path), re.M | re.S)


def said_commands(path: Path) -> list[list[str]]:
    """The words of each mintmark command in the bash blocks of a page."""
    lines = "\n".join(blocks(path, "bash")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("mintmark ")]


def named(words: list[str]) -> tuple[str, list[str]]:
    """A command and its arguments; commands of a group have two words."""
    n = 1 if words[0] in OPTIONS else 2
    return " ".join(words[:n]), words[n:]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.fixture(scope="module")
def reference() -> dict[Path, str]:
    return generate.pages()


def test_the_reference_is_what_the_code_gives_now(reference: dict[Path, str]) -> None:
    wrong = [p.name for p, now in reference.items() if not p.exists() or text(p) != now]
    assert not wrong, f"{wrong} stale. Try: python docs/generate.py"
    assert {p for p in generate.REFERENCE.rglob("*") if p.is_file()} == reference.keys()


def test_the_readmes_list_the_commands_of_now() -> None:
    for path, now in generate.readmes(run=False).items():
        had = generate.put(text(path), "benchmarks", "")
        assert had == generate.put(now, "benchmarks", ""), f"{path.name} is stale. Try: python docs/generate.py"


def test_the_study_shows_what_its_script_wrote() -> None:
    for path, now in generate.studies().items():
        assert text(path) == now, f"{path.name} is stale. Try: python docs/generate.py"


def test_every_command_and_setting_is_in_the_reference_and_says_something(reference: dict[Path, str]) -> None:
    for folder in (pages.REFERENCE, pages.CHINESE):
        told = {p.name: page for p, page in reference.items() if p.parent == folder}
        for name, given in OPTIONS.items():
            section = told["cli.md"].partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            assert all(f"`{word}`" in section for word in given.keys() - {"--help"}), name
        for task in tasks.names():
            for field in tasks.get(task).config.model_fields:
                assert f"| `{field}` |" in told["tasks.md"], field
        for kind in (schema.Recipe, schema.Columns, schema.Read, schema.Payoff, schema.Policy):
            for name, info in kind.model_fields.items():
                assert f"| `{info.validation_alias or name}` |" in told["recipe.md"], name
        some = ("cli.md", "recipe.md", "tasks.md", "server.md", "measures.md")
        rows = [row for page in some for row in re.findall(r"^\| `.*$", told[page], re.M)]
        assert len(rows) > 200
        assert not [row for row in rows if re.search(r"\| +\|$", row) and "measure" not in row and row.count("|") < 7]


def test_the_chinese_reference_is_all_in_chinese(reference: dict[Path, str]) -> None:
    """Whatever its pages say has a translation, none is kept that no page says, and no English sentence is left.

    Messages are those of tests/base/test_catalogues.py."""
    asked: set[str] = set()

    class Heard(speech.Language):
        def __call__(self, text: str, /, **values: Any) -> str:
            asked.add(text)
            return super().__call__(text, **values)

    zh = Heard("zh")
    for page in pages.PAGES.values():
        page(zh)
    messages = {
        t
        for made in errors_page.by_kind().values()
        for pair in made
        for text in pair
        for t in (text, *text.split("\n"))
    }
    plain = {t for t in asked if t in said.STAYS or not said.WORD.search(said.CODE.sub("", t))}
    lacking = {t for t in asked - plain - messages if errors_page.translated(t, speech.Language("zh")) == t}
    assert not lacking, "no Chinese for these"
    gone = speech.read(speech.LOCALE / "zh" / "reference.po").keys() - asked
    assert not gone, f"no page says {gone}"
    for path in (p for p in reference if p.parent == pages.CHINESE):
        prose = re.sub(r"^```.*?^```$|`[^`\n]*`|^出处：.*?$", "", reference[path], flags=re.M | re.S)  # titles stay
        assert not re.findall(r"(?:\b[a-z]{2,}[ ,]+){5,}", prose), path.name


def mistakes(place: Path) -> list[Callable[[], Any]]:
    """What people do wrong, of every kind."""
    from mintmark import spine
    from mintmark.serving.monitor import span
    from mintmark.serving.rate import Rate

    recipe: dict[str, Any] = {"task": "tabular_classification", "target": "target"}
    table = place / "t.csv"
    table.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    return [
        lambda: api.run(recipe | {"settings": {"modle": "lightgbm"}}, out=place),
        lambda: api.run(recipe | {"task": "tabular_clasification"}, out=place),
        lambda: api.run(recipe | {"data": str(place / "no.csv")}, out=place),
        lambda: api.run(recipe | {"data": str(table), "target": "c"}, out=place),
        lambda: api.run(recipe | {"seed": -1}, out=place),
        lambda: api.run(recipe | {"payoff": {"currency": "usd", "true_positive": 1}}, out=place),
        lambda: api.run(recipe | {"budget": "soon"}, out=place),
        lambda: spine.load(place / "nowhere"),
        lambda: Rate.of("often"),
        lambda: span("0 rows"),
        lambda: speech.language("xx"),
    ]


@pytest.mark.parametrize("folder, lang", [(pages.REFERENCE, "en"), (pages.CHINESE, "zh")])
def test_who_got_an_error_finds_its_sentence(
    folder: Path, lang: str, reference: dict[Path, str], tmp_path: Path
) -> None:
    """In either language, with … where the sentence has his own names."""
    rows = re.findall(r"^\| (.*?) \| ", reference[folder / "errors.md"], re.M)
    patterns = [re.compile(".+?".join(map(re.escape, row.replace("\\|", "|").split("…"))), re.S) for row in rows]
    for mistake in mistakes(tmp_path):
        with pytest.raises((MintmarkError, ValueError)) as caught:
            mistake()
        what = str(getattr(caught.value, "what", caught.value))
        what = speech.Language(lang).again(what)
        assert any(p.fullmatch(what) for p in patterns if p.pattern.count(".+?") < 6), what


def test_every_metric_that_the_docs_name_is_one_of_the_server(reference: dict[Path, str]) -> None:
    known = set(re.findall(r"^\| `(mintmark_\w+)`", reference[pages.REFERENCE / "server.md"], re.M))
    named = {m for p in PROSE for m in re.findall(r"\bmintmark_[a-z_]+\b", text(p))}
    assert len(known) > 20 and named - {"mintmark_home"} <= known


def test_every_environment_variable_is_in_the_reference() -> None:
    source = "".join(text(p) for p in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"\bMINTMARK_[A-Z_]+\b", source)) == set(generate.PLACES)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", text(path), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{path.name}: {link}"
        if anchor:
            assert anchor in map(slug, re.findall(r"^#+ (.*)$", text(target), re.M)), f"{path.name}: {link}"


def test_pictures_are_shown_and_small() -> None:
    """Each stands on some page, those that the script makes among them; together no burden to who copies the code."""
    made = {f"{shot.name}.png" for shot in pictures.SHOTS}
    kept = {p.name: p.stat().st_size for p in pictures.SHOWN.iterdir()}
    shown = {name for p in PROSE for name in re.findall(r"!\[[^\]]+\]\([^)]*pictures/([\w.-]+)\)", text(p))}
    assert made <= shown == kept.keys() and sum(kept.values()) < pictures.MOST_TOGETHER


@pytest.mark.parametrize("path", PROSE, ids=lambda p: str(p.relative_to(ROOT)))
def test_blocks_are_whole(path: Path) -> None:
    """TOML is a recipe or a part of one, Python compiles, JSON parses, commands and their options exist."""
    for block in blocks(path, "toml"):
        if (kind := tomllib.loads(block).get("kind")) is not None:
            room, name = FILES[kind]
            assumptions.parse(tomllib.loads(block), getattr(importlib.import_module(room), name), path.name)
            continue
        made = schema.parse({"task": "tabular_classification", **tomllib.loads(block)}, where=path.name)
        schema.build(tasks.get(made.task).config, made.settings, where="settings")
        if made.payoff:
            payoff.parse(made.payoff)
    for block in blocks(path, "python"):
        compile(block, path.name, "exec")
    for block in blocks(path, "json"):
        json.loads(block)
    for words in said_commands(path):
        command, rest = named(words)
        if words[0].startswith("--"):  # of the program itself
            continue
        assert command in OPTIONS, f"{path.name}: mintmark {command}"
        options = {w for w in rest if w.startswith("--")}
        assert options <= OPTIONS[command].keys(), f"{path.name}: mintmark {' '.join(words)}"


@pytest.mark.parametrize("path", PROSE, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_sentences_exist(path: Path) -> None:
    for found in re.findall(r"`mintmark ((?:(?:api-)?keys )?[a-z]+)[^`]*`", text(path)):
        assert found in OPTIONS, f"{path.name}: mintmark {found}"


@pytest.mark.parametrize("path", PROSE, ids=lambda p: str(p.relative_to(ROOT)))
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.M))
    lines = "\n".join(blocks(path, "bash")).splitlines()
    asked = {line.split()[1] for line in lines if line.startswith("make ")}
    asked |= set(re.findall(r"`make ([a-z-]+)`", text(path)))
    assert asked <= targets, path.name


def test_both_readmes_have_the_same_blocks_and_name_every_command() -> None:
    english, chinese = (re.findall(r"^```.*?^```$", text(ROOT / name), re.M | re.S) for name in READMES)
    assert english == chinese
    for name in OPTIONS:
        assert all(f"[`mintmark {name}`]" in text(ROOT / readme) for readme in READMES), name


def test_what_the_readme_shows_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands in their order in an empty folder, its Python, and its request to the server."""
    from mintmark import serving, spine

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "CALL_S", 0.02)
    readme, bundles = ROOT / "README.md", tmp_path / "runs"
    for words in said_commands(readme):
        run = next(iter(bundles.iterdir())).name if bundles.exists() else ""
        words = [w.replace("RUN", run) for w in words]
        if words[0] == "serve":
            name, _, bundle = words[1].partition("=")
            app = serving.make_app({name: spine.load(Path(bundle))})
        else:
            assert cli.main(words) == 0, words
    written = (tmp_path / "first" / "tabular_classification.toml").read_text(encoding="utf-8")
    assert blocks(readme, "toml") == [written], "the recipe shown is the one that `mintmark new` writes"
    assert (tmp_path / "answers.csv").exists()
    (request,) = [b for b in blocks(readme, "bash") if b.startswith("curl")]
    url, *rest = shlex.split(request.replace("\\\n", " "))[1:]
    body = rest[rest.index("-d") + 1]
    said = asyncio.run(posted(app, url, body))
    assert said.status_code == 200 and said.json()["answers"][0]["decision"] in ("fraud", "ok")
    for block in blocks(readme, "python"):
        exec(compile(block, "README.md", "exec"), {})
    assert "decision" in capsys.readouterr().out


async def posted(app: Any, url: str, body: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.post(url, content=body, headers={"content-type": "application/json"})


def test_check_finds_what_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = generate.REFERENCE / "errors.md"
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    monkeypatch.setattr(generate, "readmes", lambda run: {})
    for now, code in ((text(page), 0), (text(page) + "more", 1)):
        monkeypatch.setattr(generate, "pages", lambda now=now: {page: now})
        assert generate.main() == code
    assert "docs/reference/errors.md is stale" in capsys.readouterr().out


def test_of_the_demonstration_only_the_words_count() -> None:
    shown = "<!-- demo: -->\n  a case   {} USD   95 % between {} and 3\nRun {}-1\n<!-- end of demo -->"
    first, second = shown.format("-570.2", "-658.1", "aea1682d"), shown.format("1,570", "2e-05", "00e1682d")
    assert generate.words_of(first) == generate.words_of(second)
    assert generate.words_of(first) != generate.words_of(first.replace("case", "row"))


def test_figures_that_have_not_been_measured_are_said_to_be_missing(tmp_path: Path) -> None:
    for zh in (False, True):
        made = generate.figures.benchmarks(tmp_path, zh=zh)
        assert all(script in made for script in generate.figures.SCRIPTS.values()) and "make bench" in made
