"""Calibration against the published CDNOW tables; what it writes, and what it warns of."""

import csv
import datetime
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.experiments import calibrate as module
from regulars.experiments import outputs
from regulars.experiments.calibrate import calibrate, check_place, population_text, summarize
from regulars.experiments.equilibrium import simulated_repeats
from regulars.experiments.transactions import BadInput, read_transactions
from regulars.experiments.uncertainty import draw_values
from regulars.scenarios import load

ROOT = Path(__file__).parents[2]
CDNOW = ROOT / "scenarios/library/online_shop/cdnow_sample.csv"


@pytest.fixture(scope="module")
def cdnow():
    return calibrate(CDNOW)


@pytest.fixture(scope="module")
def weekly():
    with (ROOT / "tests/golden/domain/cdnow_sample_weekly.csv").open() as file:
        return list(csv.DictReader(file))


def log_of(path, rows):
    path.write_text("customer,date,amount\n" + "".join(f"{who},{day},{value}\n" for who, day, value in rows))
    return path


def day(n):
    return datetime.date(2024, 1, 1) + datetime.timedelta(days=int(n))


def test_half_of_the_log_is_the_published_training_window(cdnow):
    assert cdnow.train_until == datetime.date(1997, 9, 30)
    assert cdnow.training.histories.age_weeks.max() == pytest.approx(38.86, abs=0.005)
    assert calibrate(CDNOW, train_until="1997-09-30").to_json() == cdnow.to_json()


def test_published_parameters_come_out_of_the_log(cdnow):
    document = cdnow.to_json()
    bgnbd, pareto, spend = document["bgnbd"], document["pareto_nbd"], document["gamma_gamma"]
    assert [bgnbd[name] for name in ("r", "alpha", "a", "b")] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.001)
    assert bgnbd["log_likelihood"] == pytest.approx(-9582.4, abs=0.1)
    assert [pareto[name] for name in ("r", "alpha", "s", "beta")] == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=0.01)
    assert [spend[name] for name in ("p", "q", "v")] == pytest.approx([6.25, 3.74, 15.44], abs=0.02)
    assert all(error > 0 for one in (bgnbd, pareto, spend) for error in one["se"].values())


def test_backtest_follows_the_log_and_the_published_curves(cdnow, weekly):
    assert [row["week"] for row in cdnow.holdout] == list(range(1, 79))
    assert [row["actual"] for row in cdnow.holdout] == [int(row["cum_repeat"]) for row in weekly]
    # The table has the published parameters, rounded to three digits; ours are the maximum itself.
    expected = [float(row["bgnbd_published_params"]) for row in weekly]
    assert [row["bgnbd"] for row in cdnow.holdout] == pytest.approx(expected, rel=2e-3, abs=0.01)
    expected = [float(row["paretonbd_mle"]) for row in weekly]
    assert [row["pareto_nbd"] for row in cdnow.holdout] == pytest.approx(expected, rel=5e-4, abs=0.01)


def test_the_backtest_says_that_it_cannot_rank_the_models(cdnow):
    # BG/NBD misses week 78 by 4 %, less than one standard deviation (188) of a simulated cohort.
    assert cdnow.simulated_sd == pytest.approx(188.3, rel=0.05)
    assert len(cdnow.notes) == 1 and "cannot rank" in cdnow.notes[0]


def test_a_later_training_day_forecasts_less(cdnow):
    later = calibrate(CDNOW, train_until=datetime.date(1998, 6, 30))
    assert later.training.bgnbd.model == cdnow.whole.bgnbd.model
    assert "no whole week lies beyond" in later.notes[0]


def test_customers_who_come_after_the_training_window_are_not_in_the_backtest(tmp_path):
    early = [(f"e{n}", day(d), 5) for n in range(30) for d in (n % 5, 20 + n, 120)]
    late = [(f"l{n}", day(d), 5) for n in range(30) for d in (80, 100)]
    found = calibrate(log_of(tmp_path / "log.csv", early + late))
    assert len(found.training.histories.customer) == 30 and len(found.whole.histories.customer) == 60
    assert found.holdout[-1]["actual"] == 30 and found.to_json()["customers"] == 60


