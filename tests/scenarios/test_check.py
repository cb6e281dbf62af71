"""All that is wrong is told at once: where, what, the rule, and the nearest right answer."""

from __future__ import annotations

import re

import pytest

from regulars.scenarios import ScenarioError, load

BROKEN = """name: broken on purpose
horizon_weeks: minus three
step_days: 99
market:
  customers: -5
  prospects: many
behaviors:
  purchse: {r: 0.243, alpha: 4.414}
"""


def test_every_faulty_line_is_named_at_once(refusal):
    lines = refusal(BROKEN)
    assert [int(line.split(":")[1]) for line in lines] == [2, 3, 5, 6, 8]
    assert lines[0] == "s.yaml:2:16: horizon_weeks = minus three: must be a whole number 1 to 1040 (unit weeks). Default: 52."
    assert lines[1] == "s.yaml:3:12: step_days = 99: must be 7 or 1. Nearest right value: 7."
    assert lines[4] == "s.yaml:8:3: behaviors.purchse: no such behavior. Did you mean 'purchase'?"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "behaviors:\n  toy_pull:\n    kappa: 0.9\n",
            "s.yaml:3:12: behaviors.toy_pull.kappa = 0.9: must be 0 to 0.6 (unit 1). Nearest right value: 0.6.",
        ),
        ("behaviors:\n  toy_pull: {kapa: 0.1}\n", "s.yaml:2:14: behaviors.toy_pull.kapa: no such name here. Did you mean 'kappa'?"),
        (
            "behaviors: {toy_pull: {lag_weeks: 1.5}}\n",
            "s.yaml:1:35: behaviors.toy_pull.lag_weeks = 1.5: must be a whole number 1 to 52 (unit weeks). Nearest right value: 2.",
        ),
        (
            "behaviors: {toy_pull: {kappa: '0.2'}}\n",
            's.yaml:1:31: behaviors.toy_pull.kappa = "0.2": must be a number 0 to 0.6 (unit 1). Nearest right value: 0.2.',
        ),
        ("behaviors: {toy_pull: {attainable: 1}}\n", "s.yaml:1:36: behaviors.toy_pull.attainable = 1: must be true or false."),
        (
            "behaviors: {toy_pull: {label: 5}}\n",
            's.yaml:1:31: behaviors.toy_pull.label = 5: must be text. To mean the text put it in quotes: "5".',
        ),
        ("behaviors: {toy_pull: {cuts: 5}}\n", "s.yaml:1:30: behaviors.toy_pull.cuts = 5: must be a list: [a, b, ...]."),
        (
            "behaviors: {toy_pull: {cuts: [1, x]}}\n",
            "s.yaml:1:34: behaviors.toy_pull.cuts.1 = x: must be a number.",
        ),
        (
            "behaviors: {toy_mood: {type: eve}}\n",
            "s.yaml:1:30: behaviors.toy_mood.type = eve: must be even, odd or none. Nearest right value: even.",
        ),
        ("behaviors: {toy_mood: {type: odd, level: 1}}\n", "s.yaml:1:35: behaviors.toy_mood.level: no such name here. Known: swing."),
        ("programs: {card: {stamps: 3}}\n", "s.yaml:1:12: programs.card: needs a `type`. Did you mean `type: stamp_card`?"),
        ("programs: {card: {type: toy_crd}}\n", "s.yaml:1:25: programs.card.type = toy_crd: no such program. Did you mean 'toy_card'?"),
        ("programs: {card: {type: [5]}}\n", "s.yaml:1:25: programs.card.type: no such program."),
        (
            "programs: {card: {type: toy_card, mode: fany}}\n",
            "s.yaml:1:41: programs.card.mode = fany: must be plain or fancy. Nearest right value: fancy.",
        ),
        ("programs: {a: {type: toy_ticket}}\n", "s.yaml:1:12: programs.a.price: missing. Price."),
        (
            "programs: {a: {type: toy_card, prizes: {cup: {points: 5000}}}}\n",
            "s.yaml:1:55: programs.a.prizes.cup.points = 5000: must be 1 to 1000 (unit points). Nearest right value: 1000.",
        ),
        (
            "programs: {a: {type: toy_card, best: {cots: 5, points: 1}}}\n",
            "s.yaml:1:39: programs.a.best.cots: no such name here. Did you mean 'cost'?",
        ),
        (
            "programs: {a: {type: toy_card, for_segment: north}}\n",
            "s.yaml:1:45: programs.a.for_segment: no segment 'north' in market.segments.",
        ),
        ("programs: {Stars: {type: toy_card}}\n", "s.yaml:1:12: programs.Stars: a name is a-z, 0-9 and _, begins with a letter"),
        ("programs: {a.b: {type: toy_card}}\n", "s.yaml:1:12: programs.a.b: a name is a-z, 0-9 and _"),
        ("programs: [1]\n", "s.yaml:1:11: programs: must be a map of names to parts."),
        ("market: {segments: {'north side': {share: 1}}}\n", "s.yaml:1:21: market.segments.north side: a name is a-z"),
        ("market: {segments: {north: {shar: 1}}}\n", "s.yaml:1:"),
        (
            "market: {network: {type: smal_world}}\n",
            "s.yaml:1:10: market.network: type smal_world is not known. Did you mean 'small_world'?",
        ),
        (
            "market: {network: {type: small_world, rewiring: 2}}\n",
            "s.yaml:1:49: market.network.rewiring = 2: must be 0 to 1 (unit share). Nearest right value: 1.",
        ),
        ("market: {network: {rewiring: 2}}\n", "s.yaml:1:10: market.network: needs a `type`: one of"),
        ("market: {customers: 0}\n", "s.yaml:1:1: market: a market needs at least one customer or prospect."),
        ("market: {start: bse}\n", "s.yaml:1:17: market.start = bse: must be base or cohort. Nearest right value: base."),
        ("market: 5\n", "s.yaml:1:9: market = 5: must be a map of names to values"),
        ("markte: {}\n", "s.yaml:1:1: markte: no such section. Did you mean 'market'?"),
        ("currency: usd\n", "s.yaml:1:11: currency = usd: must be three capital letters, such as EUR."),
        (
            "horizon_weeks: 52.0\n",
            "s.yaml:1:16: horizon_weeks = 52.0: must be a whole number 1 to 1040 (unit weeks). Nearest right value: 52.",
        ),
        (
            "sources: {behaviors.toy_pul.kappa: x}\n",
            "s.yaml:1:11: sources.behaviors.toy_pul.kappa: no such behavior. Did you mean 'toy_pull'?",
        ),
        ("sources: {market.custmers: x}\n", "s.yaml:1:11: sources.market.custmers: no such value in market. Did you mean 'customers'?"),
        ("sources: {market.customers: ''}\n", 's.yaml:1:29: sources.market.customers = "": must have at least 1 letters.'),
        (
            "uncertainties: {economics.view: {low: 0, high: 1}}\n",
            "s.yaml:1:17: uncertainties.economics.view: only a number can have a range.",
        ),
        (
            "uncertainties: {economics.gross_margin: {low: 0.1, high: 60}}\n",
            "s.yaml:1:58: uncertainties.economics.gross_margin.high = 60: must be within what is valid for economics.gross_margin, 0 to 1.",
        ),
        (
            "uncertainties: {economics.gross_margin: {low: 1, high: 0}}\n",
            "s.yaml:1:17: uncertainties.economics.gross_margin: low must be below high.",
        ),
        ("- 1\n", "s.yaml:1:1: must be a map of sections; the least scenario is `market: {}`"),
        ("", "s.yaml:1:1: the file is empty"),
    ],
)
def test_a_fault_tells_place_value_rule_and_nearest_right_answer(refusal, text, line):
    lines = refusal(text)
    assert lines[0].startswith(line)


