"""Answers: what goes in comes out, however the table is cut."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.errors import DataError
from mintmark.numerics import answers

P = np.array([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])


def test_probabilities_and_back() -> None:
    made = answers.of_classes(P, ["no", "yes"], decision=["yes", "no", "no"])
    assert made.schema == answers.KINDS["classes"]
    p, classes = answers.probability(made)
    assert classes == ["no", "yes"] and np.array_equal(p, P)
    assert made["decision"].to_pylist() == ["yes", "no", "no"]
    assert answers.of_classes(P, ["no", "yes"])["decision"].null_count == 3


def test_slices_and_chunks_keep_their_rows() -> None:
    made = answers.of_classes(P, ["no", "yes"])
    assert np.array_equal(answers.probability(made.slice(1, 2))[0], P[1:])
    parts = pa.concat_tables([made.slice(2, 1), made.slice(0, 1)])
    assert np.array_equal(answers.probability(parts)[0], P[[2, 0]])
    assert answers.probability(made.slice(0, 0), ["no", "yes"])[0].shape == (0, 2)


def test_classes_in_the_order_asked() -> None:
    made = answers.of_classes(P, ["no", "yes"])
    p, _ = answers.probability(made, ["yes", "maybe", "no"])
    assert np.array_equal(p, np.column_stack([P[:, 1], np.zeros(3), P[:, 0]]))


def test_answers_of_members_with_other_classes_are_put_together() -> None:
    one = answers.of_classes(np.array([[0.4, 0.6]]), ["b", "a"])
    two = answers.of_classes(np.array([[1.0]]), ["c"])
    p, _ = answers.probability(pa.concat_tables([one, two]), ["a", "b", "c"])
    assert p.tolist() == [[0.6, 0.4, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pa.array([1, 0, 7]), [1, 0, -1]),
        (pa.array([1.0, 0.0, None]), [1, 0, -1]),
        (pa.array(["1", "0", "x"]), [1, 0, -1]),
        (pa.chunked_array([["1"], ["0"]]), [1, 0]),
        (pa.array(["1", "0"]).dictionary_encode(), [1, 0]),
    ],
)
def test_places(values: pa.Array, wanted: list[int]) -> None:
    assert answers.places(values, ["0", "1"]).tolist() == wanted
    assert answers.y_of("classes", pa.table({"y": values}), {"classes": ["0", "1"]}).tolist() == wanted


def test_booleans_are_named_true_and_false() -> None:
    assert answers.places(pa.array([True, False, None]), ["false", "true"]).tolist() == [1, 0, -1]


def test_numbers_keep_nulls_where_nothing_decided() -> None:
    made = answers.make("number", value=np.array([1.5, 2.5]))
    assert made.schema == answers.KINDS["number"]
    assert made.to_pylist()[1] == {"value": 2.5, "low": None, "high": None, "level": None}
    assert answers.check("number", made, 2) is made


def test_absurd_answers_are_refused() -> None:
    for bad in ([[0.5, 0.6]], [[-0.1, 1.1]], [[np.nan, 1.0]]):
        with pytest.raises(DataError, match="probabilities"):
            answers.check("classes", answers.of_classes(np.array(bad), ["a", "b"]), 1)
    with pytest.raises(DataError, match="wanted 3"):
        answers.check("classes", answers.of_classes(P[:2], ["a", "b"]), 3)
    with pytest.raises(DataError, match="finite"):
        answers.check("number", answers.make("number", value=[np.inf]), 1)


def test_json() -> None:
    made = answers.of_classes(P[:1], ["no", "yes"], decision=["yes"])
    assert answers.to_json(made) == [{"probability": {"no": 0.1, "yes": 0.9}, "decision": "yes"}]
