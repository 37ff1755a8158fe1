"""Portions of what was read: each line gets its graph and stable blank node labels, is surveyed, and sorted into a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from solnum_ld.mediatypes import JSONLD, NQUADS, TRIG
from solnum_ld.release.reading import FileReading
from solnum_ld.release.runs import RUN_BYTES, Run, write_run
from solnum_ld.release.survey import Survey
from solnum_ld.release.tree import Role

_QUADS = (NQUADS, TRIG, JSONLD)


@dataclass(frozen=True, slots=True)
class Portion:
    """The lines of a file's spool that begin from ``start`` up to ``end``, and where their runs go."""

    reading: FileReading
    graph: str
    start: int
    end: int
    target: Path


def divide(reading: FileReading, graph: str, folder: Path) -> Iterator[Portion]:
    """Divide a file into portions; one with blank nodes stays whole, since labels are numbered in its order."""
    size = reading.spool.stat().st_size
    step = max(size, 1) if reading.blank else RUN_BYTES
    for start in range(0, size, step):
        yield Portion(reading, graph, start, min(start + step, size), folder / f"{reading.spool.stem}-{start}")


def survey_portion(portion: Portion) -> tuple[Survey, list[Run]]:
    """Survey the lines of a portion and write them, sorted, as runs."""
    survey = Survey()
    runs: list[Run] = []
    labels = _Labels(portion.reading.digest[:12])
    file = portion.reading.file
    take = survey.take_shapes if file.role is Role.SHAPES else survey.take
    for block in _blocks(portion):
        lines = _with_graph(block, portion.graph, quads=file.format in _QUADS)
        if portion.reading.blank:
            lines = [labels.apply(line) if b"_:" in line else line for line in lines]
        take(lines, file.name)
        runs.append(write_run(lines, portion.target.with_name(f"{portion.target.name}-{len(runs)}.run")))
    return survey, runs


def _blocks(portion: Portion) -> Iterator[list[bytes]]:
    """Yield the portion's lines, without their ends, in blocks of bounded size."""
    with portion.reading.spool.open("rb") as spool:
        if portion.start:
            spool.seek(portion.start - 1)
            spool.readline()  # the line that began before is the portion's before
        while (at := spool.tell()) < portion.end:
            text = spool.read(min(RUN_BYTES, portion.end - at))
            text += spool.readline() if not text.endswith(b"\n") else b""
            yield text.split(b"\n")[:-1]


def _with_graph(lines: list[bytes], graph: str, *, quads: bool) -> list[bytes]:
    """Return the engine's lines, each with a graph: the one that it states, else the file's own."""
    suffix = b"<" + graph.encode() + b"> ."
    if quads:
        return [line[:-1] + suffix if _in_default_graph(line) else line for line in lines]
    return [line[:-1] + suffix for line in lines]


def _in_default_graph(line: bytes) -> bool:
    """Tell whether a line of the engine's N-Quads has three terms only."""
    rest = line.split(b" ", 2)[2]
    if rest.startswith(b'"'):
        end = 1
        while rest[end : end + 1] != b'"':
            end += 2 if rest[end : end + 1] == b"\\" else 1
        rest = rest[end:]
    return rest.count(b" ") == 1


class _Labels:
    """Blank node labels that a rebuild gives again: hash of the file and order of appearance (DESIGN, section 2)."""

    def __init__(self, digest: str) -> None:
        self._digest = digest.encode()
        self._known: dict[bytes, bytes] = {}

    def _label(self, term: bytes) -> bytes:
        return self._known.setdefault(term, b"_:b%sn%d" % (self._digest, len(self._known)))

    def apply(self, line: bytes) -> bytes:
        subject, predicate, rest = line.split(b" ", 2)
        if subject.startswith(b"_:"):
            subject = self._label(subject)
        if rest.startswith(b"_:"):
            term, _, tail = rest.partition(b" ")
            rest = self._label(term) + b" " + tail
        tail_start = rest.rfind(b" _:", 0, len(rest) - 2)
        if tail_start >= 0 and b'"' not in rest[tail_start:]:
            rest = rest[: tail_start + 1] + self._label(rest[tail_start + 1 : -2]) + b" ."
        return b" ".join((subject, predicate, rest))
