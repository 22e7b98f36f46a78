"""WIDTH and HEIGHT of a pass: their values, and that no text can do harm."""

import math

import pytest

from livedream.look.expressions import Expression

NAMES = {"WIDTH": 1280.0, "HEIGHT": 720.0, "blurAmount": 3.0, "on": 1.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$WIDTH", 1280),
        ("floor($WIDTH/16.0)", 80),
        ("floor($HEIGHT * min((0.2),1.0))", 144),
        ("max($WIDTH/486.0,1.0)", 1280 / 486),
        ("WIDTH / 2 - 1 - 1", 638),
        ("$WIDTH*$blurAmount", 3840),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("7 % 4 * 2", 6),
        ("if($on, 10, 20)", 10),
        ("if(!$on || $WIDTH < 100, 10, 20)", 20),
        ("1.5e2 + .5", 150.5),
        ("min(4, 3, 2) + round(2.5)", 5),
        (" $WIDTH\t/\n2 ", 640),
    ],
)
def test_arithmetic(text, value):
    assert Expression(text, NAMES).value(NAMES) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1/0", "0/0", "(-1)**0.5", "sqrt(-1)", "log(0)", "10**10**10", "1e308*10", "5%0"])
def test_arithmetic_without_an_answer_is_no_exception(text):
    assert not math.isfinite(Expression(text, NAMES).value(NAMES))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$nothing",
        "1 +",
        "(1",
        "1)",
        "1 2",
        "floor()",
        "floor(1, 2)",
        "__import__('os')",
        "().__class__",
        "$WIDTH.real",
        "(" * 1000 + "1" + ")" * 1000,
        "min(" * 100 + "1" + ")" * 100,
        "2**" * 200 + "2",
        "1+" * 5000 + "1",
    ],
)
def test_other_text_than_an_expression_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        Expression(text, NAMES)


def test_many_terms_and_signs_are_no_depth():
    assert Expression("+".join("1" * 900), NAMES).value(NAMES) == 900
    assert Expression("-" * 900 + "1", NAMES).value(NAMES) == 1