def test_faults_of_all_parts_come_together(refusal):
    text = "market: {customers: x, segments: {a: {share: 2}, b: {share: -1}}}\n"
    text += "behaviors: {toy_pull: {kappa: x, cuts: [x, y]}}\nunknown: 1\n"
    assert len(refusal(text)) == 7


def test_a_fault_of_reading_hides_no_other_fault(refusal):
    lines = refusal("market: {customers: .nan, customers: 5}\nhorizon_weeks: x\n")
    assert [line.split(":")[1] for line in lines] == ["1", "1", "2"]


def test_purchase_spend_and_attrition_are_on_and_all_else_is_off(refusal, write):
    write("s.yaml", "market: {}\n")
    assert {one.address for one in load("s.yaml").components} == {"behaviors.purchase", "behaviors.spend", "behaviors.attrition"}


@pytest.mark.parametrize("word", ["off", "{type: none}"])
def test_what_is_always_on_can_be_switched_off_and_shown_so(write, word):
    write("s.yaml", f"behaviors: {{attrition: {word}}}\n")
    scenario = load("s.yaml")
    assert scenario.component("behaviors.attrition") is None
    assert scenario.tree["behaviors"]["attrition"] == "off"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("behaviors: {purchase: off}\n", "s.yaml:1:23: behaviors.purchase = off: cannot be off: nobody would ever order."),
        ("behaviors: {spend: off}\n", "s.yaml:1:20: behaviors.spend = off: cannot be off: an order needs a value."),
        ("behaviors: {spend: {type: none}}\n", "s.yaml:1:27: behaviors.spend.type = none: cannot be off: an order needs a value."),
        ("behaviors: off\n", "s.yaml:1:12: behaviors = off: must be a map of names to parts. Switch behaviors off one by one."),
    ],
)
def test_a_market_without_orders_or_order_values_is_refused(refusal, text, line):
    (told,) = refusal(text)
    assert told.startswith(line)


