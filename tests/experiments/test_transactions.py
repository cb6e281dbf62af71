"""A log of orders is read as meant, repaired with a count, or refused with every reason at once."""

import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.experiments import transactions
from regulars.experiments.transactions import BadInput, read_transactions

CDNOW = Path(__file__).parents[2] / "scenarios/library/online_shop/cdnow_sample.csv"
START = datetime.date(2024, 1, 3)


def orders(customers=20, each=6):
    """Clean rows: every customer orders every 15 days, amounts with two decimals."""
    return [
        [f"c{who:02d}", (START + datetime.timedelta(days=who + 15 * n)).isoformat(), f"{10 + who + n / 4:.2f}"]
        for who in range(customers)
        for n in range(each)
    ]


@pytest.fixture
def written(tmp_path):
    """Writes rows as CSV and returns its path."""

    def write(rows, header="customer_id,date,amount", delimiter=",", encoding="utf-8", name="log.csv"):
        lines = [header, *(delimiter.join(row) for row in rows)]
        path = tmp_path / name
        path.write_bytes("\n".join([*lines, ""]).encode(encoding))
        return path

    return write


def refusal(path, **columns):
    with pytest.raises(BadInput) as caught:
        read_transactions(path, **columns)
    assert all("\n" not in one for one in caught.value.errors)
    return caught.value.errors


# Reading ------------------------------------------------------------------------------------------------------------


def test_cdnow_is_read_as_the_literature_reads_it():
    log = read_transactions(CDNOW)
    assert (len(log.customer), len(log.who), log.days) == (2357, 6696, 546)
    assert (log.first_date, log.last_date) == (datetime.date(1997, 1, 1), datetime.date(1998, 6, 30))
    assert {name: one.count for name, one in log.repairs.items()} == {"zero_amount": 8, "duplicate_rows": 21, "same_day_orders": 223}
    assert "kept" in log.repairs["duplicate_rows"].message and not log.notes


def test_a_clean_log_needs_no_repair(written):
    log = read_transactions(written(orders()))
    assert (len(log.customer), len(log.who), log.repairs, log.notes, log.currency) == (20, 120, {}, [], None)
    assert log.customer[0] == "c00" and log.day[:6].tolist() == [0, 15, 30, 45, 60, 75]
    assert log.value[:2].tolist() == [10.0, 10.25]


def test_parquet_reads_as_csv_does(tmp_path, written):
    import pandas as pd

    frame = pd.DataFrame(orders(), columns=["customer_id", "date", "amount"])
    expected = read_transactions(written(orders()))
    typed = frame.assign(date=pd.to_datetime(frame.date), amount=frame.amount.astype(float))
    moments = typed.assign(date=typed.date.dt.tz_localize("Asia/Shanghai") + pd.Timedelta(hours=23))
    for name, one in (("text", frame), ("typed", typed), ("moments", moments)):
        one.to_parquet(tmp_path / name)
        log = read_transactions(tmp_path / name)
        assert np.array_equal(log.who, expected.who) and np.array_equal(log.day, expected.day)
        assert log.value == pytest.approx(expected.value)
    assert log.repairs["time_zone"].count == 120


def test_whole_numbered_ids_with_gaps_stay_whole_in_parquet(tmp_path):
    import pandas as pd

    frame = pd.DataFrame(orders(), columns=["customer_id", "date", "amount"]).astype({"amount": float})
    frame["customer_id"] = frame.customer_id.str[1:].astype(float)
    frame.loc[3, "customer_id"] = None
    frame.to_parquet(tmp_path / "log.parquet")
    log = read_transactions(tmp_path / "log.parquet")
    assert log.customer[1] == "1" and log.repairs["missing_customer"].count == 1


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), ("|", "utf-8"), (",", "gb18030")])
def test_separators_and_encodings_of_common_exports(written, delimiter, encoding):
    header = delimiter.join(["客户编号", "订单日期", "订单金额"])
    log = read_transactions(written(orders(), header=header, delimiter=delimiter, encoding=encoding))
    assert len(log.who) == 120
    assert ("encoding" in log.repairs) == (encoding in ("utf-16", "gb18030"))


