"""The command line keeps its contract: strict JSON, exit codes, errors with their place, files whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regulars import cli, terminal

SHOP = "library:online_shop"
SMALL = ["--weeks", "6", "--replications", "3", "--threads", "1", "--set", "market.customers=400", "--set", "market.prospects=300"]
SAMPLE = Path(__file__).parents[1] / "scenarios/library/online_shop/cdnow_sample.csv"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def regulars(*words: str) -> Any:
    """The command in this process, as the shell would see it."""
    return CliRunner().invoke(cli.app, list(words), prog_name="regulars")


def strict(text: str) -> Any:
    """Exactly one JSON document without NaN or a key twice."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


def progress(answer: Any) -> list[str]:
    """Lines on standard error, without the one that a machine prints once."""
    return [line for line in answer.stderr.splitlines() if not line.startswith("Compiling kernels")]


def test_run_prints_its_document_and_leaves_its_files() -> None:
    answer = regulars("run", f"{SHOP}/points", *SMALL, "--json", "--out", "out", "--customers", "people.parquet")

    assert answer.exit_code == 0, answer.stderr
    document = strict(answer.stdout)
    assert document["people"] == 700
    assert document["weeks"] == 6
    assert re.fullmatch("[0-9a-f]{64}", document["state_hash"])
    timing = document["timing"]
    assert math.isclose(timing["ns_per_customer_week"], timing["simulate_s"] * 1e9 / (700 * 6 * 3))
    assert {"manifest.json", "kpis.parquet", "weekly.parquet"} <= {one.name for one in Path("out").iterdir()}
    assert Path("people.parquet").stat().st_size > 0


def test_weekly_file_is_tidy_and_adds_up_to_the_kpis() -> None:
    import pandas as pd

    document = strict(regulars("run", f"{SHOP}/points", *SMALL, "--json", "--out", "out").stdout)

    weekly = pd.read_parquet("out/weekly.parquet")
    assert list(weekly) == ["scenario", "point", "replication", "week", "kpi", "segment", "value"]
    assert (weekly["week"].min(), weekly["week"].max()) == (1, 6)
    orders = weekly.query("kpi == 'orders' and segment == 'all'").pivot_table(index="replication", values="value", aggfunc="sum")["value"]
    assert math.isclose(math.fsum(orders) / 3, document["kpis"]["orders"]["mean"])


def test_segments_have_their_rows_and_sum_to_all() -> None:
    import pandas as pd

    regulars("run", "library:tea_brand/broadcast", *SMALL, "--json", "--out", "out")

    weekly = pd.read_parquet("out/weekly.parquet")
    revenue = weekly[weekly["kpi"] == "revenue"].pivot_table(index=["replication", "week"], columns="segment", values="value")
    assert set(revenue) == {"all", "milk_tea", "fruit_tea", "low_sugar"}
    assert (revenue.drop(columns="all").sum(axis=1) - revenue["all"]).abs().max() < 1e-6


def test_compare_prints_its_document_and_writes_the_report() -> None:
    words = ["compare", f"{SHOP}/baseline", f"{SHOP}/points", *SMALL, "--draws", "4", "--json", "--report", "answer.html", "--out", "out"]

    answer = regulars(*words)

    assert answer.exit_code == 0, answer.stderr
    (row,) = strict(answer.stdout)["scenarios"]
    assert {"differences", "roi", "payback_week", "probability_of_loss", "break_even", "naive"} <= row.keys()
    assert 0.0 <= row["probability_of_loss"] <= 1.0
    assert Path("answer.html").read_text().startswith("<!doctype html>")


def test_loops_prints_its_document() -> None:
    answer = regulars("loops", f"{SHOP}/mail", *SMALL, "--json")

    assert answer.exit_code == 0, answer.stderr
    document = strict(answer.stdout)
    names = [one["name"] for one in document["loops"]]
    assert "word_of_mouth" in names and len(set(names)) == len(names)
    for one in document["loops"]:
        assert one["sign"] in (1, -1) and one["delay_weeks"] >= 0 and one["path"]
        assert {"profit", "retention_rate"} <= one["worth"].keys()
        assert {"mean", "ci95"} <= one["worth"]["profit"].keys()


