"""Reads a log of orders as shops export it: refuses what cannot be trusted, repairs the rest, and says what it did.

Rules, in the order they are applied. Each repair is counted; a row that breaks several rules counts under the first.

- Rows with a wrong number of fields, dates or amounts that cannot be read: dropped up to 5 % of the rows each, refused
  beyond, with the first offenders. An amount that is missing cannot be read.
- Rows without a customer: dropped up to half of the rows (guests, footers), refused beyond.
- Dates: the calendar day as written; the time of day is left out, and so is a time zone. Year first, day first with points,
  and dates with the month as a word are read as such; 3/4/2024 is read only where other dates of the column settle which
  part is the day.
- Amounts: currency signs, thousands separators and decimal commas are read where the column as a whole is unambiguous. More
  than one currency is refused.
- Negative amounts are refunds: dropped (the order they refund stays), refused beyond half of the rows.
- Dates that stand alone: the log is grown from its middle row, day by day. A date that is further away from it than a year
  and than the log so grown is long does not belong to it (a wrong year, a stand-in for "unknown"): dropped up to 5 % of the
  rows, refused beyond. A log with gaps, as of a yearly fair or of one that grew slowly, is kept whole.
- Zero amounts are orders: they count for how often, not for how much.
- Rows that repeat another row in every column: up to 2 % of the rows they are kept (two equal items in one order; the CDNOW
  sample has 21, and its published spend parameters need them); beyond, the export holds the same orders twice, and each is
  counted once.
- Orders of one customer on one day are one order, of the summed amount (Fader & Hardie's rule for CDNOW).
"""

from __future__ import annotations

import csv
import datetime
import difflib
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 512 * 2**20
MOST_UNPACKED_BYTES = 4 * 2**30
MOST_ROWS = 20_000_000
BATCH_BYTES = 64 * 2**20  # Of Parquet columns in memory at a time.
LEAST_BATCH = 1024  # Rows for which the Parquet reader takes memory, however few there are.
FEW = 0.05  # Share of unreadable rows up to which they are dropped.
MANY = 0.50  # Share of rows without customer, or negative, beyond which something else is wrong.
TWICE = 0.02  # Share of repeated rows beyond which the export holds orders twice.
MOST_LINES = 20  # Lines of one row; beyond, a quote was left open and has swallowed orders.
SHOWN = 3  # Offending lines shown per refusal.
LONGEST = 64  # Characters of a date or an amount.
LONGEST_ID = 200  # Characters of a customer's id; what is longer is another column.
SEASON = 60  # Days without any order that a reader should know of, if the log has no other such gap.
APART = 366  # Days that a date may always be away from the next: the gap of a yearly fair, and more than any season.
MOST_DAYS = 36_525  # A century: longer than any log.
LEAST_MEAN, MOST_MEAN = 0.01, 1e8  # Of amounts: money is counted in 1/10,000, in whole numbers of 64 bits.

ROLES = ("customer", "date", "amount")

# Compared without case, spaces, hyphens, underscores and points.
NAMES = {
    "customer": "customer customerid customerno customernumber cust custid client clientid user userid member memberid "
    "buyer buyerid shopper shopperid 顧客 顧客id 顧客番号 顧客編號 客户 客户id 客户编号 客户号 客戶 客戶id 客戶編號 "
    "会员 会员id 会员号 会员编号 會員 會員id 會員編號 用户 用户id 买家 买家id 買家",
    "date": "date orderdate purchasedate transactiondate invoicedate saledate salesdate datetime timestamp orderdatetime "
    "purchasedatetime orderedat createdat 日期 日付 時間 时间 下单日期 下单时间 订单日期 订单时间 交易日期 交易时间 "
    "购买日期 购买时间 訂單日期 購買日期 注文日",
    "amount": "amount amt dollars revenue sales spend value total totalamount orderamount ordervalue ordertotal totalprice "
    "grandtotal 金额 金額 订单金额 订单总额 交易金额 消费金额 支付金额 实付金额 购买金额 总金额 總金額 訂單金額 購買金額 "
    "注文金額",
    "currency": "currency currencycode ccy 币种 货币 幣別 貨幣 通貨",
}

MISSING = {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "nil", "-", "--"}

CODES = {
    "€": "EUR", "EURO": "EUR", "£": "GBP", "US$": "USD", "HK$": "HKD", "NT$": "TWD", "A$": "AUD", "C$": "CAD", "R$": "BRL",
    "RMB": "CNY", "元": "CNY", "CN¥": "CNY", "円": "JPY", "JP¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "ZŁ": "PLN",
}  # fmt: skip
# Signs that several currencies share.
SHARED = {"$": {"USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN"}, "¥": {"CNY", "JPY"}, "KR": {"SEK", "NOK", "DKK"}}


class BadInput(ValueError):
    """A file or option that cannot be used.

    Attributes:
        errors: One line each, as `PATH:LINE:COLUMN: what = value: rule`; COLUMN is the number of the field.
    """

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)