def test_what_to_write_instead_of_off_is_valid(refusal):
    for text in ("purchase: {r: 0.1, alpha: 100}", "spend: {type: lognormal, mean_log: 2.996, between_sd: 0, within_sd: 0}"):
        assert refusal(f"behaviors: {{{text}}}\n") == []


def test_components_stand_in_canonical_order(write):
    write("s.yaml", "feedback: {toy_review: {}}\nprograms: {b: {type: toy_card}, a: {type: toy_card}}\nbehaviors: {toy_pull: {}}\n")
    assert [one.address for one in load("s.yaml").components] == [
        "behaviors.attrition",
        "behaviors.purchase",
        "behaviors.spend",
        "behaviors.toy_pull",
        "programs.a",
        "programs.b",
        "feedback.toy_review",
    ]


def test_names_that_are_types_need_no_type(write):
    write("s.yaml", "programs: {toy_card: {stamps: 3}}\n")
    assert load("s.yaml").tree["programs"]["toy_card"]["type"] == "toy_card"


def test_descriptions_are_kept_as_they_are(write):
    write("s.yaml", "description: >\n  Two\n  words\n")
    assert load("s.yaml").description == "Two words\n"


def test_sources_of_a_part_that_is_off_are_let_be(write):
    write("s.yaml", "sources: {behaviors.toy_pull.kappa: x, programs.none.price: y, claims.a: z}\n")
    assert load("s.yaml").sources["behaviors.toy_pull.kappa"] == "x"


def test_ranges_are_pairs(write):
    write("s.yaml", "uncertainties: {economics.gross_margin: {low: 0.2, high: 0.5}}\n")
    assert load("s.yaml").uncertainties == {"economics.gross_margin": (0.2, 0.5)}


def test_control_characters_of_a_value_do_not_reach_the_terminal(refusal):
    (line,) = refusal('market: {start: "a\\e[31mred\\nb"}\n')
    assert "\x1b" not in line
    assert "\n" not in line


def test_thousands_of_faults_are_told_as_a_hundred_in_time(refusal):
    text = "behaviors:\n" + "\n".join(f"  purchas{n}: {{r: {n}}}" for n in range(8000))
    assert len(refusal(text)) <= 100


def test_an_error_survives_pickling_between_processes(refusal, write):
    import pickle

    write("s.yaml", BROKEN)
    with pytest.raises(ScenarioError) as caught:
        load("s.yaml")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert again.errors == caught.value.errors
    assert re.match(r"s\.yaml:2:16: ", str(again))


def test_a_fitted_value_needs_no_range(refusal):
    """The covariance of its fit says how sure it is; a range beside it would be a second opinion."""
    text = "extends: library:online_shop/baseline\nuncertainties: {behaviors.purchase.r: {low: 0.1, high: 0.5}}\n"
    (line,) = refusal(text)
    told = "comes from market.population, whose fit tells how sure it is. Leave its range out."
    assert line == f"s.yaml:2:17: uncertainties.behaviors.purchase.r: {told}"


