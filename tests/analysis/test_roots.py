"""Where functions cross 0."""

import pytest

from regulars.analysis.roots import crossing


def test_the_square_root_of_two():
    assert crossing(lambda x: x * x - 2.0, 0.0, 2.0) == pytest.approx(2.0**0.5, rel=1e-12)


def test_a_function_of_one_sign_is_refused():
    with pytest.raises(ValueError, match="different signs"):
        crossing(lambda x: x * x + 1.0, -1.0, 1.0)
