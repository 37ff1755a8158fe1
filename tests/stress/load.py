"""Constant load on a deployment while things happen to it, and what the answers told.

Every resource of the source under load tells its edition in each answer, more than once, so that an answer of two releases
shows itself.
"""

from __future__ import annotations

import http.client
import itertools
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from release.building import LABEL, command_line

NOTE = "https://schema.org/description"
TOKEN = re.compile(rb"edition-(\d)")
ITEMS = 300
QUERY = f"SELECT ?s ?l {{ ?s <{LABEL}>|<{NOTE}> ?l FILTER(STRSTARTS(?l, 'edition-')) }}"
RESOURCES = ["doc/topic.ttl", *(f"doc/item/{n:05}{suffix}" for n in range(6) for suffix in ("", ".jsonld"))]
MIX = (RESOURCES * 2)[:14] + ["sparql"] * 2 + ["sparql fresh"] * 2 + ["doc/item/00007.html", "dumps/dataset.nt"]
"""Of twenty requests fourteen are for resources, four for SPARQL (two of them past every cache), one for a page, one for a dump."""


def write_edition(source: Path, edition: int) -> None:
    """Write a source in which whatever is asked tells the edition, more than once."""
    topic = "<http://data.example.org/id/topic>"
    (source / "edition.nt").write_text(
        f'{topic} <{NOTE}> "edition-{edition}" .\n'
        + "".join(
            f'<http://data.example.org/id/item/{n:05}> <{LABEL}> "edition-{edition} of {n}"@fr .\n'
            f'<http://data.example.org/id/item/{n:05}> <{NOTE}> "edition-{edition}" .\n'
            for n in range(ITEMS)
        )
    )


def done(*arguments: object) -> None:
    """Run a command to its good end."""
    result = command_line(*arguments)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.stderr


@dataclass
class Seen:
    """What was answered. ``again`` counts requests that were sent a second time, since a connection ended without a whole answer;
    ``failed`` those that had no good answer then; ``slowest`` is in seconds."""

    total: int = 0
    again: int = 0
    slowest: float = 0.0
    editions: Counter[tuple[bytes, ...]] = field(default_factory=Counter)
    failed: list[tuple[str, object]] = field(default_factory=list)
    etags: dict[tuple[str, tuple[bytes, ...]], set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def mixed(self) -> int:
        """Answers that told two editions."""
        return sum(count for told, count in self.editions.items() if len(told) > 1)

    def check(self, least: int) -> None:
        """Assert that of at least so many requests none failed and none mixed two releases, and that ETags agree."""
        assert self.failed == []
        assert set(self.editions) == {(b"1",), (b"2",)}
        assert {key: tags for key, tags in self.etags.items() if len(tags) > 1} == {}
        assert self.total >= least


@contextmanager
def under_load(base: str, clients: int = 4) -> Iterator[Seen]:
    """Ask without pause from several clients, each over one connection, until the block ends."""
    seen, ended, lock = Seen(), threading.Event(), threading.Lock()

    def one(place: str, number: int, connection: http.client.HTTPConnection) -> tuple[int, bytes, str]:
        path = f"/{place}"
        if place.startswith("sparql"):
            text = f"{QUERY} # {number}" if place == "sparql fresh" else QUERY
            path = f"/sparql?format=csv&query={quote(text)}"
        connection.request("GET", path, headers={"Accept": "text/turtle, text/csv;q=0.9, */*;q=0.5"})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("etag", "")

    def ask(first: int) -> None:
        address = urlsplit(base).netloc
        connection = http.client.HTTPConnection(address, timeout=30)
        for number in itertools.count(first, clients):
            if ended.is_set():
                break
            place, outcome, before = MIX[number % len(MIX)], None, time.monotonic()
            for attempt in (1, 2):  # as clients do with what is safe to repeat (RFC 9110, 9.2.2)
                try:
                    outcome = one(place, number, connection)
                    break
                except (OSError, http.client.HTTPException) as error:
                    connection.close()
                    outcome = error
                    with lock:
                        seen.again += attempt == 1
            with lock:
                seen.total += 1
                seen.slowest = max(seen.slowest, time.monotonic() - before)
                if not isinstance(outcome, tuple) or outcome[0] != 200:
                    seen.failed.append((place, outcome[:2] if isinstance(outcome, tuple) else outcome))
                    continue
                told = tuple(sorted(set(TOKEN.findall(outcome[1]))))
                seen.editions[told] += 1
                if outcome[2]:
                    seen.etags[place, told].add(outcome[2])
        connection.close()

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def after(seen: Seen, more: int) -> None:
    """Return when so many further requests have been answered."""
    goal = seen.total + more
    for _ in range(6000):
        if seen.total >= goal:
            return
        threading.Event().wait(0.02)
    raise AssertionError("the load has come to a standstill")
