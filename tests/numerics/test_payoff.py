"""Payoff expressions and what they make of rows."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintmark.base.errors import DataError, RecipeError
from mintmark.numerics import payoff
from mintmark.numerics.payoff import Expression
from mintmark.recipe.schema import Payoff

ROWS = pa.table(
    {"Amount": [2.0, 500.0], "fee": pa.array([1, 3], pa.int64()), "Loan Amount": [10.0, 20.0], "金额": [7.0, 8.0]}
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Amount - 5", [-3, 495]),
        ("-Amount", [-2, -500]),
        ("2 * (Amount + fee) / 4", [1.5, 251.5]),
        ("1e3 - .5 - 2.", [997.5, 997.5]),
        ("10 - 4 - 3", [3, 3]),
        ("12 / 3 / 2", [2, 2]),
        ("--Amount * -fee", [-2, -1500]),
        ("min(Amount, 100, fee * 60)", [2, 100]),
        ("max(Amount - 100, 0) + abs(-fee)", [1, 403]),
        ("`Loan Amount` * 0.01", [0.1, 0.2]),
        ("金额 - 1", [6, 7]),
        (-5, [-5, -5]),
    ],
)
def test_arithmetic(text: Any, wanted: list[float]) -> None:
    got = np.broadcast_to(Expression.parse(text).value(ROWS), 2)
    assert got == pytest.approx(wanted, rel=1e-15)


def test_columns_are_those_named() -> None:
    assert Expression.parse("min(Amount, 金额) + `Loan Amount` - 1").columns == {"Amount", "金额", "Loan Amount"}
    assert Expression.parse("min - max").columns == {"min", "max"}


@pytest.mark.parametrize(
    "text",
    ['__import__("os")', "a.b", "f(1)", "a ** b", "1 if a else 2", "[1]", "'text'", "lambda: 1", "a[0]", "{1}",
     "a == b", "a // b", "a % b", "1_000", "0x10", "1 2", "a b", "", " ", "(", ")", "()", "1 +", "* 2", "(1, 2)",
     "min(1)", "abs(1, 2)", "min()", "a; b", "a = 1", "not a", "`a", "``", "1/0", "1e999", "a\x00", "1e308 * 10",
     "é(2)", "+1", "~a", "a @ b", "nan(1)"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Expression.parse(text, "payoff.true_positive")
    assert caught.value.where == "payoff.true_positive"
    assert caught.value.fix


def test_a_refusal_says_what_was_found_and_at_which_place() -> None:
    with pytest.raises(RecipeError, match=r"found '__import__' at place 5 where min, max or abs"):
        Expression.parse('2 * __import__("os")', "payoff.true_positive")
    with pytest.raises(RecipeError, match=r"found '\*' at place 4 where a number"):
        Expression.parse("a **b")
    with pytest.raises(RecipeError, match=r"found the end where a closing bracket"):
        Expression.parse("(a + 1")


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, True, 10**400], ids=["nan", "inf", "-inf", "true", "huge"]
)
def test_numbers_must_be_finite(number: Any) -> None:
    with pytest.raises(RecipeError):
        Expression.parse(number)


def test_length_and_depth_are_bounded() -> None:
    assert Expression.parse("(" * 50 + "1" + ")" * 50).value(ROWS) == 1
    with pytest.raises(RecipeError, match="deeper than 50"):
        Expression.parse("(" * 51 + "1" + ")" * 51)
    assert Expression.parse("1+" * 249 + "1").value(ROWS) == 250
    with pytest.raises(RecipeError, match="501 characters"):
        Expression.parse("1" * 501)


@given(st.text(max_size=60) | st.text(alphabet="ab(),+-*/. 1e`min", max_size=60))
@settings(max_examples=400, deadline=None)
def test_random_text_is_an_expression_or_a_recipe_error(text: str) -> None:
    try:
        made = Expression.parse(text)
    except RecipeError:
        return
    rows = pa.table({name: [1.0] for name in made.columns} or {"unused": [1.0]})
    try:
        assert np.isfinite(made.value(rows)).all()
    except DataError:
        pass  # a division by zero


Tree = tuple[str, float]
leaves: st.SearchStrategy[Tree] = st.one_of(
    st.integers(0, 99).map(lambda i: (str(i), float(i))),
    st.floats(0, 1e6, allow_nan=False).map(lambda f: (repr(f), f)),
    st.sampled_from([("x", 3.0), ("`y z`", -0.5)]),
)


def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Text and what Python's own float arithmetic makes of the same tree; NaN where it divides by zero."""

    def binary(sign: str, a: Tree, b: Tree) -> Tree:
        made = {"+": a[1] + b[1], "-": a[1] - b[1], "*": a[1] * b[1]}.get(sign)
        if made is None:
            made = a[1] / b[1] if b[1] else math.nan
        return f"({a[0]} {sign} {b[0]})", made

    def call(name: str, a: Tree, b: Tree) -> Tree:
        missing = math.isnan(a[1]) or math.isnan(b[1])
        made = math.nan if missing else (min if name == "min" else max)(a[1], b[1])
        return f"{name}({a[0]},{b[0]})", made

    return st.one_of(
        st.builds(binary, st.sampled_from("+-*/"), inner, inner),
        st.builds(call, st.sampled_from(["min", "max"]), inner, inner),
        inner.map(lambda a: (f"-{a[0]}", -a[1])),
        inner.map(lambda a: (f"abs({a[0]})", abs(a[1]))),
    )