def test_loops_hides_what_cannot_be_measured_unless_all_is_asked_for() -> None:
    words = ["loops", f"{SHOP}/points_and_mail", *SMALL]
    few, everything = (regulars(*words, *more) for more in ((), ("--all",)))
    assert few.exit_code == everything.exit_code == 0
    names = [one["name"] for one in strict(regulars(*words, "--json").stdout)["loops"]]
    assert "together contribute" in few.stdout and "--all shows" in few.stdout and "! 3 replications" in few.stdout
    assert all(f"  {name}" in everything.stdout for name in names) and not all(f"  {name}" in few.stdout for name in names)


def test_loops_says_so_where_there_are_none() -> None:
    Path("plain.yaml").write_text("name: Plain\nhorizon_weeks: 4\nmarket: {customers: 100, prospects: 0}\n")
    answer = regulars("loops", "plain.yaml")
    assert answer.exit_code == 0, answer.stderr
    assert "No feedback loop" in answer.stdout
    assert strict(regulars("loops", "plain.yaml", "--json").stdout)["loops"] == []


def test_compare_without_draws_leaves_the_risk_null() -> None:
    (row,) = strict(regulars("compare", f"{SHOP}/baseline", f"{SHOP}/mail", *SMALL, "--draws", "0", "--json").stdout)["scenarios"]

    assert row["probability_of_loss"] is None
    assert row["roi"]["ci95_all"] is None


def test_a_scenario_differs_from_itself_by_exactly_nothing() -> None:
    Path("twin.yaml").write_text(f"name: Twin\nextends: {SHOP}/points\n")

    (row,) = strict(regulars("compare", f"{SHOP}/points", "twin.yaml", *SMALL, "--draws", "0", "--json").stdout)["scenarios"]

    told = [one for one in row["differences"].values() if one is not None]
    assert len(told) >= 20
    assert all((one["mean"], one["sd"], one["ci95"]) == (0.0, 0.0, [0.0, 0.0]) for one in told)
    assert row["roi"]["value"] is None
    assert row["roi"]["reason"]


def test_short_work_without_a_terminal_writes_nothing_but_its_result() -> None:
    answer = regulars("run", f"{SHOP}/baseline", *SMALL, "--json")

    assert strict(answer.stdout)
    assert progress(answer) == []


def test_long_work_without_a_terminal_tells_its_progress_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SECONDS_A_LINE", 0.0)

    answer = regulars("run", f"{SHOP}/baseline", *SMALL, "--json")

    assert strict(answer.stdout)
    lines = progress(answer)
    assert len(lines) >= 2
    assert all(re.fullmatch(r"replications \d+ %, about \d+ s left", line) for line in lines)


def test_runs_without_out_never_overwrite_each_other() -> None:
    for _ in range(2):
        regulars("run", f"{SHOP}/baseline", *SMALL, "--json")

    assert sorted(one.name for one in Path("runs").iterdir()) == ["online_shop-baseline-0001", "online_shop-baseline-0002"]


@pytest.mark.parametrize("command", ["run", "show", "validate"])
def test_what_is_wrong_is_told_with_its_place_and_exit_code_2(command: str) -> None:
    Path("bad.yaml").write_text("name: x\nbehaviors:\n  loyalty: {effekt: 1}\n")

    answer = regulars(command, "bad.yaml")

    assert answer.exit_code == 2
    assert re.search(r"bad\.yaml:3:\d+: .*effekt.*'effect'", answer.stderr)
    assert answer.stdout == ""


def test_all_scenarios_of_a_comparison_are_checked_before_any_runs() -> None:
    for name in ("one", "two"):
        Path(f"{name}.yaml").write_text("name: x\nhorizon_weeks: never\n")

    answer = regulars("compare", "one.yaml", "two.yaml")

    assert answer.exit_code == 2
    assert "one.yaml:2:" in answer.stderr
    assert "two.yaml:2:" in answer.stderr
    assert not Path("runs").exists()


