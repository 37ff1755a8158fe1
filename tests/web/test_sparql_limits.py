"""Limits that hold: time, memory, rows, concurrency, rate, queue; workers that die or are left alone; metrics."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import socket
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyoxigraph as ox
import pytest
from endpoint import ASK, ENDLESS, FORM, JSON, PROBLEM, RESULTS, assert_problem, read_boolean, read_rows, send
from exchange import Answer, client_of, free_port, parse_answer, sparql, wait_for

from support import Server, run, serving

ROWS = 1_000
STREAM = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
ADDRESSES = (f"10.{n // 65_536}.{n // 256 % 256}.{n % 256}" for n in itertools.count(1))


@pytest.fixture(scope="module")
def metrics_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def limited(small: Path, tmp_path_factory: pytest.TempPathFactory, metrics_port: int) -> Iterator[Server]:
    """A server with one worker, a queue of one and small limits, that believes a proxy on the loopback."""
    options = {
        "query-timeout": 1,
        "query-memory": 128,
        "workers": 1,
        "queue": 1,
        "max-rows": ROWS,
        "client-concurrency": 2,
        "client-rate": 20,
        "trusted-proxy": "127.0.0.1",
        "metrics-port": metrics_port,
    }
    words = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with serving(small, tmp_path_factory.mktemp("limited"), *words) as running:
        yield running


@pytest.fixture
def visitor(limited: Server) -> Iterator[httpx.Client]:
    """A client with an address of its own, as the proxy tells it."""
    with client_of(limited.base) as client:
        client.headers["x-forwarded-for"] = next(ADDRESSES)
        yield client


class Pending:
    """A query that was sent, whose answer is read later or never."""

    def __init__(self, server: Server, query: str, address: str) -> None:
        body = urlencode({"query": query}).encode()
        lines = f"Host: x\r\nX-Forwarded-For: {address}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\nConnection: close"
        self.connection = socket.create_connection(server.address, timeout=30)
        self.connection.sendall(f"POST /sparql HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body)

    def answer(self) -> Answer:
        received = b""
        while piece := self.connection.recv(65_536):
            received += piece
        return parse_answer(received)

    def close(self) -> None:
        self.connection.close()


def at_once(server: Server, addresses: list[str]) -> list[Answer]:
    """Send one endless query from each address, all before any answer is read."""
    with ExitStack() as stack:
        pending = [Pending(server, f"{ENDLESS} # {n}", address) for n, address in enumerate(addresses)]
        for each in pending:
            stack.callback(each.close)
        return [each.answer() for each in pending]


def workers(server: Server) -> set[int]:
    """Return the ids of the processes below a server that have none below themselves, as the kernel tells."""
    found, waiting = set(), [server.process.pid]
    while waiting:
        process = waiting.pop()
        try:
            children = [
                int(child)
                for task in Path(f"/proc/{process}/task").glob("*/children")
                for child in task.read_text().split()
            ]
        except OSError:
            continue
        waiting += children
        if not children:
            found.add(process)
    return found - {server.process.pid}


def died(metrics_port: int) -> str:
    """Return how many workers have died of their own, as the metrics tell."""
    told = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", trust_env=False).text
    return next(
        line for line in told.splitlines() if line.startswith('solnum_store_workers_killed_total{reason="died"}')
    )


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["get", "form"])
def test_endless_query_ends_at_the_limit_in_each_form_of_error(way: str, visitor: httpx.Client) -> None:
    answer = send(visitor, way, ENDLESS)
    problem = assert_problem(answer, 504)
    assert "1 s" in problem["detail"] or "1 second" in problem["detail"]


def test_others_are_served_while_an_endless_query_runs(limited: Server, visitor: httpx.Client) -> None:
    pending = Pending(limited, ENDLESS, next(ADDRESSES))
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(pending.answer)
        served = 0
        while not endless.done():
            assert visitor.get("health/live").status_code == 200
            assert visitor.get("doc/book").status_code == 200
            served += 1
        assert endless.result().status == 504
    assert served > 3
    pending.close()
    assert read_boolean(send(visitor, "form", ASK).content, JSON)


def test_slow_patterns_of_every_kind_end_at_the_limit(visitor: httpx.Client) -> None:
    for query in (
        "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i",
        "SELECT ?c (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } GROUP BY ?c",
        "ASK { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STRLEN(CONCAT(STR(?a), STR(?d), STR(?g))) = 7) }",
        "CONSTRUCT { ?a ?e ?i } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STRLEN(CONCAT(STR(?a), STR(?i))) = 7000) }",
    ):
        assert send(visitor, "form", query).status_code in {503, 504}


# -- memory, rows --------------------------------------------------------------------------------------------------------


def test_query_that_grows_costs_only_itself(visitor: httpx.Client) -> None:
    doubled = '"xxxxxxxxxxxxxxxx"'
    binds = "".join(f"BIND(CONCAT(?x{n}, ?x{n}, ?x{n}, ?x{n}) AS ?x{n + 1}) " for n in range(14))
    answer = send(visitor, "form", f"SELECT (STRLEN(?x14) AS ?n) {{ BIND({doubled} AS ?x0) {binds} }}")
    assert_problem(answer, 400, 413, 503, 504)
    assert read_boolean(send(visitor, "form", "ASK { ?s ?p 47 } # after").content, JSON)


@pytest.mark.parametrize("kind", dict.fromkeys(RESULTS.values()))
def test_answer_with_too_many_rows_is_never_whole(kind: str, visitor: httpx.Client) -> None:
    """Either an honest status, or a connection that breaks off: nothing that a parser would take for everything."""
    query = "SELECT ?s { ?s <https://schema.org/about> ?o }"
    try:
        answer = send(visitor, "form", query, headers={"accept": kind})
    except httpx.RemoteProtocolError:
        return
    assert answer.status_code >= 400
    assert media_type_of(answer) == PROBLEM
    assert str(ROWS) in answer.json()["detail"].replace(",", "").replace("\u202f", "").replace(" ", "")


def media_type_of(answer: httpx.Response) -> str:
    return answer.headers["content-type"].partition(";")[0]


def test_answer_within_the_rows_is_whole(visitor: httpx.Client) -> None:
    query = f"SELECT ?s {{ ?s <https://schema.org/about> ?o }} LIMIT {ROWS}"
    assert len(read_rows(send(visitor, "form", query).content, JSON)) == ROWS


@pytest.mark.parametrize("kind", ["application/n-triples", "application/n-quads", "text/turtle"])
def test_graph_with_too_many_triples_is_never_whole(kind: str, visitor: httpx.Client) -> None:
    query = "CONSTRUCT WHERE { ?s <https://schema.org/about> ?o }"
    within = send(visitor, "form", f"{query} LIMIT {ROWS}", headers={"accept": kind})
    assert sum(1 for _ in ox.parse(within.content, format=ox.RdfFormat.from_media_type(kind))) == ROWS
    try:
        answer = send(visitor, "form", query, headers={"accept": kind})
    except httpx.RemoteProtocolError:
        return
    assert answer.status_code >= 400


@pytest.mark.parametrize("way", ["get", "form"])
def test_streamed_answer_that_is_cut_off_breaks_the_connection(way: str, http: httpx.Client) -> None:
    """The first rows come at once; a reader that goes away ends the query."""
    request = http.build_request("GET", sparql(STREAM + " # " + way)) if way == "get" else http.build_request(
        "POST", "sparql", content=urlencode({"query": STREAM}).encode(), headers={"content-type": FORM}
    )  # fmt: skip
    answer = http.send(request, stream=True)
    try:
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        assert next(answer.iter_raw()).startswith(b'{"head"')
    finally:
        answer.close()
    assert read_boolean(send(http, "form", ASK).content, JSON)


def test_compressed_answer_that_is_cut_off_is_never_whole(visitor: httpx.Client) -> None:
    """Neither HTTP nor gzip says that it has ended."""
    headers = {"accept-encoding": "gzip", "content-type": FORM}
    got = b""
    with visitor.stream("POST", "sparql", content=urlencode({"query": STREAM}).encode(), headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        with pytest.raises(httpx.RemoteProtocolError):
            for part in answer.iter_raw():
                got += part
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(got).startswith(b'{"head"')
    assert not inflate.eof


# -- clients and queue -----------------------------------------------------------------------------------------------------


def assert_try_again(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert int(answer.header("retry-after") or "") > 0
    assert answer.header("access-control-allow-origin") == "*"
    assert answer.header("content-type") == PROBLEM


def test_one_client_may_ask_only_so_much_at_once(limited: Server) -> None:
    address = next(ADDRESSES)
    answers = at_once(limited, [address] * 5)
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 3
    for answer in refused:
        assert_try_again(answer, 429)
    assert {answer.status for answer in answers} == {429, 504}


def test_queue_that_is_full_refuses(limited: Server) -> None:
    answers = at_once(limited, [next(ADDRESSES) for _ in range(6)])
    refused = [answer for answer in answers if answer.status == 503]
    assert len(refused) >= 3
    for answer in refused:
        assert_try_again(answer, 503)
    assert [answer.status for answer in answers if answer.status != 503].count(504) == len(answers) - len(refused)


def test_client_is_whom_the_trusted_proxy_saw(limited: Server) -> None:
    """What stands left of the proxy's own entry was written by the client, who may write anything."""
    real = next(ADDRESSES)
    answers = at_once(limited, [f"{next(ADDRESSES)}, {real}" for _ in range(4)])
    assert [answer.status for answer in answers].count(429) == 2


