"""Catalogues: everything that people are told has its Chinese, and nothing stands in them that nobody says."""

from pathlib import Path

import pytest
import said
import told

from mintmark.base import words
from mintmark.base.phrases import Book


@pytest.fixture(scope="module")
def everything() -> dict[str, str]:
    return told.everything()


def test_everything_that_is_said_has_its_chinese(everything: dict[str, str]) -> None:
    """Messages, texts that are marked, help, names of what is shown, settings: text -> where it is said."""
    assert not listed(told.lacking(everything)), "errors.po: messages; help.po: help; the rest: that of the room"


def test_no_catalogue_holds_what_nobody_says(everything: dict[str, str]) -> None:
    assert not listed(told.stale(everything))


def listed(found: dict[str, str]) -> str:
    return "\n".join(f"{place}: {text!r}" for text, place in found.items())


@pytest.mark.parametrize(
    "text",
    ["{n} rows repeat a time of their series: of such rows the {twice} is taken.",  # a note of a record
     "unknown {kind} {got}; known: {listed}.",  # an error of every room
     "cannot be read: {exc}.",
     "Carry a recipe to a signed bundle and a record, and say what its decisions earn and cost.",  # help
     "The language to speak: en or zh; else that of the environment.",
     "What its decisions earn, on the test rows",  # a table
     "fingerprint:"],
)  # fmt: skip
def test_what_is_looked_for_is_found(text: str, everything: dict[str, str]) -> None:
    """A check that finds no texts would find none lacking."""
    assert said.skeleton(text) in {said.skeleton(t) for t in everything}


def test_a_message_is_followed_to_its_pieces(tmp_path: Path) -> None:
    """Both arms of a condition, a name assigned before, a table, a function that hands it on, a list joined."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "one.py").write_text(
        "class MintmarkError(Exception): ...\n"
        "class Bad(MintmarkError):\n    KIND = 'of a kind'\n"
        "FIXES = {'a': 'give it an a.', 'b': f'give it {1} b.'}\n"
        "def fail(what, where=''):\n    raise Bad(what, where=where, fix=FIXES[what])\n"
        "def check(x, self):\n"
        "    said = f'{x!r} is too long' if x else 'is nothing at all'\n"
        "    lines = [f'row {len(x)} is odd']\n    lines.append('the rest is even')\n"
        "    fail(f'{said}.')\n    fail('cannot be ' + 'read')\n"
        "    raise Bad(f'differs: {\", \".join(lines)}, {self.KIND}', fix='look again.')\n",
        encoding="utf-8",
    )
    found = set(said.read(tmp_path).texts)
    assert found == {
        "give it an a.", "give it {x} b.", "{x} is too long", "is nothing at all", "cannot be read",
        "row {n} is odd", "the rest is even", "of a kind", "differs: {join}, {kind}", "look again.",
    } | (found & {"{said}."})  # fmt: skip


def test_patterns_with_fields_beside_each_other_are_refused() -> None:
    """Nothing could say where one ends; that none of ours has them shows by reading the whole book."""
    assert len(words.book("zh").phrases) > 500
    with pytest.raises(ValueError, match="beside each other"):
        Book({"a {x}{y}": "{x}{y}"}, {})