def test_what_is_paid_piece_by_piece_is_at_least_the_least_amount_of_money(refusal):
    text = (
        "programs: {stars: {type: points, per_money: 1, catalog: {cup: {points: 5, face_value: 1, unit_cost: 0.00004}}}}\n"
        "campaigns: {sale: {type: discount, money_off: 0.00001}}\n"
    )
    found = "\n".join(refusal(text))
    rule = "must be 0 or at least 0.0001: money is counted in such steps."
    assert f"programs.stars.catalog.cup.unit_cost = 4e-05: {rule}" in found
    assert f"campaigns.sale.money_off = 1e-05: {rule}" in found


def test_names_unlike_any_are_answered_with_those_there_are(refusal):
    (line,) = refusal("zzzz: 1\n")
    assert line.startswith("s.yaml:1:1: zzzz: no such section. Known: extends, name, description, horizon_weeks, step_days, currency, ")
    assert line.endswith(" more.")


def params_of(scenario, address):
    component = scenario.component(address)
    assert component is not None
    return component.params


def test_off_removes_an_inherited_group_at_any_depth(write):
    write("base.yaml", "programs: {card: {type: toy_card, best: {points: 5}, prizes: {a: {points: 3}, b: {points: 4}}}}\n")
    write("plan.yaml", "extends: base.yaml\nprograms: {card: {best: off, prizes: {a: off}}}\n")
    params = params_of(load("plan.yaml"), "programs.card")
    assert params.best is None and list(params.prizes) == ["b"]
    assert params_of(load("base.yaml", ["programs.card.best=off"]), "programs.card").best is None
    assert params_of(load("base.yaml").with_values({"programs.card.best": "off"}), "programs.card").best is None
    write("again.yaml", "extends: plan.yaml\nprograms: {card: {best: {points: 7}}}\n")
    assert params_of(load("again.yaml"), "programs.card").best.points == 7


def test_off_removes_the_auto_reply_of_a_desk_and_the_cell_of_an_audience(write):
    write("plan.yaml", "extends: library:saas_desk/baseline\nfeedback: {desk: {auto_reply: off, audience: {rfm: off}}}\n")
    assert params_of(load("plan.yaml"), "feedback.desk").auto_reply is None
    tiers = "programs: {club: {type: tiers, tiers: {gold: {spend: 5, birthday: off}}}}\n"
    write("tiers.yaml", tiers)
    assert params_of(load("tiers.yaml"), "programs.club").tiers["gold"].birthday is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("feedback: {d: {type: service_desk, wait: off}}\n", "feedback.d.wait = off: cannot be off: change its values instead."),
        (
            "programs: {card: {type: toy_card, prizes: off}}\n",
            "programs.card.prizes = off: cannot be off: switch its entries off one by one.",
        ),
        ("market: {network: off}\n", "market.network = off: cannot be off: change its values instead. Write {type: none}."),
        ("market: {customers: off}\n", "market.customers = off: must be a whole number 0 to 50000000 (unit people). Default: 10000."),
        (
            "feedback: {d: {type: service_desk, audience: {share: off}}}\n",
            "feedback.d.audience.share = off: must be a number 0 to 1 (unit share). Default: 1.",
        ),
    ],
)
def test_what_must_be_there_cannot_be_off(refusal, text, line):
    (told,) = refusal(text)
    assert told.partition(" ")[2] == line


def test_an_unreadable_value_in_a_claim_hides_nothing_else_at_the_top(refusal):
    lines = refusal(
        "sources: {foo.bar: x}\nuncertainties: {market.customer: {low: 0, high: 1}}\nclaims:\n"
        "  c: {kpi: repurchase, readings: {relative: 1}, source: x}\n  f: {kpi: orders, readings: {points: .nan}, source: x}\n"
    )
    assert [one.split(" ")[1].rstrip(":") for one in lines] == [
        "sources.foo.bar",
        "uncertainties.market.customer",
        "claims.c.kpi",
        "claims.f.readings.points",
    ]


def test_a_wrong_value_hides_no_contradiction_that_does_not_hang_on_it(refusal):
    discount = "campaigns: {d: {type: discount, depth: 0.2, budget: -5, start_week: 20, end_week: 10}}\n"
    assert [one.split(" ")[1] for one in refusal(discount)] == ["campaigns.d:", "campaigns.d.budget"]
    desks = "feedback: {a: {type: service_desk, opening: {opens: 20, closes: 8}}, b: {type: service_desk}}\n"
    assert [one.split(" ")[1] for one in refusal(desks)] == ["feedback.a:", "feedback.a.opening:", "feedback.b:"]