def test_client_may_ask_only_so_often(limited: Server) -> None:
    address, another = next(ADDRESSES), next(ADDRESSES)
    with client_of(limited.base) as client:
        queries = [f"{ASK} # {number}" for number in range(120)]  # a cached answer costs nothing and counts for nothing
        answers = [client.get(sparql(query), headers={"x-forwarded-for": address}) for query in queries]
        assert client.get(sparql(ASK), headers={"x-forwarded-for": another}).status_code == 200
        assert client.get("doc/book", headers={"x-forwarded-for": address}).status_code == 200
    refused = [answer for answer in answers if answer.status_code != 200]
    assert answers[0].status_code == 200
    assert refused
    for answer in refused:
        assert_problem(answer, 429)
        assert int(answer.headers["retry-after"]) > 0


def test_forwarded_address_is_not_believed_from_anyone(http: httpx.Client) -> None:
    for value in ("10.0.0.1", "not an address", "10.0.0.1, , 10.0.0.2", "[::1]:80", "'; DROP", "é", "," * 500):
        answer = http.get(
            sparql(ASK), headers=[(b"x-forwarded-for", value.encode()), (b"forwarded", b"for=" + value.encode())]
        )
        assert answer.status_code == 200
        assert value not in str(answer.headers)


# -- workers ---------------------------------------------------------------------------------------------------------------


