"""Every bundle ever shipped loads, and answers as it did on the day it was made."""

from pathlib import Path

import contract
import pytest
from pyarrow import feather

from mintmark import spine
from mintmark.artifact import bundle, sign
from mintmark.data import rows

KEPT = sorted((Path(__file__).parents[1] / "fixtures").glob("bundle_v*/*/bundle"))


def test_there_is_one_of_every_version() -> None:
    assert {p.parents[1].name for p in KEPT} == {f"bundle_v{n}" for n in range(1, bundle.FORMAT + 1)}


@pytest.mark.parametrize("path", KEPT, ids=lambda p: f"{p.parents[1].name} {p.parent.name}")
def test_an_old_bundle_answers_as_it_did(path: Path) -> None:
    sign.import_key(path.parents[1] / "public.pem", "kept bundles")
    loaded = spine.load(path)
    questions = rows.of(feather.read_table(path.parent / "questions.arrow"))
    assert contract.same(spine.answer(loaded, questions), feather.read_table(path.parent / "answers.arrow"))