def test_a_wrong_value_brings_no_contradiction_that_hangs_on_it(refusal):
    # It may close at any hour, so it may close after 20 o'clock.
    opens = "feedback: {a: {type: service_desk, opening: {opens: 20, closes: late}}}\n"
    assert [one.split(" ")[1] for one in refusal(opens)] == ["feedback.a.opening.closes"]
    # Nor does what names others ask for go away with the part that brings them.
    tiers = "programs: {club: {type: tiers, window_weeks: 1, tiers: {silver: {}, gold: {spend: -1}}}}\n"
    mail = "campaigns: {mail: {type: push, audience: {tier: [gold]}}}\n"
    assert [one.split(" ")[1] for one in refusal(tiers + mail)] == ["programs.club.window_weeks", "programs.club.tiers.gold.spend"]
    empty = "market: {customers: 0, segments: {a: {share: 1}}}\ncampaigns: {mail: {type: push, audience: {segment: [a, b]}}}\n"
    assert [one.split(" ")[1] for one in refusal(empty)] == ["market:", "campaigns.mail.audience.segment:"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "programs: {stars: {类型: points}}\n",
            "programs.stars: needs a `type`. Did you mean `type: points`?",
        ),
        (
            "currency: NO\n",
            "currency = NO: must be three capital letters, such as EUR.",
        ),
        (
            "currency: false\n",
            'currency = false: must be text. To mean the text put it in quotes: "false".',
        ),
        (
            "behaviors: {toy_pull: {kappa: 20%}}\n",
            "behaviors.toy_pull.kappa = 20%: must be a number 0 to 0.6 (unit 1). Nearest right value: 0.2.",
        ),
        (
            "behaviors: {toy_pull: {kappa: '7 %'}}\n",
            "behaviors.toy_pull.kappa = 7 %: must be a number 0 to 0.6 (unit 1). Nearest right value: 0.07.",
        ),
        (
            "behaviors: {toy_pull: {attainable: no}}\n",
            "behaviors.toy_pull.attainable = no: must be true or false. Nearest right value: false.",
        ),
        (
            "behaviors: {toy_pull: no}\n",
            "behaviors.toy_pull = no: must be a map of parameters, {} for the defaults, or off. To leave it out write off instead of no.",
        ),
        (
            "behaviors: {toy_pull: on}\n",
            "behaviors.toy_pull = on: must be a map of parameters, {} for the defaults, or off. "
            "To take the defaults write {} instead of on.",
        ),
        (
            "programs: {null: {type: toy_card}}\n",
            "programs.null: is a value and no name in YAML. Choose another name.",
        ),
        (
            "programs: {card: {type: toy_card, prizes: {true: {points: 3}}}}\n",
            "programs.card.prizes.true: is a value and no name in YAML. Choose another name.",
        ),
    ],
)
def test_common_slips_get_a_right_answer(refusal, text, line):
    assert line in [one.partition(" ")[2] for one in refusal(text)]


def test_a_part_whose_name_is_like_no_type_gets_the_types(refusal):
    (line,) = [one for one in refusal("programs: {stars: {start_week: 2}}\n") if "`type`" in one]
    assert "Did you mean" not in line and "Known: " in line and "points" in line and "tiers" in line


@pytest.mark.parametrize("value", [".nan", "1e400", "1" + "0" * 400])
def test_an_option_that_is_no_finite_number_is_told_with_its_path(refusal, value):
    (line,) = refusal("programs: {stars: {type: toy_card}}\n", f"programs.stars.stamps={value}")
    assert line.startswith("--set:1:23: programs.stars.stamps = ")
    assert "must be a finite number" in line


@pytest.mark.parametrize(
    ("name", "renamed"), [("计划.yaml", "plan.yaml"), ("été 1.yml", "ete_1.yml"), ("con.yaml", "plan_con.yaml"), ("a(1).yaml", "a_1.yaml")]
)
def test_a_file_name_that_is_no_id_gets_one_that_is(write, name, renamed):
    write(name, "market: {}\n")
    with pytest.raises(ScenarioError, match=f"Rename it, such as {renamed};"):
        load(name)
    write(renamed, "market: {}\n")
    assert load(renamed).id == renamed.partition(".")[0]
