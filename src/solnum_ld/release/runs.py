"""Sort more lines than fit in memory, on every core: sorted runs on disk, cut at the same subjects, merged range by range.

A range holds every line of its subjects, so that ranges can be worked on apart; where they are cut changes no result.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

RUN_BYTES = 32 * 1024 * 1024
"""Bytes of text in a run or a range; in memory about four times as much. A subject is never divided."""

STRIDE = 500
"""Lines from one mark of a run to the next."""


@dataclass(frozen=True, slots=True)
class Run:
    """Sorted lines in a file. ``marks`` are the subject and the offset of every STRIDE-th line."""

    path: Path
    size: int
    marks: tuple[tuple[bytes, int], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The lines of some runs from a subject (``low``) up to another (``high``, None: to the end), and where they go."""

    runs: tuple[Run, ...]
    low: bytes
    high: bytes | None
    target: Path


def write_run(lines: list[bytes], path: Path) -> Run:
    """Sort the lines (without their ends) and write them."""
    lines.sort()
    marks, offset = [], 0
    with path.open("wb") as out:
        for start in range(0, len(lines), STRIDE):
            block = b"\n".join(lines[start : start + STRIDE]) + b"\n"
            marks.append((subject_of(lines[start]), offset))
            out.write(block)
            offset += len(block)
    return Run(path, offset, tuple(marks))


def subject_of(line: bytes) -> bytes:
    """Return the subject of a line with the space after it, so that it sorts as the lines do."""
    return line[: line.index(b" ") + 1]


def ranges(runs: Sequence[Run], folder: Path, size: int | None = None) -> list[Range]:
    """Divide the runs into ranges of about ``size`` bytes (RUN_BYTES), whose results go to ``folder``."""
    total = sum(run.size for run in runs)
    parts = max(1, -(-total // (size or RUN_BYTES)))
    subjects = sorted(subject for run in runs for subject, _ in run.marks)
    cuts = sorted({subjects[number * len(subjects) // parts] for number in range(1, parts)}) if subjects else []
    lows, highs = [b"", *cuts], [*cuts, None]
    return [
        Range(tuple(runs), low, high, folder / f"source-{number:05}.nq")
        for number, (low, high) in enumerate(zip(lows, highs, strict=True))
    ]


def merge(part: Range) -> Path:
    """Write the lines of a range to its target, sorted by bytes, each once."""
    lines: list[bytes] = []
    for run in part.runs:
        lines += _between(run, part.low, part.high)
    lines.sort()  # of sorted stretches: merged, not sorted anew
    with part.target.open("wb") as out:
        out.writelines(_ended(dict.fromkeys(lines)))
    return part.target


def _ended(lines: Iterable[bytes]) -> list[bytes]:
    text = b"\n".join(lines)
    return [text, b"\n"] if text else []


def _between(run: Run, low: bytes, high: bytes | None) -> list[bytes]:
    subjects = [subject for subject, _ in run.marks]
    first = max(bisect_left(subjects, low) - 1, 0)  # lines before this mark have smaller subjects
    last = len(subjects) if high is None else bisect_left(subjects, high)
    if last == 0:
        return []
    start = run.marks[first][1]
    end = run.marks[last][1] if last < len(subjects) else run.size
    with run.path.open("rb") as file:
        file.seek(start)
        lines = file.read(end - start).split(b"\n")[:-1]
    return lines[bisect_left(lines, low) : len(lines) if high is None else bisect_left(lines, high)]