@given(st.recursive(leaves, grow, max_leaves=12))
@settings(max_examples=300, deadline=None)
def test_random_trees_equal_pythons_own_arithmetic(tree: Tree) -> None:
    text, wanted = tree
    if len(text) > 500:
        return
    rows = pa.table({"x": [3.0], "y z": [-0.5]})
    if math.isfinite(wanted):
        assert np.broadcast_to(Expression.parse(text).value(rows), 1)[0] == wanted
    else:
        with pytest.raises((DataError, RecipeError)):
            Expression.parse(text).value(rows)


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 20)), max_size=15), st.integers(0, 20))
def test_precedence_without_brackets(rest: list[tuple[str, int]], first: int) -> None:
    text, total, product = str(first), 0, first
    for sign, number in rest:
        text += f" {sign} {number}"
        if sign == "*":
            product *= number
        else:
            total, product = total + product, number if sign == "+" else -number
    assert Expression.parse(text).value(ROWS) == total + product


def test_missing_values_and_division_by_zero_name_expression_column_and_row() -> None:
    rows = pa.table({"Amount": [1.0, None, 3.0], "zero": [1, 1, 0]})
    with pytest.raises(DataError, match=r"row 2: 'Amount \* 2' .* column 'Amount'") as caught:
        Expression.parse("Amount * 2", "payoff.true_positive").value(rows)
    assert caught.value.where == "payoff.true_positive"
    with pytest.raises(DataError, match="row 3: '1 / zero' .* divides by zero"):
        Expression.parse("1 / zero").value(rows)
    assert np.isnan(Expression.parse("5 / (1 / zero)").value(rows, strict=False)).tolist() == [False, False, True]


def test_unknown_and_unfit_columns() -> None:
    money = payoff.parse(Payoff(true_positive="Amuont - 5", false_positive=-5))
    with pytest.raises(RecipeError, match="did you mean 'Amount'") as caught:
        payoff.check(money, ROWS)
    assert caught.value.where == "payoff.true_positive"
    with pytest.raises(RecipeError, match="unknown column 'fee'"):
        payoff.check(payoff.parse(Payoff(true_positive="fee")), ROWS.select(["Amount"]))
    texts = pa.table({"Amount": ["12 USD"]})
    with pytest.raises(DataError, match="'Amount' holds string, such as '12 USD'"):
        payoff.check(payoff.parse(Payoff(true_positive="Amount")), texts)
    payoff.check(payoff.parse(Payoff(true_positive="Amount + fee * 金额")), ROWS, kind="classes")