def test_spend_leaves_out_first_orders_and_zeros(tmp_path):
    rows = [("a", day(0), 100), ("a", day(7), 0), ("a", day(14), 30), ("b", day(3), 50), ("b", day(3), 5)]
    histories = summarize(read_transactions(log_of(tmp_path / "log.csv", rows)), 20)
    assert histories.frequency.tolist() == [2, 0] and histories.paid.tolist() == [1, 0]
    assert histories.mean_value.tolist() == [30.0, 0.0] and histories.orders == 4
    assert histories.recency_weeks.tolist() == [2.0, 0.0]
    assert (histories.entry_week + histories.age_weeks).tolist() == [3.0, 3.0]


def test_the_simulator_is_given_the_training_population_and_its_mean_is_kept(cdnow):
    seen = {}

    def simulate(population, weeks):
        seen.update(population)
        return np.array([np.arange(weeks), np.arange(weeks) + 2.0])

    found = calibrate(CDNOW, simulate=simulate)
    assert seen["purchase"]["r"] == cdnow.training.bgnbd.model.r
    assert seen["fitted"]["train_until"] == "1997-09-30" and seen["fitted"]["weeks"] == 39.0
    assert [row["simulated"] for row in found.holdout[:3]] == [1.0, 2.0, 3.0]
    assert cdnow.holdout[0]["simulated"] is None


def test_a_simulation_of_a_sample_is_scaled_to_all_customers(monkeypatch):
    monkeypatch.setattr(module, "MOST_HISTORIES", 1000)
    found = calibrate(CDNOW, simulate=lambda population, weeks: np.full(weeks, float(len(population["histories"]["rows"]))))
    assert found.holdout[0]["simulated"] == pytest.approx(2357.0)


def test_the_population_is_of_the_whole_log_as_of_its_last_day(cdnow):
    people = cdnow.population()
    assert people["fitted"] == {"customers": 2357, "orders": 6696, "train_until": "1998-06-30", "weeks": 78.0}
    assert people["purchase"]["r"] == cdnow.whole.bgnbd.model.r != cdnow.training.bgnbd.model.r
    rows = np.array(people["histories"]["rows"])
    assert people["histories"]["columns"] == ["entry_week", "frequency", "recency_weeks", "age_weeks", "mean_value"]
    assert rows[:, 0] + rows[:, 3] == pytest.approx(78.0, abs=2e-4)
    assert rows[:, 1].sum() == 4339  # All repeat orders of the log.


def test_the_first_rows_are_a_fair_sample(cdnow):
    rows = np.array(cdnow.population()["histories"]["rows"])
    for column in (0, 1):
        spread = rows[:, column].std() / np.sqrt(500)
        assert rows[:500, column].mean() == pytest.approx(rows[:, column].mean(), abs=3 * spread)


def test_the_covariance_is_of_log_parameters(cdnow):
    people = cdnow.population()
    of = people["covariance"]["purchase_attrition"]
    assert of["names"] == ["r", "alpha", "a", "b"] and people["covariance"]["of"] == "log parameters"
    assert np.all(np.linalg.eigvalsh(np.array(of["matrix"])) > 0)
    # Delta method: the error of r is r times the error of log r.
    assert people["standard_errors"]["r"] == pytest.approx(people["purchase"]["r"] * np.sqrt(of["matrix"][0][0]))


def test_beyond_the_cap_the_file_holds_a_stated_sample(cdnow, monkeypatch):
    everyone = cdnow.population()["histories"]["rows"]
    monkeypatch.setattr(module, "MOST_HISTORIES", 100)
    people = cdnow.population()
    assert people["histories"]["rows"] == everyone[:100] and "histories of 100 of 2,357 customers" in people["source"]


def test_the_file_reads_back_as_the_same_population(cdnow, tmp_path):
    from ruamel.yaml import YAML

    path = tmp_path / "population.yaml"
    cdnow.write_population(path)
    first = path.read_bytes()
    assert YAML(typ="safe", pure=True).load(path) == cdnow.population()
    cdnow.write_population(path)
    assert path.read_bytes() == first and b"WHOLE log" in first and b"1997-09-30" in first
    assert [one.name for one in tmp_path.iterdir()] == ["population.yaml"]


