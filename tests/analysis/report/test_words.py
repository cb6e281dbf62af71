import pytest

from regulars.analysis.report import words

DOCUMENT = {"currency": "USD", "weeks": 52, "draws": 200, "replications": 20}


def row(mean, interval, risk=None, **more):
    gain = {"mean": mean, "ci95": interval, "sd": 1.0}
    return {"name": "Points", "differences": {"discounted_profit": gain}, "probability_of_loss": risk, **more}


def said(text):
    """Text with ordinary spaces and signs, as a test can be read."""
    return text.replace(words.SPACE, " ").replace(words.MINUS, "-")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1234567.8, "1,234,568"), (-3210.0, "-3,210"), (42.25, "42.2"), (0.5, "0.500"), (-0.00001, "0.0000"), (0, "0"), (None, words.NOTHING)],
)
def test_numbers_have_separators_a_true_minus_and_no_signed_zero(value, expected):
    assert said(words.number(value)) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "12", True])
def test_what_is_no_number_is_never_printed_as_one(value):
    assert {words.number(value), words.percent(value), words.money(value, "USD"), words.probability(value, 200)} == {words.NOTHING}


def test_shares_are_percent_and_their_differences_points():
    level, difference = words.quantity("share", "USD", 0.689), words.quantity("share", "USD", 0.018)
    assert (said(level(0.689, level=True)), said(difference(0.018))) == ("68.9 %", "+1.8 pts")


def test_an_interval_says_its_unit_once():
    assert said(words.span([-0.503, -0.44], words.percent)) == "-50.3 to -44.0 %"
    assert said(words.span([-4000, -2400])) == "-4,000 to -2,400"


@pytest.mark.parametrize(
    ("value", "draws", "expected"),
    [
        (0.0, 200, "under 2 %"),
        (1.0, 200, "over 98 %"),
        (0.0, 100, "under 3 %"),
        (0.0, 5000, "under 1 %"),
        (0.0, 20, "under 15 %"),
        (1.0, 20, "over 85 %"),
        (0.0, 3, "unknown"),
        (1.0, 1, "unknown"),
        (0.0, None, "unknown"),
    ],
)
def test_where_no_draw_or_every_draw_loses_the_rule_of_three_tells_how_sure_that_is(value, draws, expected):
    assert said(words.probability(value, draws)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.005, "0.5 %"),
        (0.0995, "10.0 %"),
        (0.1, "10 %"),
        (0.26, "26 %"),
        (0.285, "29 %"),
        (0.125, "13 %"),
        (0.9, "90 %"),
        (0.925, "92.5 %"),
        (0.995, "99.5 %"),
        (0.0004, "under 0.1 %"),
        (0.9996, "over 99.9 %"),
    ],
)
def test_probabilities_have_a_decimal_at_their_ends_and_are_rounded_half_up(value, expected):
    assert said(words.probability(value, 5000)) == expected


def test_a_loss_is_said_with_its_interval_and_risk():
    told = words.answer(row(-3210.0, [-4000.0, -2400.0], 0.97), DOCUMENT)
    assert said(told) == (
        "Points would lose 3,210 USD over 52 weeks, discounted (95 % -4,000 to -2,400 by luck alone); "
        "probability of loss 97.0 %, uncertain parameters included."
    )


def test_a_gain_that_luck_could_make_is_not_called_a_gain():
    told = words.answer(row(120.0, [-400.0, 640.0]), DOCUMENT)
    assert said(told) == (
        "Points would change profit by +120 USD over 52 weeks, discounted, which luck could explain (95 % -400 to 640 by luck alone)."
    )


def test_a_scenario_without_difference_says_so():
    assert words.answer(row(0.0, [0.0, 0.0]), DOCUMENT) == "Points would make no difference to profit over 52 weeks."


def test_one_replication_admits_to_have_no_interval():
    assert "one replication, no interval" in words.answer(row(5.0, None), DOCUMENT)


