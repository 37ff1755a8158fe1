"""The external sort gives what sorting in memory gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.release.sorting import LineSorter

LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b" ")), max_size=60)


@given(LINES, st.integers(min_value=1, max_value=200))
def test_lines_come_back_sorted_and_once_whatever_the_size_of_a_run(lines: list[bytes], run_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sorter = LineSorter(Path(folder), run_bytes)
        for line in lines:
            sorter.add(line)
        assert list(sorter.merged()) == sorted(set(lines))
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize("run_bytes", [1, 1000], ids=["a run a line", "in memory"])
def test_order_is_that_of_bytes(run_bytes: int, tmp_path: Path) -> None:
    lines = ["é", "z", "e", "\U0001f600", "\uffff", "Z"]
    sorter = LineSorter(tmp_path, run_bytes)
    for line in lines:
        sorter.add(line.encode())
    assert [line.decode() for line in sorter.merged()] == ["Z", "e", "z", "é", "\uffff", "\U0001f600"]