def test_small_numbers_and_odd_texts_survive_yaml():
    from ruamel.yaml import YAML

    data = {
        "source": 'a "log": #1, 客户 \\ x',
        "small": 1e-12,
        "none": None,
        "deep": {"list": [1, 2.5, None], "rows": [[1e-7, 3], [2.0, 4]]},
    }
    assert YAML(typ="safe", pure=True).load(population_text(data)) == data


def test_a_failed_write_leaves_what_was_there(cdnow, tmp_path, monkeypatch):
    path = tmp_path / "population.yaml"
    path.write_text("kind: population")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(outputs.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cdnow.write_population(path)
    assert path.read_text() == "kind: population" and len(list(tmp_path.iterdir())) == 1


ADDED = ["notes", "train_until", "population"]


def test_the_document_has_the_agreed_keys(cdnow):
    document = json.loads(json.dumps(cdnow.to_json(), allow_nan=False))
    assert list(document) == ["customers", "orders", "repairs", "bgnbd", "pareto_nbd", "gamma_gamma", "holdout", *ADDED]
    assert set(document["bgnbd"]) == {"r", "alpha", "a", "b", "log_likelihood", "se"}
    assert set(document["holdout"][0]) == {"week", "actual", "bgnbd", "pareto_nbd", "simulated"}
    assert document["repairs"]["same_day_orders"]["count"] == 223


def test_the_document_holds_the_notes_and_the_fit_that_a_population_holds(cdnow):
    document = cdnow.to_json(offsets={"purchase": 0.5, "attrition": -0.5}, file="a/b.yaml")
    assert document["notes"] == cdnow.notes != []
    people = document["population"]
    assert (people["file"], people["until"], document["train_until"]) == ("a/b.yaml", "1998-06-30", "1997-09-30")
    assert people["purchase"] == {"r": cdnow.whole.bgnbd.model.r, "alpha": cdnow.whole.bgnbd.model.alpha, "offset": 0.5}
    assert people["purchase"]["r"] != document["bgnbd"]["r"] and people["standard_errors"]["q"] > 0
    assert cdnow.to_json()["population"]["file"] is None


def regular(customers=40, orders=20, amount=lambda who, n: 10.0):
    return [(f"c{who}", day(7 * n + who % 7), amount(who, n)) for who in range(customers) for n in range(orders)]


def used(found, tmp_path):
    """The written population in a scenario, and draws of its parameters."""
    found.write_population(tmp_path / "people.yaml")
    (tmp_path / "shop.yaml").write_text("name: Shop\nmarket: {customers: 50, population: people.yaml}\n")
    shop = load(str(tmp_path / "shop.yaml"))
    return shop, draw_values(shop, [], 200, 1)


def test_customers_who_are_all_alike_get_the_simple_model_in_plain_words(tmp_path):
    found = calibrate(log_of(tmp_path / "log.csv", regular()))
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (document["bgnbd"]["r"], document["gamma_gamma"]["q"]) == (100.0, 1000.0)
    assert document["bgnbd"]["se"]["r"] is None and document["bgnbd"]["se"]["a"] is None
    # One order a week, told by the limits to within luck: 40 customers, 10 weeks, standard error 5 %.
    assert document["bgnbd"]["r"] / document["bgnbd"]["alpha"] == pytest.approx(1.0, rel=0.1)
    assert found.whole.gamma_gamma.model.mean_value == pytest.approx(10.0, rel=0.01)
    notes = " ".join(found.notes)
    for words in ("r = 100", "nearly one rate", "nobody seems to leave", "all worth nearly the same", "hardly known"):
        assert words in notes
    shop, draws = used(found, tmp_path)
    assert shop.value("behaviors.purchase.r") == 100.0
    # What is at a limit is not drawn; the mean rate still is.
    assert "behaviors.purchase.r" not in draws[0]
    alpha = np.log([one["behaviors.purchase.alpha"] for one in draws])
    assert alpha.std() == pytest.approx(1 / np.sqrt(40 * 19), rel=0.2)


def test_the_simulator_runs_on_a_log_without_differences(tmp_path):
    found = calibrate(log_of(tmp_path / "log.csv", regular()), simulate=lambda people, weeks: np.full(weeks, 1.0 * weeks))
    weekly = simulated_repeats(module.population(found.log, found.training), found.simulated_weeks)
    assert weekly.shape[1] == 20 and weekly[:, -1].mean() == pytest.approx(40 * 19, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_equal_amounts_at_different_rates_keep_mean_and_rates(tmp_path, seed):
    luck = np.random.default_rng(seed)
    rows = [(f"c{who}", day(when), 20) for who in range(200) for when in {0, *luck.integers(0, 364, luck.poisson(luck.gamma(1, 6)))}]
    found = calibrate(log_of(tmp_path / "log.csv", rows))
    spend = found.whole.gamma_gamma
    assert spend.model.mean_value == pytest.approx(20, rel=0.01) and np.isnan(spend.standard_errors["p"])
    assert found.whole.bgnbd.model.r < 5
    used(found, tmp_path)


def test_fits_inside_the_limits_are_the_maximum_likelihood_itself(cdnow):
    from regulars.analysis.models import bg_nbd

    past = cdnow.whole.histories
    free = bg_nbd.fit(past.frequency, past.recency_weeks, past.age_weeks)
    assert free.model == cdnow.whole.bgnbd.model and free.standard_errors == cdnow.whole.bgnbd.standard_errors
    assert (
        cdnow.whole.buying.held == {}
        and cdnow.whole.buying.eased == ()
        and np.array_equal(cdnow.whole.buying.matrix, np.asarray(free.covariance))
    )


def test_the_best_fit_within_limits_is_better_than_its_neighbors(tmp_path):
    past = calibrate(log_of(tmp_path / "log.csv", regular())).whole
    best = past.bgnbd.model
    for change in ({"r": 50.0, "alpha": best.alpha / 2}, {"alpha": best.alpha * 1.02}, {"alpha": best.alpha / 1.02}, {"a": 0.01}):
        other = type(best)(**{**vars(best), **change})
        history = past.histories.frequency, past.histories.recency_weeks, past.histories.age_weeks
        assert other.log_likelihood(*history).sum() < past.bgnbd.log_likelihood


def test_amounts_without_a_mean_are_told_with_both_means(tmp_path):
    luck = np.random.default_rng(5)
    rows = regular(60, 8, lambda who, n: round(float(luck.pareto(0.6) + 0.1), 2))
    found = calibrate(log_of(tmp_path / "log.csv", rows))
    assert found.whole.spending.held["q"] == "least" and found.whole.gamma_gamma.model.q == 1.01
    assert any("at 619.47, the log at 75.17 a customer" in note and "Look at the largest amounts" in note for note in found.notes)
    used(found, tmp_path)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (
            regular(3, 5),
            "of 3 customers by 2024-01-31, 3 have a repeat order: must be at least 10 to tell how customers differ. Take a longer log.",
        ),
        (regular(40, 1) + regular(9, 5), "9 have a repeat order: must be at least 10"),
        (regular(40, 6, lambda who, n: 10 if who < 9 or n == 0 else 0), "9 have a repeat order of an amount above 0"),
    ],
)
def test_a_log_too_thin_is_refused_in_one_line_with_what_to_do(tmp_path, rows, rule):
    with pytest.raises(BadInput) as caught:
        calibrate(log_of(tmp_path / "thin.csv", rows))
    (line,) = caught.value.errors
    assert line.startswith(f"{tmp_path / 'thin.csv'}:1:1: ") and rule in line


