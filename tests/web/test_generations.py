"""A running server and its releases: it takes up a new one, goes back, and finishes what is in flight when it ends."""

from __future__ import annotations

import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import httpx

from support import Server, run, serving, write_small

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def release_of(server: Server) -> str:
    return str(httpx.get(f"{server.base}version").json()["release"])


def until(condition: object, seconds: float = 10) -> float:
    """Wait until a condition holds; return how long it took."""
    started = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - started < seconds
        threading.Event().wait(0.05)
    return time.monotonic() - started


def test_a_new_release_is_taken_up_and_rolled_back_while_the_server_runs(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=5)
    with serving(source, tmp_path / "releases") as server:
        port = server.base.rstrip("/").rpartition(":")[2]
        first = release_of(server)
        before = [httpx.get(f"{server.base}doc/book.nt") for _ in range(3)][-1]  # answered by the bytes of its request
        (source / "new.ttl").write_text(
            '<http://data.example.org/id/book> <https://schema.org/version> "2" .\n', "utf-8"
        )
        assert run("build", source, "--releases", tmp_path / "releases", "--port", port).returncode == 0
        assert until(lambda: release_of(server) != first) < 10
        after = httpx.get(f"{server.base}doc/book.nt")
        assert b"schema.org/version" in after.content
        assert after.headers["etag"] != before.headers["etag"]
        back = run("rollback", "--source", source, "--releases", tmp_path / "releases", "--port", port)
        assert back.returncode == 0, back.stderr
        until(lambda: release_of(server) == first)
        assert httpx.get(f"{server.base}doc/book.nt").headers["etag"] == before.headers["etag"]
    with serving(source, tmp_path / "releases", "--port", port) as again:
        assert release_of(again) == first
        assert any("solnum-ld rollback" in line for line in again.log)


def test_an_endless_query_ends_at_the_limit_while_others_are_answered(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=1500)
    with serving(source, tmp_path / "releases", "--query-timeout", "1") as server:
        address = f"{server.base}sparql?{urllib.parse.urlencode({'query': ENDLESS})}"
        answers: list[httpx.Response] = []
        visitor = threading.Thread(target=lambda: answers.append(httpx.get(address, timeout=30)))
        visitor.start()
        assert httpx.get(f"{server.base}health/live").status_code == 200
        assert httpx.get(f"{server.base}sparql?query=ASK%7B%7D", timeout=30).json()["boolean"] is True
        visitor.join(30)
        assert answers[0].status_code == 504
        assert answers[0].headers["content-type"] == "application/problem+json"


def test_a_request_in_flight_is_finished_after_sigterm(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=1500)
    with serving(source, tmp_path / "releases", "--query-timeout", "2") as server:
        address = f"{server.base}sparql?{urllib.parse.urlencode({'query': ENDLESS})}"
        answers: list[httpx.Response] = []
        visitor = threading.Thread(target=lambda: answers.append(httpx.get(address, timeout=30)))
        visitor.start()
        threading.Event().wait(0.5)
        assert server.stop() in {0, -15}  # uvicorn ends by the signal that it was sent
        visitor.join(30)
        assert answers[0].status_code == 504


def test_names_may_lie_behind_a_redirector(tmp_path: Path) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = write_small(tmp_path / "source", hub=5)
    base, public = "https://names.example.org/x/", f"http://127.0.0.1:{port}/ld/"
    options = ["--base-uri", base, "--public-url", public, "--contact", "team@example.org", "--port", str(port)]
    with serving(source, tmp_path / "releases", *options) as server:
        assert server.base == public
        moved = httpx.get(f"{public}id/book")
        assert (moved.status_code, moved.headers["location"]) == (303, f"{public}doc/book")
        text = httpx.get(f"{public}doc/book.nt").text
        assert f"<{base}id/book>" in text
        assert f"<{public}doc/book>" in text
        with urllib.request.urlopen(f"{public}doc/book.html") as page:
            assert f'href="{public}' in page.read().decode()


def test_a_source_without_a_triple_is_served(tmp_path: Path) -> None:
    (tmp_path / "vide").mkdir()
    (tmp_path / "vide" / "rien.ttl").write_text("")
    with serving(tmp_path / "vide", tmp_path / "releases") as server:
        assert any("not a single triple" in line for line in server.log)
        page = httpx.get(server.base, headers={"accept": "text/html"})
        assert (page.status_code, "vide" in page.text) == (200, True)
        graph = httpx.get(server.base, headers={"accept": "text/turtle"})
        assert graph.status_code == 200
        assert b"void:triples 0" in graph.content
        assert httpx.get(f"{server.base}sparql?query=ASK%7B%7D", timeout=30).json()["boolean"] is True
        assert httpx.get(f"{server.base}id/x").status_code == 404