def test_killed_worker_costs_its_own_query_only(limited: Server, visitor: httpx.Client) -> None:
    for number in range(3):
        before = workers(limited)
        assert before
        pending = Pending(limited, ENDLESS, next(ADDRESSES))
        for worker in before:
            with contextlib.suppress(ProcessLookupError):  # the service ends some by itself
                os.kill(worker, signal.SIGKILL)
        assert pending.answer().status in {503, 504}
        pending.close()
        answer = send(visitor, "form", f"ASK {{ ?s ?p {number} }} # after")
        assert answer.status_code == 200
        wait_for(lambda before=before: bool(workers(limited)) and not workers(limited) & before)


def test_worker_that_runs_past_the_limit_is_replaced(limited: Server, visitor: httpx.Client) -> None:
    before = workers(limited)
    assert send(visitor, "form", ENDLESS).status_code == 504
    wait_for(lambda: bool(before - workers(limited)) and len(workers(limited)) >= 2)


@pytest.mark.parametrize(
    "opening",
    ["ASK {" + "{" * 20_000, "ASK { FILTER(" + "(" * 20_000, "SELECT (1" + "+1" * 20_000 + " AS ?x) {}", "ASK { ?s " + "^" * 20_000 + "<p> ?o }"],
    ids=["groups", "parentheses", "sums", "inverses"],
)  # fmt: skip
def test_query_that_would_break_the_parser_is_refused(opening: str, visitor: httpx.Client, metrics_port: int) -> None:
    before = died(metrics_port)
    assert_problem(send(visitor, "form", opening), 400)
    assert read_boolean(send(visitor, "form", ASK).content, JSON)
    assert died(metrics_port) == before, "refused by looking, not by a worker's death"


def test_reader_that_hangs_up_frees_its_worker(limited: Server, visitor: httpx.Client) -> None:
    for _ in range(4):
        pending = Pending(limited, ENDLESS, next(ADDRESSES))
        pending.close()
    wait_for(lambda: send(visitor, "form", "ASK {} # after all have gone").status_code == 200)


def test_many_visitors_at_once_are_all_answered(http: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda n: send(http, "get", f"SELECT ({n} AS ?n) {{}}").json(), range(40)))
    assert [answer["results"]["bindings"][0]["n"]["value"] for answer in answers] == [str(n) for n in range(40)]


# -- metrics, options ------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\])*",?)*\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)( \d+)?'
)


def test_metrics_are_told_to_prometheus_apart_from_the_public(
    limited: Server, metrics_port: int, visitor: httpx.Client
) -> None:
    send(visitor, "form", ASK)
    send(visitor, "form", "ASK {")
    send(visitor, "form", ENDLESS)
    send(visitor, "get", ASK)
    answer = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert [line for line in lines if line and not line.startswith("#") and not SAMPLE.fullmatch(line)] == []
    for subject in ("queries", "outcome", "queue", "workers", "killed", "cache", "_bucket", "_seconds"):
        assert subject in answer.text, subject
    for secret in ("10.0.0", "schema.org", "SELECT", "ASK {"):
        assert secret not in answer.text
    assert visitor.get("metrics").status_code == 404


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("query-timeout", "0"),
        ("query-memory", "1"),
        ("workers", "0"),
        ("client-concurrency", "0"),
        ("trusted-proxy", "nonsense"),
        ("default-graph", "both"),
    ],
)
def test_setting_that_cannot_hold_is_refused_at_the_start(option: str, value: str, small: Path, tmp_path: Path) -> None:
    arguments = ["serve", small, "--port", "0", "--releases", tmp_path / "releases"]
    variable = f"SOLNUM_{option.upper().replace('-', '_')}"
    by_option = option in {"query-timeout", "query-memory", "trusted-proxy"}
    done = (
        run(*arguments, f"--{option}", value, timeout=60)
        if by_option
        else run(*arguments, timeout=60, **{variable: value})
    )
    assert done.returncode == 2, done.stderr
    assert option in done.stderr or variable in done.stderr
