"""Whoever shares the work of a build, and however it is divided, the release is the same."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from release.building import GOOD, SPACE, assert_whole, build_into, bytes_of, catalog, labelled, write
from solnum_ld.errors import ReleaseError
from solnum_ld.release import crew, portions, runs

MIXED = f"""\
<{SPACE}id/a> <http://x.example.net/p> [ <http://x.example.net/q> "blank" ], <{SPACE}id/b> .
<http://127.0.0.1:8000/id/a> <http://x.example.net/p> "both names of one thing", "<{SPACE}id/a>" .
"""
QUADS = f"""\
<{SPACE}id/a> <http://x.example.net/p> "x" <{SPACE}graph/one> .
<{SPACE}id/a> <http://x.example.net/p> "x" <{SPACE}graph/two> .
<{SPACE}id/a> <http://x.example.net/p> "x" .
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    many = "".join(f"<{SPACE}id/{n:04}> <http://x.example.net/about> <{SPACE}id/hub> .\n" for n in range(1500))
    rule = "CONSTRUCT { ?s a <http://x.example.net/Linked> } WHERE { ?s <http://x.example.net/about> ?o }"
    files = {"catalog.ttl": catalog(), "a.ttl": GOOD + MIXED, "b.nq": QUADS, "c.nt": labelled("c"), "d.nt": many}
    return write(tmp_path / "source", {**files, "ontology/rules/r.rq": rule})


def test_a_release_is_the_same_however_it_is_divided(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = build_into(tmp_path / "alone", source)
    monkeypatch.setattr(crew, "SMALL", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(runs, "RUN_BYTES", 50_000)
    monkeypatch.setattr(portions, "RUN_BYTES", 30_000)
    shared = build_into(tmp_path / "shared", source)
    assert shared.release.id == alone.release.id == assert_whole(shared.release.path)
    one, other = (
        {n: b for n, b in bytes_of(b.release.path).items() if not n.startswith("store")} for b in (alone, shared)
    )
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name] and name != "index.sqlite"] == []
    assert links_of(shared.release.path) == links_of(alone.release.path)
    assert len(links_of(alone.release.path)) == 3000, "those of the hub, and of the class that is derived"
    assert links_of(shared.release.path, "example") == links_of(alone.release.path, "example") != set()


def links_of(release: Path, table: str = "link") -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(release / "index.sqlite")) as index:
        return set(index.execute(f"SELECT * FROM {table}"))


def test_a_process_that_is_stopped_ends_the_build_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(ReleaseError, match="was stopped"), crew.crew_for(crew.SMALL + 1) as some:
        list(some.each(stop, [0, 1]))


def stop(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