def test_scenarios_of_different_length_are_not_compared() -> None:
    Path("short.yaml").write_text(f"name: Short\nextends: {SHOP}/baseline\nhorizon_weeks: 10\n")

    answer = regulars("compare", f"{SHOP}/baseline", "short.yaml")

    assert answer.exit_code == 2
    assert "horizon_weeks = 10: must be 52" in answer.stderr


def test_options_are_told_by_their_place() -> None:
    answer = regulars("show", f"{SHOP}/baseline", "--set", "market.prospects=1", "--set", "market.customers=-5")

    assert answer.exit_code == 2
    assert re.search(r"^--set:2:\d+: market\.customers = -5", answer.stderr, re.MULTILINE)


def test_show_is_valid_input_again() -> None:
    shown = strict(regulars("show", "library:tea_brand/tagged_push", "--json").stdout)
    Path("again.yaml").write_text(json.dumps(shown["scenario"]))

    assert regulars("validate", "again.yaml").exit_code == 0
    assert strict(regulars("show", "again.yaml", "--json").stdout)["scenario"] == shown["scenario"]


def test_diff_names_what_a_plan_changes() -> None:
    answer = regulars("diff", f"{SHOP}/baseline", f"{SHOP}/points")

    assert "programs.stars.catalog.voucher.points" in answer.stdout
    assert regulars("diff", f"{SHOP}/baseline", f"{SHOP}/baseline").stdout == "no difference\n"


def test_show_prints_every_value_even_those_whose_name_has_dots() -> None:
    rows = regulars("show", f"{SHOP}/points").stdout.splitlines()

    (row,) = [one for one in rows if one.startswith("sources.programs.stars")]
    assert row.split() == ["sources.programs.stars", '"plan"', "library:online_shop/points.yaml:16"]


def test_diff_signs_what_only_one_side_has() -> None:
    Path("b.yaml").write_text(f"extends: {SHOP}/points\nname: B\nmarket: {{prospects: 1}}\nprograms: {{stars: off}}\n")

    rows = [line.split() for line in regulars("diff", f"{SHOP}/points", "b.yaml").stdout.splitlines()]

    assert ["market.prospects", "5000", "->", "1"] in rows
    assert ["-", "programs.stars.per_money", "1.0"] in rows
    assert not [row for row in rows if "-" in row[1:] or "{}" in row]


def test_a_population_file_is_told_from_a_scenario() -> None:
    answer = regulars("validate", f"{SHOP}/cdnow", f"{SHOP}/points")

    assert answer.exit_code == 0
    assert answer.stdout == f"{SHOP}/cdnow: valid population file\n{SHOP}/points: valid\n"
    for command in ("run", "show", "compare"):
        refused = regulars(command, f"{SHOP}/cdnow", *([f"{SHOP}/cdnow"] if command == "compare" else []))
        assert refused.exit_code == 2
        assert len(refused.stderr.splitlines()) == 1
        assert "market: {population: library:online_shop/cdnow.yaml}" in refused.stderr


def test_calibrate_reports_the_published_fit_and_writes_a_population_that_runs() -> None:
    words = ["--customer", "customer_id", "--date", "date", "--amount", "dollars", "--out", "mine.yaml", "--json"]

    document = strict(regulars("calibrate", str(SAMPLE), *words).stdout)

    # Fader, Hardie & Lee 2005: r .243, alpha 4.414, a .793, b 2.426.
    assert [round(document["bgnbd"][name], 3) for name in ("r", "alpha", "a", "b")] == [0.243, 4.414, 0.793, 2.426]
    last = document["holdout"][-1]
    # The simulation with all behaviors in balance is the model: within Monte Carlo error (sd 187, 40 cohorts) of it at week 78.
    assert abs(last["simulated"] - last["bgnbd"]) < 4 * 187 / 40**0.5
    Path("mine_shop.yaml").write_text("name: Mine\nmarket: {customers: 500, population: mine.yaml}\n")
    assert regulars("run", "mine_shop.yaml", "--replications", "2", "--json").exit_code == 0