def test_what_is_odd_is_said_and_what_cannot_be_is_refused() -> None:
    truth = pa.table({"y": ["a", "b"] * (len(ROWS) // 2) + ["a"] * (len(ROWS) % 2)})
    (said,) = payoff.check(payoff.parse(Payoff(false_negative=5)), ROWS, truth, "classes")
    assert "false_negative pays more than payoff.true_positive" in said
    assert payoff.check(payoff.parse(Payoff(false_negative=-5)), ROWS, truth, "classes") == []
    three = pa.table({"y": ["a", "b", "c"]})
    with pytest.raises(RecipeError, match="the data have 3"):
        payoff.check(payoff.parse(Payoff(false_negative=-5)), ROWS, three, "classes")
    matrix = payoff.parse(Payoff(matrix={"ok": {"a": 1.0}, "stop": {"b": 2.0}}, prevalence=0.1))
    with pytest.raises(RecipeError, match="share of one of two"):
        payoff.check(matrix, ROWS, three, "classes")


def test_every_numeric_arrow_type_is_money() -> None:
    import decimal

    columns = {
        "int": pa.array([3], pa.int8()),
        "unsigned": pa.array([3], pa.uint64()),
        "float": pa.array([3], pa.float32()),
        "decimal": pa.array([decimal.Decimal("3.00")]),
        "bool": pa.array([True]),
        "coded": pa.array([3]).dictionary_encode(),
        "chunked": pa.chunked_array([[], [3]], pa.int64()),
    }
    for name, values in columns.items():
        assert Expression.parse(name).value(pa.table({name: values})) == [1.0 if name == "bool" else 3.0]


def test_binary_tensor_has_the_last_class_as_positive() -> None:
    spec = Payoff(true_positive="Amount - 5", false_positive=-5, false_negative="-Amount", true_negative=1)
    money = payoff.parse(spec)
    got = money.tensor(ROWS, ["no", "yes"])
    assert got.tolist() == [[[1, -2], [-5, -3]], [[1, -500], [-5, 495]]]
    assert money.actions(["no", "yes"]) == ["no", "yes"]
    assert np.array_equal(money.tensor(ROWS.slice(1, 1), ["no", "yes"]), got[1:])
    assert np.array_equal(money.tensor(ROWS.to_batches()[0], ["no", "yes"]), got)
    y, action = np.array([1, 0]), np.array([1, 1])
    assert payoff.earned(got, action, y).tolist() == [-3, -5]
    assert payoff.earned(got, action, np.array([-1, 1])).tolist() == [0, 495]


def test_cells_need_exactly_two_classes() -> None:
    with pytest.raises(RecipeError, match=r"\[payoff.matrix\]"):
        payoff.parse(Payoff(true_positive=1)).tensor(ROWS, ["a", "b", "c"])


def test_matrix_in_the_order_of_the_classes_and_with_other_actions() -> None:
    spec = Payoff(matrix={"pass": {"bad": -50, "ugly": "-Amount"}, "review": {"good": -2, "bad": -2, "ugly": -2}})
    money = payoff.parse(spec)
    assert money.actions(["good", "bad", "ugly"]) == ["pass", "review"]
    assert money.tensor(ROWS, ["good", "bad", "ugly"])[1].tolist() == [[0, -50, -500], [-2, -2, -2]]
    assert money.tensor(ROWS, ["ugly", "bad", "good"])[0].tolist() == [[-2, -50, 0], [-2, -2, -2]]
    with pytest.raises(RecipeError, match="unknown class 'ugly'.*") as caught:
        money.tensor(ROWS, ["good", "bad", "uglyy"])
    assert caught.value.where == "payoff.matrix.pass"
    assert "did you mean 'uglyy'" in caught.value.fix


def test_a_large_constant_tensor_costs_no_memory() -> None:
    money = payoff.parse(Payoff(true_positive=1))
    rows = pa.table({"x": np.zeros(1_000_000)})
    assert money.tensor(rows, ["0", "1"]).strides[0] == 0


def test_facts_and_back() -> None:
    import json

    spec = Payoff(
        currency="CNY", true_positive="`Loan Amount` - 5", false_positive=-1e-7, capacity=0.1, prevalence=0.02
    )
    money = payoff.parse(spec)
    again = payoff.Money.of_facts(json.loads(json.dumps(money.facts(), sort_keys=True)), money.actions([]))
    assert again == money
    assert np.array_equal(again.tensor(ROWS, ["0", "1"]), money.tensor(ROWS, ["0", "1"]))
    wide = payoff.parse(Payoff(matrix={"a": {"b": "Amount"}}))
    assert payoff.Money.of_facts(json.loads(json.dumps(wide.facts(), sort_keys=True)), wide.actions([])) == wide


def test_money_of_the_wrong_kind() -> None:
    with pytest.raises(RecipeError, match="pay for numbers"):
        payoff.check(payoff.parse(Payoff(over=-1, under=-4)), ROWS, kind="classes")
    with pytest.raises(RecipeError, match="answers are numbers"):
        payoff.check(payoff.parse(Payoff(true_positive=1)), ROWS, kind="number")
    with pytest.raises(RecipeError, match="both are costs"):
        payoff.parse(Payoff(over=-1, under=4))