@dataclass(frozen=True)
class Repair:
    """One thing that was put right.

    Attributes:
        count: Rows it touched.
        message: What was done to them, for people.
    """

    count: int
    message: str


@dataclass(frozen=True)
class Transactions:
    """A clean log: one row a customer and day with an order.

    Attributes:
        path: The file as it was named.
        customer: Each customer's id as text, sorted, shape (customers,).
        who: Row of `customer` of each order, shape (orders,), sorted.
        day: Days of each order since `first_date`, shape (orders,), rising within a customer.
        value: Amount of each order, 0 or more, shape (orders,).
        first_date, last_date: First and last day with an order.
        currency: Three-letter code where the file tells it, else None.
        repairs: What was put right, by rule; empty for a clean file.
        notes: What a reader should look at before trusting the numbers.
    """

    path: str
    customer: np.ndarray
    who: np.ndarray
    day: np.ndarray
    value: np.ndarray
    first_date: datetime.date
    last_date: datetime.date
    currency: str | None
    repairs: dict[str, Repair]
    notes: list[str]

    @property
    def days(self) -> int:
        """Days from the first to the last order, both included."""
        return (self.last_date - self.first_date).days + 1


@dataclass
class _Rows:
    """The columns in use, as they stand in the file."""

    path: str
    number: dict[str, int]
    customer: list[str]
    date: list[str]
    amount: list[str] | np.ndarray
    currency: list[str] | None
    line: np.ndarray
    digest: np.ndarray
    read: int
    repairs: dict[str, Repair] = field(default_factory=dict)

    def at(self, row: int, role: str) -> str:
        return f"{self.path}:{self.line[row]}:{self.number[role]}"


def read_transactions(path: str | Path, *, customer: str | None = None, date: str | None = None, amount: str | None = None) -> Transactions:
    """Read a log of orders from CSV (comma, semicolon, tab or bar) or Parquet.

    Args:
        path: The file; up to 512 MB and 20 million rows.
        customer: Column that tells who ordered; guessed from common names where None, as the other two.
        date: Column that tells the day.
        amount: Column that tells how much the order was worth.

    Returns:
        One row a customer and day, with every repair counted. The rules stand at the top of this module.

    Raises:
        BadInput: Everything that is wrong with the file, one line each.
    """
    named = {"customer": customer, "date": date, "amount": amount}
    rows = _read(Path(path), str(path), named)
    return _clean(rows)


def _read(path: Path, shown: str, named: dict[str, str | None]) -> _Rows:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BadInput([f"{shown}:1:1: must be a file: a CSV or Parquet log of orders."])
        if size > MOST_BYTES:
            rule = f"must be at most {MOST_BYTES // 2**20} MB. Export fewer columns or a sample of customers."
            raise BadInput([f"{shown}:1:1: size = {size / 2**20:.0f} MB: {rule}"])
        with path.open("rb") as file:
            start = file.read(4)
        if start == b"PAR1":
            return _read_parquet(path, shown, named)
        if start[:2] in (b"PK", b"\x1f\x8b") or start == b"\xd0\xcf\x11\xe0":
            raise BadInput([f"{shown}:1:1: a workbook or a compressed file: must be CSV or Parquet. Save it as CSV first."])
        return _read_csv(path.read_bytes(), shown, named)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput([f"{shown}:1:1: cannot be read: {_plain(getattr(error, 'strerror', None) or error)}."]) from error


def _read_csv(content: bytes, shown: str, named: dict[str, str | None]) -> _Rows:
    text, encoding = _decode(content, shown)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), None)
        if header is None:
            raise BadInput([f"{shown}:1:1: the file is empty: must have a line of column names and a line an order."])
        start = reader.line_num
        header = [cell.strip() for cell in header]
        columns = _choose(header, named, f"{shown}:{start}:1")
        wanted = list(columns.values())
        width = len(header)
        cells: list[list[str]] = [[] for _ in wanted]
        line: list[int] = []
        digest: list[int] = []
        ragged: list[int] = []
        read, previous = 0, start
        for row in reader:
            at, previous = previous + 1, reader.line_num
            if previous - at > MOST_LINES:
                raise BadInput([f"{shown}:{at}:1: a quote that is opened here is closed {previous - at} lines below: must be closed."])
            if not any(row) or not any(cell.strip() for cell in row):
                continue
            read += 1
            if read > MOST_ROWS:
                raise BadInput([f"{shown}:{at}:1: more than {MOST_ROWS:,} rows. Take a sample of customers."])
            if len(row) > width and not any(cell.strip() for cell in row[width:]):
                row = row[:width]
            if len(row) != width:
                ragged.append(at)
                continue
            for keep, column in zip(cells, wanted, strict=True):
                keep.append(row[column].strip())
            line.append(at)
            digest.append(hash(tuple(row)))
    except csv.Error as error:
        what = f"not CSV: {_plain(error)}."
        if "field limit" in str(error):
            what = f"a field has more than {csv.field_size_limit():,} characters: must be shorter. Close a quote that was left open."
        raise BadInput([f"{shown}:{reader.line_num}:1: {what}"]) from error
    repairs: dict[str, Repair] = {}
    if encoding != "utf-8":
        repairs["encoding"] = Repair(read, f"rows read as {encoding}, since the file is not UTF-8")
    if ragged:
        rule = f"must have {width} fields, as the line of column names"
        if delimiter == ",":
            rule += " (an amount with a decimal comma must stand in quotes)"
        if len(ragged) > FEW * read:
            raise BadInput(_listed([f"{shown}:{at}:1" for at in ragged], "", f"{rule}. {_too_many(len(ragged), read)}"))
        repairs["wrong_field_count"] = Repair(len(ragged), f"rows without {width} fields dropped, the first in line {ragged[0]}")
    found = dict(zip(columns, cells, strict=True))
    return _Rows(
        path=shown,
        number={role: column + 1 for role, column in columns.items()},
        customer=found["customer"],
        date=found["date"],
        amount=found["amount"],
        currency=found.get("currency"),
        line=np.array(line, np.int64),
        digest=np.array(digest, np.int64),
        read=read,
        repairs=repairs,
    )