def test_calibrate_refuses_a_log_without_customers() -> None:
    Path("empty.csv").write_text("customer,date,amount\n")

    answer = regulars("calibrate", "empty.csv")

    assert answer.exit_code == 2
    assert "empty.csv:" in answer.stderr


def test_calibrate_finds_out_before_fitting_that_it_cannot_write() -> None:
    Path("scenario.yaml").write_text("name: Mine\n")

    for place, rule, status in (("scenario.yaml/people.yaml", "is no folder", 3), ("scenario.yaml", "not a population", 2)):
        answer = regulars("calibrate", str(SAMPLE), "--amount", "dollars", "--out", place)

        assert answer.exit_code == status
        (line,) = answer.stderr.splitlines()
        assert line.startswith(f"--out {place}: ") and rule in line


def test_calibrate_answers_awkward_logs_in_lines_that_name_the_log() -> None:
    Path("thin.csv").write_text("customer,date,amount\na,2024-01-01,5\na,2024-02-01,6\nb,2024-01-05,7\n")

    answer = regulars("calibrate", "thin.csv")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("thin.csv:1:1: ") and "scenario:1:1" not in answer.stderr


def test_catalog_prints_one_document() -> None:
    document = strict(regulars("catalog", "--json").stdout)

    assert {"components", "kpis"} == document.keys()
    assert any(one["type"] == "points" for one in document["components"])
    assert strict(regulars("catalog", "kpis", "--json").stdout)["kpis"] == document["kpis"]


@pytest.mark.parametrize("name", ["push", "attrition", "service_desk", "seasonality"])
def test_catalog_prints_the_page_of_a_component(name: str) -> None:
    told = regulars("catalog", name).stdout
    document = strict(regulars("catalog", name, "--json").stdout)

    assert document.keys() == {"components"} and {one["type"] for one in document["components"]} == {name}
    for one in document["components"]:
        assert one["doc"] in told
        for row in one["parameters"]:
            lines = told.rpartition(f"type: {one.get('variant')}\n")[2].partition(f"\n  {row['name']}\n")[2].partition("\n\n")[0]
            assert " ".join(row["doc"].split()) in lines and " ".join(row["source"].split()) in lines, row["name"]
            assert row["unit"] in lines and all(str(choice) in lines for choice in row["choices"] or ()), row["name"]
            assert not isinstance(row["default"], float | int) or "default " in lines or row["group"], row["name"]


def test_catalog_tells_the_nearest_component() -> None:
    assert regulars("catalog", "pusj").stderr == "catalog: no component 'pusj'. Did you mean 'push'?\n"


