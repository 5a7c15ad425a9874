"""Ensembles: answers merged by weights, features that are shared kept once."""

import numpy as np
import pytest

from mintmark.base.state import State
from mintmark.numerics import answers, ensemble


def test_classes_and_numbers_are_weighted_means() -> None:
    a = answers.of_classes(np.array([[0.2, 0.8], [0.5, 0.5]]), ["n", "y"])
    b = answers.of_classes(np.array([[1.0], [1.0]]), ["n"])  # a fold that lacked a class
    made = answers.merge("classes", [a, b], [0.75, 0.25])
    assert np.allclose(answers.probability(made, ["n", "y"])[0], [[0.4, 0.6], [0.625, 0.375]])
    one, two = (answers.make("number", value=np.array([v])) for v in (1.0, 5.0))
    assert answers.merge("number", [one, two], [0.25, 0.75])["value"].to_pylist() == [4.0]
    with pytest.raises(ValueError, match="text"):
        answers.merge("text", [a, b], [0.5, 0.5])


def test_members_share_what_is_the_same() -> None:
    linear, trees = (State({"x": np.array([v, np.nan])}, {"classes": ["a"], "past": [str(v)]}) for v in (1.0, 2.0))
    again = State({"x": np.array([1.0, np.nan])}, {"classes": ["a"], "past": ["1.0"]})
    models = [State({"w": np.array([i])}) for i in range(3)]
    features, model = ensemble.joined(list(zip([linear, trees, again], models, strict=True)), [0.5, 0.3, 0.2])
    assert sorted(features.parts) == ["0", "1"] and features.facts["past"] == ["1.0", "2.0"]
    found = [(f.arrays["x"][0], [m.arrays["w"][0] for m in ms]) for f, ms in ensemble.members(features, model)]
    assert found == [(1.0, [0, 2]), (2.0, [1])] and ensemble.weights_of(model) == pytest.approx([0.5, 0.2, 0.3])
    nested = ensemble.joined([(features, model), (linear, models[0])], [0.5, 0.5])  # one level, shared as before
    assert ensemble.weights_of(nested[1]) == pytest.approx([0.25, 0.1, 0.5, 0.15]) and len(nested[0].parts) == 2
    alone = ensemble.joined([(linear, models[0])])
    assert alone == (linear, models[0]) and ensemble.weights_of(alone[1]) == [1.0]