def test_a_log_longer_than_a_scenario_is_simulated_as_far_as_one_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_WEEKS", 10)
    found = calibrate(log_of(tmp_path / "log.csv", regular()), simulate=lambda people, weeks: np.ones(weeks))
    simulated = [row["simulated"] for row in found.holdout]
    assert found.simulated_weeks == 10 and simulated == [1.0] * 10 + [None] * (len(simulated) - 10)


def test_places_that_cannot_take_a_population_are_named_as_given(tmp_path):
    log = log_of(tmp_path / "log.yaml", regular(2, 2))
    (tmp_path / "scenario.yaml").write_text("name: Mine\n")
    (tmp_path / "folder.yaml").mkdir()
    for name, rule in (
        ("scenario.yaml/people.yaml", "is no folder"),
        ("folder.yaml", "must be a file"),
        ("log.yaml", "would be overwritten"),
        ("scenario.yaml", "holds something that is not a population"),
    ):
        place = tmp_path / name
        with pytest.raises((BadInput, outputs.OutputError), match=rule) as caught:
            check_place(place, log)
        assert str(caught.value).startswith(f"--out {place}: ")


def test_a_new_place_an_empty_file_and_an_earlier_population_are_fine(cdnow, tmp_path):
    (tmp_path / "empty.yaml").touch()
    cdnow.write_population(tmp_path / "earlier.yaml")
    for name in ("new.yaml", "empty.yaml", "earlier.yaml", "folder/new.yaml"):
        check_place(tmp_path / name, CDNOW)