@pytest.mark.parametrize(
    ("mean", "interval", "risk", "kind"),
    [
        (-5.0, [-6.0, -4.0], 0.97, "loss"),
        (5.0, [4.0, 6.0], 0.02, "gain"),
        (5.0, [4.0, 6.0], 0.4, "open"),  # luck is sure, the parameters are not
        (5.0, [4.0, 6.0], None, "gain"),
        (5.0, [-1.0, 11.0], None, "open"),
        (0.0, [0.0, 0.0], 0.5, "same"),
        (None, None, None, "open"),
    ],
)
def test_the_verdict_is_over_all_that_was_drawn(mean, interval, risk, kind):
    assert words.verdict(row(mean, interval, risk), DOCUMENT).kind == kind


@pytest.mark.parametrize(
    ("few", "told"),
    [
        ({"replications": 9}, "Cannot tell from 9 replications: 10 or more are needed"),
        ({"replications": 1}, "Cannot tell from 1 replication: 10 or more are needed"),
        ({"draws": 49}, "Cannot tell from 49 draws: 50 or more are needed"),
    ],
)
@pytest.mark.parametrize(("mean", "risk"), [(5.0, 0.0), (-5.0, 1.0)])
def test_no_verdict_is_clear_on_few_replications_or_draws(few, told, mean, risk):
    found = words.verdict(row(mean, [mean - 1.0, mean + 1.0], risk), DOCUMENT | few)
    assert (found.kind, found.glyph, found.words) == ("open", "\u25c6", told)


def test_a_clear_verdict_needs_no_draws_where_none_were_made():
    assert words.verdict(row(5.0, [4.0, 6.0]), DOCUMENT | {"draws": 0, "replications": 10}).kind == "gain"
    assert words.verdict(row(5.0, [4.0, 6.0]), DOCUMENT | {"draws": 0, "replications": 9}).kind == "open"


@pytest.mark.parametrize(("week", "told"), [(1, "never below 0"), (2, "week 2"), (None, "not within 52 weeks")])
def test_a_plan_whose_cash_never_falls_below_nothing_has_no_week_of_payback(week, told):
    assert said(words.payback({"payback_week": week}, DOCUMENT)) == told


def test_the_sensitivity_table_says_how_few_replications_it_is_made_of():
    assert words.sensitivity_note(DOCUMENT | {"sensitivity_replications": 3}).startswith("This table is made of 3 replications of 20,")
    assert words.sensitivity_note(DOCUMENT | {"sensitivity_replications": 3, "replications": 3}) == ""
    assert words.sensitivity_note(DOCUMENT) == ""


def test_no_return_comes_with_its_reason():
    roi = {"value": None, "reason": "costs nothing more than the baseline", "view": "cash", "horizon_weeks": 52}
    assert words.roi_value(roi) == "none"
    assert words.roi_note(roi) == "costs nothing more than the baseline; cash view, 52 weeks"


def test_a_return_names_its_view_and_horizon():
    roi = {"value": 0.41, "ci95_luck": [0.3, 0.5], "ci95_all": [-0.2, 1.1], "view": "accrual", "horizon_weeks": 26}
    assert said(words.roi_note(roi)) == (
        "95 % 30.0 to 50.0 % by luck; -20.0 to 110 % with uncertain parameters; accrual view, 26 weeks"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("two\r\nlines\tand\x00nul\x07", "two lines andnul"),
        ("gain\u202esso\u202c", "gainsso"),
        ("\ud800half", "half"),
        ("會員 \U0001f468\u200d\U0001f469 é", "會員 \U0001f468\u200d\U0001f469 é"),
    ],
)
def test_a_users_text_can_steer_neither_terminal_nor_direction(text, expected):
    assert words.plain(text) == expected


def test_a_users_text_ends_somewhere():
    assert len(words.plain("x" * 10_000)) == 300