@pytest.mark.parametrize(
    "header",
    ["顧客,日付,金額", "Cust,Order Date,Revenue", "CUSTOMER-ID,TIMESTAMP,DOLLARS", "会员号,交易日期,实付金额", "user_id,created_at,Total"],
)
def test_common_names_are_guessed(written, header):
    assert len(read_transactions(written(orders(), header=header)).who) == 120


@pytest.mark.parametrize(
    "form",
    [
        "%Y/%m/%d",
        "%Y%m%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%b-%Y",
        "%B %d, %Y",
        "%Y年%m月%d日",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
    ],
)
def test_forms_of_dates(written, form):
    rows = [[who, f'"{datetime.date.fromisoformat(day):{form}}"', value] for who, day, value in orders()]
    log = read_transactions(written(rows))
    assert (log.first_date, log.days, len(log.who)) == (START, 95, 120) and not log.repairs


def test_a_moment_with_a_zone_keeps_the_day_as_written(written):
    rows = [[who, day + ("T23:30:00+08:00" if at % 2 else " 00:10:00Z"), value] for at, (who, day, value) in enumerate(orders())]
    log = read_transactions(written(rows))
    assert log.first_date == START and log.day[:3].tolist() == [0, 15, 30]
    assert log.repairs["time_zone"].count == 120 and "+08:00, Z" in log.repairs["time_zone"].message


@pytest.mark.parametrize(
    ("texts", "values", "repaired"),
    [
        (["1,234.50", "12.5"], [1234.5, 12.5], True),
        (["1.234,50", "12,5"], [1234.5, 12.5], True),
        (["1 234,50", "12,50"], [1234.5, 12.5], True),
        (["1'234.50", "12.50"], [1234.5, 12.5], True),
        (["1,234,567", "1,234"], [1234567, 1234], True),
        (["1,234", "12"], [1234, 12], True),
        (["$12.50", "USD 13"], [12.5, 13], False),
        (["\uffe512.50", "\uff11\uff13"], [12.5, 13], False),
        (["12.50元", "13元"], [12.5, 13], False),
        (["1.25e1", "+13"], [12.5, 13], False),
        (["12.125", "12.5"], [12.125, 12.5], False),
    ],
)
def test_forms_of_amounts(written, texts, values, repaired):
    rows = [[who, day, f'"{texts[at % 2]}"'] for at, (who, day, _) in enumerate(orders())]
    log = read_transactions(written(rows))
    assert log.value[:2].tolist() == values
    assert ("number_format" in log.repairs) == repaired


@pytest.mark.parametrize(("sign", "code"), [("€", "EUR"), ("$", None), ("CNY", "CNY"), ("元", "CNY"), ("円", "JPY"), ("kr", None)])
def test_currency_is_known_where_the_sign_tells_it(written, sign, code):
    rows = [[who, day, f"{value} {sign}"] for who, day, value in orders()]
    assert read_transactions(written(rows)).currency == code


def test_a_shared_sign_agrees_with_its_currency(written):
    rows = [[*row[:2], f"¥{row[2]}", "CNY"] for row in orders()]
    assert read_transactions(written(rows, header="customer,date,amount,currency")).currency == "CNY"


# Repairs ------------------------------------------------------------------------------------------------------------


