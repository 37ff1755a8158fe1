"""The ledger as a file: lists by datestamp, pages at a cost that does not grow, files that are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from solnum_ld.errors import LedgerUnreadable
from solnum_ld.ledger import DATASETS, Entry, Ledger, RecordSet, Span, write_ledger

GONE = ("http://a.example/place", "2026-01-01T00:00:00Z")
PART = ("http://a.example/page#it", "2026-01-02T00:00:00Z")
SETS = [RecordSet("odd", "Odd", "Not even."), RecordSet("even", "Even")]


def entries(count: int) -> Iterator[Entry]:
    """Yield records of which ten change at a time, from the last to the first."""
    for n in reversed(range(count)):
        stamp = f"2026-01-01T{n // 36000:02}:{n // 600 % 60:02}:{n // 10 % 60:02}Z"
        yield Entry(f"oai:a.example:{n}", f"http://a.example/{n:06}", stamp, n % 7 == 0, n == 5, ("odd" if n % 2 else "even",))  # fmt: skip


def written(path: Path, count: int) -> Ledger:
    write_ledger(path, entries(count), SETS, [GONE, PART], release="r", state="1-r", earliest="2026-01-01T00:00:00Z")
    return Ledger(path)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with written(tmp_path / "ledger.sqlite", 1000) as opened:
        yield opened


def test_a_ledger_says_what_was_written(ledger: Ledger) -> None:
    assert (ledger.release, ledger.state, ledger.earliest) == ("r", "1-r", "2026-01-01T00:00:00Z")
    assert ledger.sets() == SETS[::-1]
    assert ledger.find("oai:a.example:5") == next(entry for entry in entries(1000) if entry.iri.endswith("000005"))
    assert ledger.find("oai:a.example:none") is None
    assert (ledger.departed(GONE[0]), ledger.departed("http://a.example/000001")) == (GONE[1], None)


def test_a_document_is_gone_with_what_its_fragments_named(ledger: Ledger) -> None:
    assert ledger.departed(PART[0]) == ledger.departed("http://a.example/page") == PART[1]
    assert ledger.departed("http://a.example/pag") is None


@pytest.mark.parametrize(
    ("name", "start", "end", "size"),
    [
        ("", None, None, 1000),
        ("odd", None, None, 500),
        ("", "2026-01-01T00:00:10Z", "2026-01-01T00:00:10Z", 10),
        ("even", "2026-01-01T00:00:10Z", "2026-01-01T00:00:11Z", 10),
        ("", None, "2026-01-01T00:00:00Z", 10),
        ("", "2026-01-01T00:01:39Z", None, 10),
        (DATASETS, None, None, 1),
        (f"{DATASETS}odd", None, None, 1),
    ],
)
def test_a_span_counts_the_records_between_two_times(
    ledger: Ledger, name: str, start: str, end: str, size: int
) -> None:
    span = ledger.span(name, start, end)
    assert span is not None
    assert span.size == size == len(ledger.page(span, span.first, 5000))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [("none", None, None), (f"{DATASETS}even", None, None), ("", "2027-01-01T00:00:00Z", None), ("", None, "2025-01-01T00:00:00Z"), ("", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z")],
)  # fmt: skip
def test_a_span_without_records_is_none(ledger: Ledger, name: str, start: str, end: str) -> None:
    assert ledger.span(name, start, end) is None


def test_pages_follow_one_another_in_order_of_change(ledger: Ledger) -> None:
    span = ledger.span("odd", None, None)
    assert span is not None
    pages = [ledger.page(span, start, 100) for start in range(span.first, span.last + 1, 100)]
    assert [len(page) for page in pages] == [100] * 5
    found = [(entry.stamp, entry.iri) for page in pages for entry in page]
    assert found == sorted(found)
    assert len(set(found)) == 500


def steps(ledger: Ledger) -> int:
    """Return how many instructions of SQLite's machine a page in the middle costs, with all that leads to it."""
    count = 0

    def one() -> int:
        nonlocal count
        count += 1
        return 0

    ledger._database.set_progress_handler(one, 1)
    span = ledger.span("odd", "2026-01-01T00:00:10Z", None)
    assert span is not None
    assert len(ledger.page(Span("odd", span.first, span.last), span.first + span.size // 2, 100)) == 100
    ledger.find("oai:a.example:77")
    ledger._database.set_progress_handler(None, 0)
    return count


def test_a_page_costs_the_same_however_many_records_there_are(ledger: Ledger, tmp_path: Path) -> None:
    with written(tmp_path / "large.sqlite", 30_000) as large:
        assert steps(large) <= 1.05 * steps(ledger)


def test_a_ledger_that_is_replaced_stays_as_it_was_for_those_who_read_it(ledger: Ledger, tmp_path: Path) -> None:
    with written(tmp_path / "ledger.sqlite", 20) as fresh:
        span = fresh.span("", None, None)
        assert span is not None
        assert span.size == 20
    whole = ledger.span("", None, None)
    assert whole is not None
    assert len(ledger.page(whole, 900, 100)) == 100
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"x" * 4096])
def test_what_is_no_ledger_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(LedgerUnreadable):
        Ledger(tmp_path / "ledger.sqlite")
    with pytest.raises(LedgerUnreadable):
        Ledger(tmp_path / "missing.sqlite")


def test_a_ledger_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    written(tmp_path / "ledger.sqlite", 20).close()
    twice = [*entries(3), *entries(3)]
    with pytest.raises(Exception, match="UNIQUE"):
        write_ledger(
            tmp_path / "ledger.sqlite", twice, SETS, [], release="s", state="2-s", earliest="2026-01-01T00:00:00Z"
        )
    with Ledger(tmp_path / "ledger.sqlite") as old:
        assert old.release == "r"
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]
