"""What is told of queries is kept for short ones, and errors are no answers that are kept."""

from __future__ import annotations

import pytest

from solnum_ld.sparql.kept import SHORT, kept


def test_a_short_query_is_looked_at_once_and_a_long_one_each_time() -> None:
    looked: list[int] = []

    @kept
    def length(text: str, more: int) -> int:
        looked.append(more)
        if text == "?":
            raise ValueError(text)
        return len(text) + more

    assert [length("ask", 1), length("ask", 1), length("ask", 2)] == [4, 4, 5]
    assert looked == [1, 2]
    assert [length("x" * (SHORT + 1), 0) for _ in range(2)] == [SHORT + 1] * 2
    for _ in range(2):
        with pytest.raises(ValueError, match=r"\?"):
            length("?", 3)
    assert looked == [1, 2, 0, 0, 3, 3]