def test_exit_codes_are_told_as_they_are_in_the_code() -> None:
    root = Path(cli.__file__).parents[2]
    page = (root / "docs/reading_the_answer.md").read_text(encoding="utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", page, re.M)} == terminal.EXIT_CODES
    epilog = " ".join(re.sub("[^!-~ \n]", " ", regulars("--help").stdout).split())
    assert all(f"{code} {meaning}" in epilog for code, meaning in terminal.EXIT_CODES.items())
    used = {terminal.INTERRUPTED, terminal.PIPE_CLOSED}
    for folder in ("src", "experiments", "analysis", "scenarios"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            used |= {int(code) for code in re.findall(r"(?:Exit\(|exit_code = )(\d+)", text)}
    assert used | {0} == set(terminal.EXIT_CODES)


def test_schema_is_a_json_schema() -> None:
    assert strict(regulars("schema").stdout)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("words", [["--no-such-option"], ["no-such-command"], ["run"], ["run", "absent.yaml"], ["catalog", "kpi"]])
def test_usage_errors_exit_with_2(words: list[str]) -> None:
    answer = regulars(*words)

    assert answer.exit_code == 2
    assert answer.stderr


def test_a_folder_that_cannot_be_written_exits_with_3() -> None:
    Path("blocked").write_text("a file where a folder should be")

    answer = regulars("run", f"{SHOP}/baseline", *SMALL, "--out", "blocked")

    assert answer.exit_code == 3
    assert "blocked" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_outputs_are_looked_at_before_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.experiments.run.run", lambda *_, **__: pytest.fail("the simulation began"))
    Path("people.parquet").mkdir()
    Path("mine").mkdir()
    Path("mine/notes.txt").touch()

    answer = regulars("run", f"{SHOP}/baseline", *SMALL, "--out", "mine", "--customers", "people.parquet")

    assert answer.exit_code == 3
    assert [line.split(":")[0] for line in answer.stderr.splitlines()] == ["--customers people.parquet", "--out mine"]


def test_a_file_that_a_scenario_is_read_from_is_never_written_over() -> None:
    Path("ties.parquet").write_text("sender,receiver\n1,2\n")
    Path("s.yaml").write_text("market: {customers: 5, network: {type: edge_list, file: ties.parquet}}\n")

    answer = regulars("run", "s.yaml", "--customers", "ties.parquet")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("--customers ties.parquet: this file is read")
    assert Path("ties.parquet").read_text().startswith("sender")


def test_a_second_run_into_a_folder_takes_the_place_of_the_first() -> None:
    words = ["run", f"{SHOP}/baseline", *SMALL, "--out", "out", "--customers", "out/people.parquet", "--json"]
    first, second = (strict(regulars(*words, "--seed", seed).stdout) for seed in ("1", "2"))

    assert first["state_hash"] != second["state_hash"]
    assert json.loads(Path("out/manifest.json").read_text())["state_hash"] == second["state_hash"]
    assert {one.name for one in Path("out").iterdir()} == {"manifest.json", "kpis.parquet", "weekly.parquet", "people.parquet"}


def test_an_interrupt_exits_with_130_and_says_so() -> None:
    # Shells start what runs in the background with interrupts ignored.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from regulars import cli, terminal; "
    code += "terminal.SECONDS_A_LINE = 0.0; cli.main()"
    words = ["run", f"{SHOP}/baseline", "--replications", "100000", "--threads", "1", "--set", "market.customers=400"]
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        try:
            assert command.stderr is not None
            while "replications" not in (line := command.stderr.readline()):
                assert line, "ended before it was interrupted"
            command.send_signal(signal.SIGINT)
            printed, told = command.communicate(timeout=60)
        finally:
            command.kill()

    assert command.returncode == 130
    assert printed == ""
    assert told.splitlines()[-1] == "interrupted"
    assert "Traceback" not in told
    assert not list(Path("runs").rglob("*"))


@pytest.mark.parametrize("words", [["run", f"{SHOP}/baseline"], ["compare", f"{SHOP}/baseline", f"{SHOP}/mail"]], ids=lambda one: one[0])
@pytest.mark.parametrize("out", ["deep/out", None])
def test_an_interrupt_leaves_no_empty_folder(words: list[str], out: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"regulars.experiments.{words[0]}.replicate", interrupt)
    answer = regulars(*words, *SMALL, *(["--out", out] if out else []))
    assert answer.exit_code == 130
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["loops", "library:tea_brand/all_together", "--threads", "2"],
        ["compare", f"{SHOP}/baseline", f"{SHOP}/points", "--replications", "1", "--draws", "9999", "--threads", "2",
         "--executor", "threads"],
        ["compare", f"{SHOP}/baseline", f"{SHOP}/points", "--replications", "1", "--draws", "9999", "--threads", "2",
         "--executor", "processes"],
    ],
)  # fmt: skip
def test_an_interrupt_ends_long_jobs_soon_and_nothing_is_told_after_it(words: list[str]) -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from regulars import cli, terminal; "
    code += "terminal.SECONDS_A_LINE = 0.5; cli.main()"
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        try:
            assert command.stderr is not None
            while " left" not in (line := command.stderr.readline()) or (words[0] == "compare" and "uncertainty" not in line):
                assert line, "ended before it was interrupted"
            command.send_signal(signal.SIGINT)
            began = time.monotonic()
            printed, told = command.communicate(timeout=60)
            took = time.monotonic() - began
        finally:
            command.kill()

    assert command.returncode == 130
    assert (printed, told.splitlines()[-1]) == ("", "interrupted")
    # At most a line that was on its way.
    assert len(told.splitlines()) <= 2
    assert took < 5.0