def spoiled(place, values):
    """Clean rows with the first of them spoiled in one place."""
    rows = orders()
    for row, value in zip(rows, values, strict=False):
        row[place] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "rule", "count", "message", "left"),
    [
        (spoiled(1, ["2024-02-31", "soon", ""]), "bad_date", 3, "first in line 2: '2024-02-31'", 117),
        (spoiled(1, ["1900-01-01", "9999-12-31"]), "bad_date", 2, "'1900-01-01'", 118),
        (spoiled(2, ["abc", "", "1.2.3"]), "bad_amount", 3, "first in line 2: 'abc'", 117),
        (spoiled(2, ['"5,50"']), "bad_amount", 1, "'5,50'", 119),
        (spoiled(2, ["nan", "inf", "1e999"]), "bad_amount", 3, "'nan'", 117),
        (spoiled(2, ["-5", "(7.50)", "\u22123", "3-", "$-2"]), "negative_amount", 5, "refunds", 115),
        (spoiled(2, ["0", "0.00"]), "zero_amount", 2, "not for how much", 120),
        (spoiled(0, ["", "NULL", "n/a"]), "missing_customer", 3, "dropped", 117),
        ([*orders(), orders()[0]], "duplicate_rows", 1, "kept", 120),
        ([*orders(), *orders()], "duplicate_rows", 120, "dropped", 120),
        ([*orders(), [*orders()[0][:2], "3.50"]], "same_day_orders", 1, "amounts added", 120),
        ([*orders(), ["c01", "2024-05-05"]], "wrong_field_count", 1, "first in line 122", 120),
    ],
)
def test_repairs_are_counted_and_told(written, rows, rule, count, message, left):
    log = read_transactions(written(rows))
    assert log.repairs[rule].count == count and message in log.repairs[rule].message
    assert len(log.who) == left


def test_few_repeated_rows_add_up_and_many_do_not(written):
    once, few = read_transactions(written(orders())), read_transactions(written([*orders(), orders()[0]]))
    twice = read_transactions(written([*orders(), *orders()]))
    assert few.value.sum() == once.value.sum() + 10.0
    assert twice.value.sum() == once.value.sum() and "purchases" in twice.notes[0]


def test_blank_lines_and_trailing_separators_are_nothing(written):
    rows = [[*row, ""] for row in orders()]
    rows.insert(5, [""])
    log = read_transactions(written(rows))
    assert len(log.who) == 120 and not log.repairs


def test_a_guest_account_is_pointed_at(written):
    guest = [["guest", (START + datetime.timedelta(days=n)).isoformat(), "5.00"] for n in range(90)]
    assert "guest account" in read_transactions(written([*orders(), *guest])).notes[0]


@pytest.mark.parametrize("strange", ["1975-01-01", "2107-06-01", "1999-12-31", "2199-12-31"])
def test_a_date_that_stands_alone_is_dropped_and_shown(written, strange):
    rows = [*orders(), ["c01", strange, "5.00"]]
    log, clean = read_transactions(written(rows)), read_transactions(written(orders()))
    assert log.repairs["far_date"].count == 1
    assert f"2024-01-03 to 2024-04-06, dropped, the first in line 122: '{strange}'" in log.repairs["far_date"].message
    assert (log.first_date, log.days, len(log.who)) == (clean.first_date, clean.days, len(clean.who))


def test_dates_that_stand_alone_do_not_stand_together(written):
    strange = ["1975-01-01", "1990-05-05", "2062-01-01", "2107-01-01"]
    log = read_transactions(written([*orders(), *(["c01", one, "5.00"] for one in strange)]))
    assert (log.repairs["far_date"].count, log.days) == (4, 95)


def test_many_dates_that_stand_alone_are_refused_with_their_lines(written):
    errors = refusal(written(spoiled(1, ["2107-01-01"] * 9)))
    assert len(errors) == 3 and ":2:2: date = '2107-01-01': stands alone, far from all other dates, 2024-01-05 to" in errors[0]
    assert "9 of 120 rows are like this" in errors[0]


