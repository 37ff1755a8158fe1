"""Runs, cut into ranges and merged, give what sorting in memory gives, wherever they are cut."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.release import runs
from solnum_ld.release.runs import merge, ranges, subject_of, write_run

LINE = st.tuples(st.sampled_from("abcde é"), st.binary(max_size=6)).map(
    lambda pair: pair[0].strip().encode() + b" " + pair[1].replace(b"\n", b" ")
)


@pytest.fixture(autouse=True)
def short_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "STRIDE", 3)


@given(st.lists(st.lists(LINE, min_size=1, max_size=30), min_size=1, max_size=5), st.integers(1, 300))
def test_lines_come_back_sorted_and_once_wherever_they_are_cut(portions: list[list[bytes]], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        written = [write_run(list(lines), place / f"run-{n}") for n, lines in enumerate(portions)]
        parts = [merge(part).read_bytes() for part in ranges(written, place, size)]
    everything = {line for lines in portions for line in lines}
    assert b"".join(parts) == b"".join(line + b"\n" for line in sorted(everything))
    subjects = [{subject_of(line) for line in part.split(b"\n")[:-1]} for part in parts]
    assert sum(map(len, subjects)) == len(set().union(*subjects)), "a subject is divided"


def test_order_is_that_of_bytes(tmp_path: Path) -> None:
    lines = [f"{text} x".encode() for text in ("é", "z", "e", "\U0001f600", "\uffff", "Z")]
    (part,) = ranges([write_run(lines, tmp_path / "run")], tmp_path)
    assert [line[0] for line in merge(part).read_text("utf-8").split("\n")[:-1]] == list("Zezé\uffff\U0001f600")


def test_nothing_gives_one_empty_range(tmp_path: Path) -> None:
    (part,) = ranges([], tmp_path)
    assert merge(part).read_bytes() == b""