@pytest.mark.parametrize("command", ["", "validate", "show", "diff", "run", "compare", "loops", "calibrate", "catalog", "schema"])
def test_help_helps(command: str) -> None:
    answer = regulars(*command.split(), "--help")

    assert answer.exit_code == 0
    assert "Usage" in answer.stdout


def test_help_and_validate_import_nothing_heavy() -> None:
    heavy = ("numba", "pandas", "scipy", "mesa", "matplotlib", "statsmodels", "igraph")
    code = f"""
import sys
from typer.testing import CliRunner
from regulars import cli
runner = CliRunner()
assert runner.invoke(cli.app, ["--help"]).exit_code == 0
assert runner.invoke(cli.app, ["validate", "{SHOP}/baseline"]).exit_code == 0
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))

    assert done.stdout.strip() == "[]"


MAIN = [sys.executable, "-c", "from regulars import cli; cli.main()"]


@pytest.mark.parametrize("words", [["catalog"], ["catalog", "--json"], ["show", f"{SHOP}/baseline"], ["--help"]])
def test_a_pipe_that_nobody_reads_ends_a_command_silently(words: list[str]) -> None:
    with subprocess.Popen([*MAIN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None and command.stderr is not None
        command.stdout.close()
        told = command.stderr.read()
        command.wait(timeout=60)

    assert (command.returncode, told) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["catalog"], ["show", f"{SHOP}/baseline", "--json"], ["run", f"{SHOP}/baseline", *SMALL]])
def test_a_full_disk_under_standard_output_exits_with_3(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*MAIN, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300)

    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "regulars: standard output: no space left on device"
    assert "Traceback" not in done.stderr and "ignored" not in done.stderr


def test_a_market_beyond_the_memory_of_the_machine_exits_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    from regulars.experiments import memory

    monkeypatch.setattr(memory, "most_bytes", lambda: 2.0**30)
    answer = regulars("run", f"{SHOP}/baseline", "--set", "market.customers=50000000", "--replications", "1")
    assert answer.exit_code == 2
    (line,) = progress(answer)
    assert line.startswith("market: 50,005,000 people need about ")


def test_memory_that_runs_out_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from regulars.experiments import run

    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError("Unable to allocate 7 GiB")

    monkeypatch.setattr(run, "replicate", fail)
    answer = regulars("run", f"{SHOP}/baseline", *SMALL)
    assert answer.exit_code == 2
    told = "Use fewer people in market.customers and market.prospects, or --threads 1."
    assert progress(answer) == [f"regulars: out of memory: Unable to allocate 7 GiB. {told}"]


@pytest.mark.parametrize("command", ["show", "diff", "run", "compare"])
def test_a_command_that_fails_prints_no_document(command: str) -> None:
    """Only `validate`, whose document says what is wrong, prints it then."""
    Path("bad.yaml").write_text("horizon_weeks: 0\n")
    words = ["bad.yaml", "bad.yaml"] if command in ("diff", "compare") else ["bad.yaml"]
    answer = regulars(command, *words, "--json")
    assert (answer.exit_code, answer.stdout) == (2, "")


def test_a_comparison_without_out_is_named_after_all_it_compares() -> None:
    plans = [f"{SHOP}/{name}" for name in ("baseline", "points", "mail")]
    answer = regulars("compare", *plans, *SMALL, "--draws", "0", "--no-sensitivity", "--json")
    assert strict(answer.stdout)["run_dir"] == "runs/baseline-vs-points-and-1-more-0001"


def test_a_folder_of_another_experiment_is_not_written_over() -> None:
    assert regulars("run", f"{SHOP}/points", *SMALL, "--out", "out").exit_code == 0
    answer = regulars("run", f"{SHOP}/mail", *SMALL, "--out", "out")
    assert answer.exit_code == 2
    told = "--out out: holds a run of library:online_shop/points, which would be lost."
    assert progress(answer) == [f"{told} Give another folder, or remove it first."]