@pytest.mark.parametrize("gaps", [[365] * 20, [100, 250, 366, 300, 600, 1200], [1000 // n for n in range(30, 2, -1)]])
def test_long_and_sparse_logs_are_kept_whole(written, gaps):
    days = np.concatenate([[0], np.cumsum(gaps)])
    rows = [[f"c{who}", (START - datetime.timedelta(days=int(days[-1] - at))).isoformat(), "5.00"] for who in range(9) for at in days]
    log = read_transactions(written(rows))
    assert not log.repairs and log.days == days[-1] + 1


def test_a_century_is_more_than_a_log(written):
    rows = [[f"c{who}", f"{1975 + n}-01-0{1 + who}", "5.00"] for who in range(9) for n in range(120)]
    assert "must be within a century" in refusal(written(rows))[0]


def test_a_gap_unlike_all_others_is_pointed_at(written):
    rows = [*orders(100, 2), ["c01", "2024-11-05", "5.00"]]
    assert "only 1 of 201 rows lie beyond: look for wrong dates" in read_transactions(written(rows)).notes[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("45231", "looks like an Excel serial date (45231 is 2023-11-01): format the column as YYYY-MM-DD"),
        ("45231.75", "Excel serial date (45231 is 2023-11-01)"),
        ("1700000000", "seconds since 1970 (1700000000 is 2023-11-14)"),
        ("1700000000000", "milliseconds since 1970"),
    ],
)
def test_numbers_in_the_place_of_dates_are_recognized(written, text, hint):
    errors = refusal(written([[who, text, value] for who, _, value in orders()]))
    assert len(errors) == 3 and all(hint in one and f"date = '{text}'" in one for one in errors)
    few = read_transactions(written(spoiled(1, [text])))
    assert hint in few.repairs["bad_date"].message


# Refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "columns", "messages"),
    [
        (
            "buyer,when,price",
            {},
            ["date: no column has a common name for it; columns there: 'buyer', 'when', 'price'", "amount: no column"],
        ),
        ("customer,date,amount,revenue", {}, ["amount: could be 'amount', 'revenue'"]),
        ("customer,date,amount", {"customer": "custmer"}, ["--customer = 'custmer': no such column", "Did you mean 'customer'?"]),
        ("customer,date,amount", {"customer": "date"}, ["must be three different columns"]),
    ],
)
def test_columns_that_cannot_be_told_are_refused(written, header, columns, messages):
    rows = [[*row, "1"][: header.count(",") + 1] for row in orders()]
    errors = " ".join(refusal(written(rows, header=header), **columns))
    assert all(message in errors for message in messages)
    assert "log.csv:1:1: " in errors


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        (spoiled(1, ["soon"] * 9), [":2:2: date = 'soon': must be a day", "9 of 120 rows"]),
        (spoiled(2, ["much"] * 9), [":2:3: amount = 'much': must be a number", "up to 5%"]),
        (spoiled(2, ["-5"] * 90), ["90 of 120 amounts are negative"]),
        (spoiled(0, [""] * 90), ["customer is missing in 90 of 120 rows"]),
        (spoiled(2, ["$5", "€9"]), ["mixes currencies ($, EUR)", ":3:3: amount = '€9'"]),
        (spoiled(2, ['"5,50"'] * 9), ["mixes decimal commas (9 rows) and decimal points (111 rows)", ":2:3: amount = '5,50'"]),
        ([[*row[:2], "1.234"] for row in orders()], ["could be thousands or three decimals"]),
        ([[*row[:2], "5,50"] for row in orders()], ["must have 3 fields", "decimal comma must stand in quotes"]),
        ([[*row[:2], "0"] for row in orders()], ["every amount is 0"]),
        ([[*row[:2], "3e9"] for row in orders()], ["amounts above 0 average 3e+09: must be 0.01 to 100,000,000", "millions"]),
        ([[*row[:2], "0.0002"] for row in orders()], ["amounts above 0 average 0.0002", "cents"]),
        (spoiled(0, ["x" * 500]), [":2:1: customer = 'xxx", "has 500 characters: an id must have at most 200"]),
        ([row for row in orders() if row[0] == "c01"], ["all orders are of one customer ('c01')"]),
        (orders(20, 1), ["no customer ordered on two different days"]),
        ([[row[0], "03/04/2024", row[2]] for row in orders()], ["could be day first or month first"]),
        (spoiled(1, ["13/04/2024", "04/13/2024"]), ["mixes day first and month first"]),
        ([], ["no orders"]),
        (spoiled(0, ['"c']), ["not CSV"]),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_its_line_and_rule(written, rows, messages):
    errors = " ".join(refusal(written(rows)))
    assert all(message in errors for message in messages), errors


def test_a_currency_column_of_two_currencies_is_refused(written):
    rows = [[*row, "USD" if at else "EUR"] for at, row in enumerate(orders())]
    errors = refusal(written(rows, header="customer,date,amount,currency"))
    assert len(errors) == 2 and "currency = 'EUR': the log mixes currencies (EUR, USD)" in errors[0]


def test_everything_wrong_is_told_at_once(written):
    rows = spoiled(1, ["soon"] * 9)
    for row in rows[:9]:
        row[2] = "much"
    for row in rows[20:]:
        row[0] = ""
    errors = " ".join(refusal(written(rows)))
    assert all(one in errors for one in ("date = 'soon'", "customer is missing"))
    assert len(refusal(written(spoiled(1, ["soon"] * 50)))) == 3


def test_a_quote_left_open_does_not_swallow_orders(written):
    rows = orders()
    rows[3][0], rows[70][2] = '"c00', '5.00"'
    assert "a quote that is opened here" in refusal(written(rows))[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\x00\x01\x02\x00", "not a text file"),
        (b"PK\x03\x04rest", "a workbook or a compressed file"),
        (b"\x1f\x8bxx", "a workbook or a compressed file"),
        (b"PAR1 but no Parquet", "not a Parquet file"),
        (b"just some words", "no column has a common name"),
    ],
)
def test_files_that_are_no_log_are_refused(tmp_path, content, message):
    path = tmp_path / "log"
    path.write_bytes(content)
    assert message in " ".join(refusal(path))