def _decode(content: bytes, shown: str) -> tuple[str, str]:
    """Text of the file and its encoding: UTF-8 or what its byte-order mark says, else GB 18030, else Windows-1252."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        tries = ["utf-16"]
    else:
        tries = ["utf-8-sig", "gb18030", "cp1252"]
    for encoding in tries:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text, encoding.removesuffix("-sig")
    raise BadInput([f"{shown}:1:1: not a text file: must be CSV (UTF-8) or Parquet."])


def _delimiter(text: str) -> str:
    """The separator that splits the first line into most fields."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")[:100_000]

    def fields(delimiter: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(",;\t|", key=fields)


def _read_parquet(path: Path, shown: str, named: dict[str, str | None]) -> _Rows:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata, schema = pq.read_metadata(path), pq.read_schema(path)
        header = list(schema.names)
        plain = [at for at, kind in enumerate(schema.types) if not pa.types.is_nested(kind)]
        width = sum(_width(schema.types[at]) for at in plain)
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        spelled_out = max(metadata.num_rows, LEAST_BATCH) * width
        if metadata.num_rows > MOST_ROWS or max(unpacked, spelled_out) > MOST_UNPACKED_BYTES:
            rule = f"must have at most {MOST_ROWS:,} rows and {MOST_UNPACKED_BYTES // 2**30} GB unpacked"
            raise BadInput([f"{shown}:1:1: {rule}. Take a sample of customers."])
        columns = _choose(header, named, f"{shown}:1:1")
        for role, column in columns.items():
            if column not in plain:
                what = f"{role} = {_quoted(header[column])}: must be a plain column, not a nested one."
                raise BadInput([f"{shown}:1:{column + 1}: {what}"])
        columns_read = [header[at] for at in plain]
        texts = [header[at] for at in plain if _is_text(schema.types[at])]
        kept: dict[int, list[Any]] = {at: [] for at in columns.values()}
        pools = {at: _Texts() for at in columns.values()}
        digest: list[int] = []
        # Texts that repeat stay codes on their way, since a file of kilobytes can spell out to more than any memory.
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            for batch in file.iter_batches(batch_size=max(1, min(2**18, BATCH_BYTES // max(width, 1))), columns=columns_read):
                if batch.num_columns != len(plain):
                    raise BadInput([f"{shown}:1:1: several columns have one name: must differ."])
                cells = []
                for at, column in zip(plain, batch.columns, strict=True):
                    is_text = _is_text(schema.types[at])
                    cells.append(pools.get(at, _Texts()).spelled(column) if is_text else _keys(column))
                    if at in kept:
                        kept[at].extend(cells[-1] if is_text else [column])
                if sum(pool.size for pool in pools.values()) > MOST_UNPACKED_BYTES:
                    rule = f"customers, dates and amounts must be at most {MOST_UNPACKED_BYTES // 2**30} GB unpacked"
                    raise BadInput([f"{shown}:1:1: {rule}. Name the right columns, or take a sample of customers."])
                digest.extend(hash(row) for row in zip(*cells, strict=True))
        found: dict[str, Any] = {}
        for role, at in columns.items():
            if _is_text(schema.types[at]):
                found[role] = kept[at]
            else:
                series = pa.chunked_array(kept[at], schema.types[at]).to_pandas(timestamp_as_object=False, date_as_object=True)
                is_number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
                found[role] = series.to_numpy(np.float64, na_value=np.nan) if role == "amount" and is_number else _texts(series)
    except (pa.ArrowException, OSError, OverflowError, pd.errors.OutOfBoundsDatetime) as error:
        raise BadInput([f"{shown}:1:1: not a Parquet file that can be read: {_plain(error)}."]) from error
    return _Rows(
        path=shown,
        number={role: column + 1 for role, column in columns.items()},
        customer=found["customer"],
        date=found["date"],
        amount=found["amount"],
        currency=found.get("currency"),
        line=np.arange(1, len(digest) + 1),
        digest=np.array(digest, np.int64),
        read=len(digest),
    )


def _is_text(kind: Any) -> bool:
    """Whether values of a column have any length, or are codes of such values."""
    import pyarrow as pa

    is_one_of = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_dictionary)
    return any(one(kind) for one in is_one_of) or pa.types.is_fixed_size_binary(kind)


def _width(kind: Any) -> int:
    """Bytes of one value in memory; of a text, those of its code."""
    import pyarrow as pa

    if _is_text(kind) and not pa.types.is_fixed_size_binary(kind):
        return 4
    try:
        return -(-kind.bit_width // 8)
    except ValueError:  # Of a column that holds nothing at all.
        return 1


class _Texts:
    """Texts of a column, each distinct one once in memory.

    Attributes:
        size: Characters of all.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.size = 0

    def spelled(self, column: Any) -> list[str]:
        """The text of each row; empty where there is none."""
        import pandas as pd
        import pyarrow as pa

        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        codes, places = np.unique(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), return_inverse=True)
        gaps = int((codes < 0).sum())
        values = column.dictionary.take(pa.array(codes[gaps:])).to_pylist()
        texts = [""] * gaps + ["" if pd.isna(one) else str(one).strip() for one in values]
        self.size += sum(len(one) for one in texts if one not in self.known)
        texts = [self.known.setdefault(one, one) for one in texts]
        return [texts[at] for at in places]


def _keys(column: Any) -> list[Any]:
    """What tells equal values of a column from others."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    # Not a number is equal to nothing, itself included.
    return [None if one != one else one for one in column.to_pylist()]


def _texts(column: Any) -> list[str]:
    """A typed column as the text a CSV would have held; a moment with a zone becomes its local day."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        # "Z" stands for any zone: what counts is that there was one.
        return [f"{moment:%Y-%m-%d %H:%M}Z" if moment is not pd.NaT else "" for moment in column]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.strftime("%Y-%m-%d").fillna("").tolist()
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
        return ["" if pd.isna(one) else str(int(one)) for one in column]  # Whole numbers, floats for their gaps alone.
    return ["" if pd.isna(one) else str(one).strip() for one in column]


def _choose(header: list[str], named: dict[str, str | None], where: str) -> dict[str, int]:
    """Place of each column in use, by the name that was given or by common names."""
    errors = []
    columns: dict[str, int] = {}
    there = f"columns there: {', '.join(_quoted(name) for name in header[:40])}"
    for role in ROLES:
        given = named[role]
        if given is not None:
            found = [at for at, name in enumerate(header) if name == given.strip()]
            found = found or [at for at, name in enumerate(header) if name.casefold() == given.strip().casefold()]
            if not found:
                near = difflib.get_close_matches(given, header, n=1)
                hint = f" Did you mean {_quoted(near[0])}?" if near else ""
                errors.append(f"{where}: --{role} = {_quoted(given)}: no such column; {there}.{hint}")
        else:
            common = NAMES[role].split()
            found = [at for at, name in enumerate(header) if _bare(name) in common]
            if not found:
                errors.append(f"{where}: {role}: no column has a common name for it; {there}. Name it with --{role} COLUMN.")
        if len(found) > 1:
            several = ", ".join(_quoted(header[at]) for at in found)
            errors.append(f"{where}: {role}: could be {several}; {there}. Name one with --{role} COLUMN.")
        if found:
            columns[role] = found[0]
    if len(set(columns.values())) < len(columns):
        errors.append(f"{where}: customer, date and amount must be three different columns; {there}.")
    if errors:
        raise BadInput(errors)
    currency = [at for at, name in enumerate(header) if _bare(name) in NAMES["currency"].split()]
    if len(currency) == 1 and currency[0] not in columns.values():
        columns["currency"] = currency[0]
    return columns


def _bare(name: str) -> str:
    return re.sub(r"[\s_\-.]", "", unicodedata.normalize("NFKC", name)).casefold()


def _clean(rows: _Rows) -> Transactions:
    repairs, notes = rows.repairs, []
    if not rows.read:
        raise BadInput([f"{rows.path}:1:1: the file has column names but no orders."])
    if not len(rows.customer):
        raise BadInput([f"{rows.path}:1:1: no row can be read."])
    errors: list[str] = []
    missing = np.array([len(one) <= LONGEST and one.casefold() in MISSING for one in rows.customer], bool)
    if missing.mean() > MANY:
        first = int(np.flatnonzero(missing)[0])
        errors.append(
            f"{rows.at(first, 'customer')}: customer is missing in {missing.sum():,} of {rows.read:,} rows, this the first: must "
            "be there. Name the right column with --customer COLUMN."
        )
    elif missing.any():
        repairs["missing_customer"] = Repair(int(missing.sum()), "rows without a customer dropped")
    if (row := next((row for row, one in enumerate(rows.customer) if len(one) > LONGEST_ID), None)) is not None:
        errors.append(
            f"{rows.at(row, 'customer')}: customer = {_quoted(rows.customer[row])}: has {len(rows.customer[row]):,} characters: an id "
            f"must have at most {LONGEST_ID}. Name the right column with --customer COLUMN."
        )
    ordinal, zones = _ordinals(rows, errors)
    value, currency = _values(rows, ~missing, errors)
    keep = ~missing
    for role, bad, rule in (
        ("date", ordinal < 0, "must be a day such as 2024-03-31"),
        ("amount", np.isnan(value), "must be a number such as 12.50"),
    ):
        bad &= keep
        texts = rows.date if role == "date" else rows.amount
        hint = _serial(rows.date[int(np.argmax(bad))]) if role == "date" and bad.any() else ""
        if bad.sum() > FEW * rows.read and not any(f": {role}" in one for one in errors):
            offenders = np.flatnonzero(bad)
            where = [rows.at(row, role) for row in offenders[:SHOWN]]
            shown = [f"{role} = {_quoted(str(texts[row]))}: " for row in offenders[:SHOWN]]
            errors.extend(_listed(where, shown, f"{rule}{hint}. {_too_many(len(offenders), rows.read)}"))
        elif bad.any():
            first = int(np.flatnonzero(bad)[0])
            what = f"rows whose {role} cannot be read dropped, the first in line {rows.line[first]}: {_quoted(str(texts[first]))}{hint}"
            repairs[f"bad_{role}"] = Repair(int(bad.sum()), what)
        keep &= ~bad
    if keep.any() and not any(": date" in one for one in errors):
        keep = _together(rows, keep, ordinal, repairs, errors)
    negative = keep & (value < 0)
    if negative.sum() > MANY * rows.read:
        first = int(np.flatnonzero(negative)[0])
        errors.append(
            f"{rows.at(first, 'amount')}: amount = {_quoted(str(rows.amount[first]))}: {negative.sum():,} of {rows.read:,} "
            "amounts are negative, which reads as refunds: must be positive for orders."
        )
    if errors:
        raise BadInput(errors)
    if negative.any():
        repairs["negative_amount"] = Repair(
            int(negative.sum()), "rows with a negative amount (refunds) dropped; the orders they refund stay"
        )
        keep &= ~negative
    if zones:
        repairs["time_zone"] = Repair(
            sum(zones.values()), f"dates with a time zone ({', '.join(sorted(zones)[:5])}): the day is taken as written"
        )
    zero = keep & (value == 0)
    if zero.any():
        repairs["zero_amount"] = Repair(int(zero.sum()), "orders of amount 0 count for how often, not for how much")
    keep = _once(rows, keep, repairs, notes)
    return _merge(rows, keep, ordinal, value, currency, repairs, notes)


def _together(rows: _Rows, keep: np.ndarray, ordinal: np.ndarray, repairs: dict[str, Repair], errors: list[str]) -> np.ndarray:
    """Rows without those whose date stands alone, far from the rest of the log."""
    days = ordinal[keep]
    low = high = int(np.quantile(days, 0.5, method="inverted_cdf"))
    known = np.unique(days)
    while True:
        reach = max(APART, high - low)
        near = known[(known >= low - reach) & (known <= high + reach)]
        if near[0] == low and near[-1] == high:
            break
        low, high = int(near[0]), int(near[-1])
    alone = keep & ((ordinal < low) | (ordinal > high))
    if not alone.any():
        if high - low > MOST_DAYS:
            rule = f"the dates run from {_date(low)} to {_date(high)}: must be within a century. Look for wrong years"
            errors.append(f"{rows.path}:1:{rows.number['date']}: {rule}.")
        return keep
    offenders = np.flatnonzero(alone)
    others = f"all other dates, {_date(low)} to {_date(high)}"
    if len(offenders) > max(FEW * rows.read, 1):
        where = [rows.at(row, "date") for row in offenders[:SHOWN]]
        shown = [f"date = {_quoted(rows.date[row])}: " for row in offenders[:SHOWN]]
        errors.extend(_listed(where, shown, f"stands alone, far from {others}: a wrong year? {_too_many(len(offenders), rows.read)}"))
    else:
        first = f"the first in line {rows.line[offenders[0]]}: {_quoted(rows.date[offenders[0]])}"
        repairs["far_date"] = Repair(len(offenders), f"rows whose date stands alone, far from {others}, dropped, {first}")
    return keep & ~alone


def _once(rows: _Rows, keep: np.ndarray, repairs: dict[str, Repair], notes: list[str]) -> np.ndarray:
    """Rows that repeat another in every column: kept while few, else each order once."""
    kept = np.flatnonzero(keep)
    _, first = np.unique(rows.digest[kept], return_index=True)
    repeated = np.ones(len(kept), bool)
    repeated[first] = False
    count = int(repeated.sum())
    if count > TWICE * len(kept):
        keep = keep.copy()
        keep[kept[repeated]] = False
        repairs["duplicate_rows"] = Repair(count, "rows equal to another in every column dropped: the export holds orders twice")
        notes.append(
            f"{count:,} of {len(kept):,} rows repeat another row in every column and were dropped; if these are separate "
            "purchases, add a column that tells them apart."
        )
    elif count:
        repairs["duplicate_rows"] = Repair(count, "rows equal to another in every column kept, as equal items of one order (they are few)")
    return keep


def _merge(
    rows: _Rows,
    keep: np.ndarray,
    ordinal: np.ndarray,
    value: np.ndarray,
    currency: str | None,
    repairs: dict[str, Repair],
    notes: list[str],
) -> Transactions:
    """One order a customer and day, and the refusals that only show then."""
    where = f"{rows.path}:1:1"
    kept = np.flatnonzero(keep)
    if not len(kept):
        raise BadInput([f"{where}: no order is left after {', '.join(repairs) or 'reading'}."])
    names, codes, _ = _distinct(rows.customer[row] for row in kept)
    customer, place = np.unique(np.array(names, dtype=str), return_inverse=True)
    who = place[codes]
    day = ordinal[kept]
    pairs, place = np.unique(np.column_stack([who, day]), axis=0, return_inverse=True)
    amount = np.zeros(len(pairs))
    np.add.at(amount, place.ravel(), value[kept])
    merged = len(kept) - len(pairs)
    if merged:
        repairs["same_day_orders"] = Repair(merged, "orders merged into another of the same customer and day, amounts added")
    orders = np.bincount(pairs[:, 0])
    first, last = int(day.min()), int(day.max())
    if len(customer) == 1:
        only = _quoted(str(customer[0]))
        raise BadInput([f"{where}: all orders are of one customer ({only}): how customers differ cannot be estimated."])
    if orders.max() == 1:
        raise BadInput([f"{where}: no customer ordered on two different days: repeat buying cannot be estimated from this log."])
    if not np.any(amount > 0):
        raise BadInput([f"{where}: every amount is 0: spend cannot be estimated. Name the right column with --amount COLUMN."])
    mean = float(amount[amount > 0].mean())
    if not LEAST_MEAN <= mean <= MOST_MEAN:
        rule = f"must be {LEAST_MEAN:g} to {MOST_MEAN:,.0f}. State them in another unit, such as {'cents' if mean < 1 else 'millions'}"
        raise BadInput([f"{where}: amounts above 0 average {mean:.3g}: {rule}."])
    top = int(orders.argmax())
    if len(customer) >= 20 and orders[top] > 50 and orders[top] > 0.1 * len(pairs):
        notes.append(
            f"customer {_quoted(str(customer[top]))} has {orders[top]:,} of {len(pairs):,} orders; if this is a guest account, "
            "leave it out."
        )
    days = np.unique(day)
    gaps = np.diff(days)
    widest = int(gaps.argmax())
    before = int((day <= days[widest]).sum())
    beyond = min(before, len(day) - before)
    alone = gaps[widest] > 10 * np.delete(gaps, widest).max(initial=0) and beyond <= max(TWICE * len(day), 1)
    if gaps[widest] > SEASON and alone:
        notes.append(
            f"nobody ordered between {_date(int(days[widest]))} and {_date(int(days[widest + 1]))}, and only {beyond:,} of "
            f"{len(day):,} rows lie beyond: look for wrong dates."
        )
    return Transactions(
        path=rows.path,
        customer=customer,
        who=pairs[:, 0],
        day=pairs[:, 1] - first,
        value=amount,
        first_date=_date(first),
        last_date=_date(last),
        currency=currency,
        repairs=repairs,
        notes=notes,
    )


def _date(ordinal: int) -> datetime.date:
    return datetime.date.fromordinal(ordinal)


_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?(?:(?:T|\s+)(.+))?")
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_POINTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,?\s+(.+))?")
_EITHER = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:,?\s+(.+))?")
_DAY_WORD = re.compile(r"(\d{1,2})[\s.-]{1,2}([A-Za-z]{3,9})[\s.,-]{1,2}(\d{4})(?:,?\s+(.+))?")
_WORD_DAY = re.compile(r"([A-Za-z]{3,9})[\s.]{1,2}(\d{1,2}),?\s(\d{4})(?:,?\s+(.+))?")
_CLOCK = re.compile(
    r"\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}秒?(?:[.,]\d{1,9})?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
    r"\s?(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?(?:\[[\w/+-]+\])?"
)
_NUMBER = re.compile(r"([0-9]{5,19})(?:\.[0-9]*)?")
_MONTHS = {name: at for at, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}


def _ordinals(rows: _Rows, errors: list[str]) -> tuple[np.ndarray, dict[str, int]]:
    """Day number of each row, -1 where the date cannot be read, and how many rows have each time zone."""
    texts, codes, counts = _distinct(rows.date)
    parts = [_EITHER.fullmatch(text[:LONGEST]) for text in texts]
    first_is_day, second_is_day = ([at for at, found in enumerate(parts) if found and 12 < int(found[group]) <= 31] for group in (1, 2))
    either = [at for at, found in enumerate(parts) if found]
    day_first: bool | None = None
    if first_is_day and second_is_day:
        shown = [first_is_day[0], second_is_day[0]]
        where = [(int(np.flatnonzero(codes == at)[0]), texts[at]) for at in shown]
        errors.extend(
            f"{rows.at(row, 'date')}: date = {_quoted(text)}: the column mixes day first and month first. Write 2024-03-31."
            for row, text in where
        )
    elif first_is_day or second_is_day:
        day_first = bool(first_is_day)
    elif either:
        row = int(np.flatnonzero(codes == either[0])[0])
        errors.append(
            f"{rows.at(row, 'date')}: date = {_quoted(texts[either[0]])}: could be day first or month first, and no date of the "
            "column settles it. Write 2024-03-31."
        )
    ordinals = np.full(len(texts), -1, np.int64)
    zones: dict[str, int] = {}
    for at, text in enumerate(texts):
        day, clock = _day(text, day_first)
        if day is None:
            continue
        if clock:
            found = _CLOCK.fullmatch(clock)
            if not found:
                continue
            if found[1]:
                zones[found[1]] = zones.get(found[1], 0) + int(counts[at])
        ordinals[at] = day
    return ordinals[codes], zones


def _day(text: str, day_first: bool | None) -> tuple[int | None, str | None]:
    """Day number of a date as written, and the text of its time of day."""
    if len(text) > LONGEST:
        return None, None
    clock = None
    if found := _YEAR_FIRST.fullmatch(text) or _DIGITS.fullmatch(text):
        year, month, day = (int(one) for one in found.groups()[:3])
        clock = found[4] if found.re is _YEAR_FIRST else None
    elif found := _POINTS.fullmatch(text):
        day, month, year, clock = int(found[1]), int(found[2]), int(found[3]), found[4]
    elif (found := _EITHER.fullmatch(text)) and day_first is not None:
        day, month = (int(found[1]), int(found[2])) if day_first else (int(found[2]), int(found[1]))
        year, clock = int(found[3]), found[4]
    elif found := _DAY_WORD.fullmatch(text):
        day, month, year, clock = int(found[1]), _MONTHS.get(found[2][:3].lower(), 0), int(found[3]), found[4]
    elif found := _WORD_DAY.fullmatch(text):
        day, month, year, clock = int(found[2]), _MONTHS.get(found[1][:3].lower(), 0), int(found[3]), found[4]
    else:
        return None, None
    # 1970-01-01, 1900-01-01, 9999-12-31: how databases write "unknown".
    if not 1970 < year < 2200:
        return None, None
    try:
        return datetime.date(year, month, day).toordinal(), clock and clock.strip()
    except ValueError:
        return None, None


def _serial(text: str) -> str:
    """What a number in the place of a date looks like, to be added to the rule it breaks; empty for any other text."""
    found = _NUMBER.fullmatch(text[:LONGEST])
    if not found:
        return ""
    number = int(found[1])
    if 10_000 <= number < 100_000:  # Days from 1927 to 2173; Excel counts from 1899-12-30.
        day = datetime.date(1899, 12, 30) + datetime.timedelta(days=number)
        return f"; this looks like an Excel serial date ({number} is {day}): format the column as YYYY-MM-DD"
    for power, unit in ((0, "seconds"), (3, "milliseconds"), (6, "microseconds"), (9, "nanoseconds")):
        if len(str(number)) == 10 + power:
            day = datetime.date(1970, 1, 1) + datetime.timedelta(seconds=number // 10**power)
            return f"; this looks like {unit} since 1970 ({number} is {day}): format the column as YYYY-MM-DD"
    return ""


_AMOUNT = re.compile(
    r"(?P<sign>[-+]?)\s?(?P<before>[^\W\d_]{0,4}[$€£¥₹₩₽]?)\s?(?P<sign2>[-+]?)\s?"
    r"(?P<number>\d[\d.,' ]*|[.,]\d+)(?P<power>[eE][-+]?\d{1,3})?"
    r"\s?(?P<after>[^\W\d_]{0,4}[$€£¥₹₩₽]?)\s?(?P<sign3>-?)"
)


def _values(rows: _Rows, used: np.ndarray, errors: list[str]) -> tuple[np.ndarray, str | None]:
    """Amount of each row, NaN where it cannot be read, and the currency where the file tells one."""
    seen: dict[str, int] = {}  # Currency and its first row.
    if rows.currency is not None:
        labels, codes, _ = _distinct(rows.currency)
        for at, label in enumerate(labels):
            if label.casefold() not in MISSING and (of := np.flatnonzero((codes == at) & used)).size:
                seen.setdefault(_currency(label), int(of[0]))
    if isinstance(rows.amount, np.ndarray):
        value = np.where(np.isfinite(rows.amount) & (np.abs(rows.amount) < 1e12), rows.amount, np.nan)
    else:
        texts, codes, counts = _distinct(rows.amount)
        found = [_AMOUNT.fullmatch(_flat(text)) if len(text) <= LONGEST else None for text in texts]
        found = [one if one and len("".join(one.group("sign", "sign2", "sign3"))) < 2 else None for one in found]
        numbers = [one["number"].strip() if one else "" for one in found]
        style = _style(rows, numbers, codes, counts, errors)
        values = np.array([_amount(one, style) for one in found], float)
        for at, one in enumerate(found):
            if one and (label := one["before"] or one["after"]):
                if not _is_currency(label):
                    values[at] = np.nan
                elif (of := np.flatnonzero((codes == at) & used)).size:
                    row = int(of[0])
                    seen[_currency(label)] = min(seen.get(_currency(label), row), row)
        value = values[codes]
        odd = sum(int(count) for number, count in zip(numbers, counts, strict=True) if "," in number or "'" in number or " " in number)
        if odd and not errors:
            rows_read = "decimal commas" if style == "," else "thousands separators"
            rows.repairs["number_format"] = Repair(odd, f"amounts written with {rows_read} read as numbers")
    # A sign that several currencies share agrees with each of them.
    for sign, shared in SHARED.items():
        if sign in seen and shared & set(seen):
            del seen[sign]
    if len(seen) > 1:
        for label, row in sorted(seen.items(), key=lambda one: one[1])[:SHOWN]:
            role = "currency" if rows.currency is not None else "amount"
            text = rows.currency[row] if rows.currency is not None else str(rows.amount[row])
            errors.append(
                f"{rows.at(row, role)}: {role} = {_quoted(text)}: the log mixes currencies ({', '.join(sorted(seen))}), this the "
                f"first {label}: must be one. Convert the amounts, or keep the rows of one currency."
            )
    code = next(iter(seen), None)
    return value, code if code and re.fullmatch(r"[A-Z]{3}", code) else None


def _flat(text: str) -> str:
    """An amount with plain digits, signs and spaces; brackets about it, as accountants write, make it negative."""
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2019", "'").strip()
    return "-" + text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def _style(rows: _Rows, numbers: list[str], codes: np.ndarray, counts: np.ndarray, errors: list[str]) -> str:
    """The decimal sign of the column, from the amounts that leave no doubt."""
    read = {style: [_number(number, style) for number in numbers] for style in ",."}
    comma = [at for at in range(len(numbers)) if read[","][at] is not None and read["."][at] is None]
    point = [at for at in range(len(numbers)) if read["."][at] is not None and read[","][at] is None]
    doubt = [at for at, both in enumerate(zip(read[","], read["."], strict=True)) if None not in both and both[0] != both[1]]
    many = {",": int(counts[comma].sum()), ".": int(counts[point].sum())}

    def line(at: int) -> str:
        row = int(np.flatnonzero(codes == at)[0])
        return f"{rows.at(row, 'amount')}: amount = {_quoted(str(rows.amount[row]))}: "

    if min(many.values()) > FEW * rows.read:
        rule = f"the column mixes decimal commas ({many[',']:,} rows) and decimal points ({many['.']:,} rows). Write amounts as 1234.50."
        errors.extend(line(one[0]) + rule for one in (comma, point))
    if doubt and not comma and not point and any("." in numbers[at] for at in doubt):
        errors.append(
            line(next(at for at in doubt if "." in numbers[at]))
            + "could be thousands or three decimals, and no amount of the column settles it. Write amounts as 1234.50."
        )
    return "," if many[","] > many["."] else "."


def _number(number: str, style: str) -> float | None:
    """The number as written with this decimal sign, None where it cannot be: thousands stand in groups of three."""
    if not number:
        return None
    whole, _, decimals = number.partition(style)
    first, *groups = re.split(r"[.' ]" if style == "," else r"[,' ]", whole)
    if groups and not (1 <= len(first) <= 3 and not first.startswith("0") and all(len(one) == 3 for one in groups)):
        return None
    if decimals and not decimals.isdigit():
        return None
    return float(f"{first}{''.join(groups)}.{decimals or '0'}")


def _amount(found: re.Match[str] | None, style: str) -> float:
    """The amount, NaN where it is none under the decimal sign of the column."""
    number = _number(found["number"].strip(), style) if found else None
    if found is None or number is None:
        return float("nan")
    value = float(f"{number!r}{found['power']}") if found["power"] else number
    if not value < 1e12:
        return float("nan")
    return -value if "-" in found.group("sign", "sign2", "sign3") else value


def _is_currency(label: str) -> bool:
    label = unicodedata.normalize("NFKC", label).upper()
    return label in CODES or label in SHARED or bool(re.fullmatch(r"[A-Z]{3}", label))


def _currency(label: str) -> str:
    label = unicodedata.normalize("NFKC", label).strip().upper()
    return CODES.get(label, label)


def _distinct(texts: Iterable[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Distinct texts, the place of each row's text among them, and how many rows have each."""
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(text, len(places)) for text in texts], np.int64)
    return list(places), codes, np.bincount(codes, minlength=len(places))


def _listed(where: Sequence[str], shown: Sequence[str] | str, rule: str) -> list[str]:
    """One line for each of the first offenders."""
    shown = [shown] * len(where) if isinstance(shown, str) else shown
    return [f"{place}: {what}{rule}" for place, what in list(zip(where, shown, strict=True))[:SHOWN]]


def _too_many(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} rows are like this; up to {FEW:.0%} would be dropped."


def _quoted(text: str) -> str:
    """A value from outside, short and harmless to a terminal."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _plain(error: object) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in str(error)).split())[:160]
