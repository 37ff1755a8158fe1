"""Sort more lines than fit in memory: sorted runs on disk, merged (external merge sort)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

RUN_BYTES = 192 * 1024 * 1024
"""Bytes of text in a run; in memory about 1.3 times as much."""


class LineSorter:
    """Takes lines (bytes without their end) in any order and gives them back sorted, each once."""

    def __init__(self, folder: Path, run_bytes: int = RUN_BYTES) -> None:
        self._folder, self._run_bytes = folder, run_bytes
        self._lines: list[bytes] = []
        self._size = 0
        self._runs: list[Path] = []

    def add(self, line: bytes) -> None:
        """Take one line."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._run_bytes:
            self._spill()

    def _spill(self) -> None:
        self._lines.sort()
        run = self._folder / f"run-{len(self._runs)}"
        with run.open("wb") as out:
            out.writelines(line + b"\n" for line in self._lines)
        self._runs.append(run)
        self._lines.clear()
        self._size = 0

    def merged(self) -> Iterator[bytes]:
        """Yield every line once, in order of bytes; the runs are removed afterwards."""
        self._lines.sort()
        with ExitStack() as stack:
            files = [stack.enter_context(run.open("rb")) for run in self._runs]
            readers: list[Iterator[bytes]] = [map(_chomp, file) for file in files]
            previous = None
            for line in heapq.merge(*readers, self._lines) if readers else self._lines:
                if line != previous:
                    yield line
                    previous = line
        self._lines.clear()
        for run in self._runs:
            run.unlink()
        self._runs.clear()


def _chomp(line: bytes) -> bytes:
    return line[:-1]