def test_a_path_that_is_no_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.csv")[0]
    assert "must be a file" in refusal(tmp_path)[0]


def test_a_file_beyond_the_cap_is_refused_unread(written, monkeypatch):
    monkeypatch.setattr(transactions, "MOST_BYTES", 100)
    assert "must be at most" in refusal(written(orders()))[0]


def test_values_from_outside_cannot_speak_to_the_terminal(written):
    errors = refusal(written(spoiled(1, ["\x1b[2Jgone"] * 9)))
    assert "\x1b" not in " ".join(errors)


# Any file -----------------------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(
        [
            "c1",
            "c2",
            "",
            "2024-01-01",
            "2024-02-01",
            "31/12/2024",
            "12.50",
            "1,5",
            "$3",
            "€4",
            "-1",
            "0",
            '"',
            "٣",
            "nan",
            "1e400",
            "9" * 70,
        ]
    ),
    st.text(max_size=12),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.one_of(st.just("customer,date,amount"), st.text(max_size=30)),
    rows=st.lists(st.lists(CELLS, max_size=5), max_size=12),
    delimiter=st.sampled_from(",;\t"),
)
def test_any_text_is_read_or_refused(tmp_path, header, rows, delimiter):
    path = tmp_path / "any.csv"
    text = "\n".join([header.replace(",", delimiter), *(delimiter.join(row) for row in rows)])
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        log = read_transactions(path)
    except BadInput as refused:
        assert refused.errors
    else:
        assert len(log.customer) > 1 and np.isfinite(log.value).all() and (log.value >= 0).all()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), start=st.sampled_from([b"", b"PAR1", b"customer,date,amount\n", b"\xff\xfe"]))
def test_any_bytes_are_read_or_refused(tmp_path, content, start):
    path = tmp_path / "any"
    path.write_bytes(start + content)
    with pytest.raises(BadInput):
        read_transactions(path)