def test_a_population_is_not_written_over_a_file_of_another_kind(cdnow, tmp_path):
    with pytest.raises(outputs.OutputError, match=r"report\.html: must end in \.yaml or \.yml"):
        cdnow.write_population(tmp_path / "report.html")
    (tmp_path / "shop.yaml").write_text("market: {customers: 5}")
    with pytest.raises(BadInput, match="not a population and would be lost"):
        cdnow.write_population(tmp_path / "shop.yaml")
    assert [one.name for one in tmp_path.iterdir()] == ["shop.yaml"]


def test_a_failed_write_names_the_path_that_was_given(cdnow, tmp_path):
    (tmp_path / "gone").touch()
    path = tmp_path / "gone" / "people.yaml"
    with pytest.raises(OSError) as caught:
        cdnow.write_population(path)
    assert caught.value.filename == str(path)


def test_spend_that_grows_with_frequency_is_noted(tmp_path):
    rows = [(f"c{who}", day(3 * n), 5 + who) for who in range(40) for n in range(2 + who)]
    assert any("independent" in note for note in calibrate(log_of(tmp_path / "log.csv", rows)).notes)


@pytest.mark.parametrize(
    ("train_until", "rule"),
    [
        ("1997-13-01", "must be a day such as 1997-01-01"),
        ("1999-01-01", "must be a day of the log"),
        ("1996-12-31", "must be a day of the log"),
        ("1997-01-01", "0 have a repeat order: must be at least 10 .* Choose a later --train-until"),
    ],
)
def test_training_days_that_cannot_be_are_refused(train_until, rule):
    with pytest.raises(BadInput, match=rule) as caught:
        calibrate(CDNOW, train_until=train_until)
    assert len(caught.value.errors) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 60), st.sampled_from([0, 0.01, 5, 7.25, 1e6])), min_size=20, max_size=120)
)
def test_any_log_is_calibrated_to_a_population_that_loads_or_refused(tmp_path, rows):
    path = log_of(tmp_path / "any.csv", [(f"c{who}", day(when), value) for who, when, value in rows])
    try:
        found = calibrate(path)
    except BadInput as refused:
        assert refused.errors
    else:
        json.dumps([found.to_json(), found.population()], allow_nan=False)
        _, draws = used(found, tmp_path)
        assert all(np.isfinite(list(one.values())).all() for one in draws)


def test_the_currency_of_the_amounts_can_be_told_and_is_written():
    found = calibrate(CDNOW, currency="EUR")
    assert found.population()["currency"] == "EUR"
    assert 'currency: "EUR"' in population_text(found.population())


def test_a_currency_that_is_none_or_not_that_of_the_log_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"^--currency:1:1: currency = 'euro': must be a three-letter code such as EUR\.$"):
        calibrate(CDNOW, currency="euro")
    log = tmp_path / "log.csv"
    rows = [f"{who},2024-01-{n:02},5,GBP\n" for who in range(1, 20) for n in (1, who + 1)]
    log.write_text("customer,date,amount,currency\n" + "".join(rows))
    with pytest.raises(BadInput, match=r"currency = 'EUR': the amounts of .* are in GBP\. Leave the option out\.$"):
        calibrate(log, currency="EUR")
