"""Four engines under constant load: releases change to and fro, an engine dies; no request fails and no answer mixes releases."""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from exchange import free_port

from release.building import LABEL, command_line
from store.engines import oxigraph
from support import serving, write_small

pytestmark = pytest.mark.stress
CHANGES = 36
NOTE = "https://schema.org/description"
TOKEN = re.compile(r"edition-(\d)")


def write_edition(source: Path, edition: int) -> None:
    """Write a source in which whatever is asked tells the edition, more than once."""
    topic = "<http://data.example.org/id/topic>"
    (source / "edition.nt").write_text(
        f'{topic} <{NOTE}> "edition-{edition}" .\n'
        + "".join(
            f'<http://data.example.org/id/item/{n:05}> <{LABEL}> "edition-{edition} of {n}"@fr .\n' for n in range(40)
        )
    )


def done(*arguments: object) -> None:
    """Run a command to its good end."""
    result = command_line(*arguments)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.stderr


def test_no_request_fails_and_no_answer_mixes_two_releases(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=40)
    with ExitStack() as stack:
        dying = stack.enter_context(ExitStack())
        engines = [dying.enter_context(oxigraph()), *(stack.enter_context(oxigraph()) for _ in range(3))]
        options = ["--port", str(free_port()), "--releases", tmp_path / "releases"]
        store = ["--store", ",".join(engines)]
        for edition in (1, 2):
            write_edition(source, edition)
            done("build", source, *options, "--no-shacl", "--accept-changes")
            done("publish", source, *options, *store, "--grace", "0")
        server = stack.enter_context(serving(source, tmp_path / "releases", *options[:2], "--no-build", *store))
        query = f"SELECT ?s ?l {{ ?s <{LABEL}>|<{NOTE}> ?l FILTER(STRSTARTS(?l, 'edition-')) }}"
        asked = [
            ("doc/topic.ttl", {}),
            ("doc/item/00001", {}),
            ("sparql", {"query": query, "format": "csv"}),
            ("doc/item/00002.html", {}),
        ]
        ended = threading.Event()
        seen: Counter[object] = Counter()

        def ask() -> None:
            with httpx.Client(base_url=server.base, timeout=30) as http:
                for number in itertools.count():
                    if ended.is_set():
                        return
                    path, parameters = asked[number % len(asked)]
                    fresh = {**parameters, "query": f"{query} # {number}"} if parameters else {}  # past the cache
                    answer = http.get(path, params=fresh)
                    editions = frozenset(TOKEN.findall(answer.text)) if answer.status_code == 200 else ()
                    seen[(answer.status_code, editions)] += 1

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            with httpx.Client(base_url=server.base, timeout=30) as http:
                for change in range(CHANGES):
                    before = http.get("version").json()["release"]
                    done("rollback", "--source", source, *options)
                    if change == CHANGES // 2:
                        dying.close()
                    for _ in range(200):
                        if http.get("version").json()["release"] != before:
                            break
                        threading.Event().wait(0.05)
                    else:
                        raise AssertionError("the release is not taken up")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        print(dict(seen))
        assert set(seen) == {(200, frozenset("1")), (200, frozenset("2"))}
        assert sum(seen.values()) > 1000
