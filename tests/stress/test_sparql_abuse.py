"""Hostile use of the SPARQL endpoint, within STRESS_SECONDS in all, on the loopback only.

After each attack: the workers are whole again and a small question is answered within a second (either within five seconds
of the last answer, for the machine may be busy), the processes hold what they held (± 10 %), and no status above 499 was
other than 503 or 504.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from endpoint import DIRECT, FORM, listening

from support import Server, serving, write_small

pytestmark = pytest.mark.stress

SECONDS = float(os.environ.get("STRESS_SECONDS", "600"))
DEPTH = 20_000
LIMIT = 3.0
WORKERS = 2
STEADY = 2 + WORKERS + 1
"""Processes of a server at rest: itself, the nursery, a worker for each short lane, and one to spare."""
CUT = 0
"""The status that stands for a connection that the server broke off."""


@dataclass
class Attacked:
    """The server, what it weighed before, and every status that it gave."""

    server: Server
    weight: float
    until: float
    seen: Counter[int] = field(default_factory=Counter)

    def send(self, query: str | bytes, *, accept: str = "*/*", timeout: float = 60, path: str = "/sparql") -> int:
        """Post a query; return its status, or CUT."""
        status, _ = exchange(self.server, post(query, accept, path), timeout)
        self.seen[status] += 1
        return status

    def send_all(self, queries: list[str], at_once: int = 4) -> Counter[int]:
        """Post queries from several connections while there is time; return how many got which status."""
        with ThreadPoolExecutor(at_once) as pool:
            return Counter(pool.map(lambda query: self.send(query) if time.monotonic() < self.until else 200, queries))


def post(query: str | bytes, accept: str = "*/*", path: str = "/sparql") -> bytes:
    body = query if isinstance(query, bytes) else query.encode()
    lines = f"Host: x\r\nAccept: {accept}\r\nContent-Type: {DIRECT}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body


def exchange(server: Server, request: bytes, timeout: float) -> tuple[int, bytes]:
    """Send bytes and return status and body; CUT where there is no whole answer."""
    received = b""
    with contextlib.suppress(OSError), socket.create_connection(server.address, timeout=timeout) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        while piece := connection.recv(1 << 20):
            received += piece
            if len(received) > 8_000_000:  # the head and the end are looked at
                received = received[:4096] + received[-1_000_000:]
    match = re.match(rb"HTTP/1\.[01] (\d{3})", received)
    return (int(match[1]) if match else CUT), received.partition(b"\r\n\r\n")[2]


def processes(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{process}/task").glob("*/children"):
                waiting += map(int, task.read_text().split())
    return found


def weight(root: int) -> float:
    """Return the proportional memory of a process and all below it, in MB."""
    total = 0
    for process in processes(root):
        with contextlib.suppress(OSError):
            match = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(match[1]) if match else 0
    return total / 1024


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def answers(server: Server, seconds: float = 1.0) -> bool:
    """Tell whether a question that no cache holds is answered in time."""
    started = time.monotonic()
    status, body = exchange(server, post(f"ASK {{}} # {started}"), 10)
    return status == 200 and b"true" in body and time.monotonic() - started <= seconds


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    source = write_small(tmp_path_factory.mktemp("source") / "small", hub=2_500)
    options = [
        "--query-timeout",
        LIMIT,
        "--workers",
        WORKERS,
        "--query-memory",
        256,
        "--client-concurrency",
        8,
        "--queue",
        16,
    ]
    with serving(source, tmp_path_factory.mktemp("releases"), *map(str, options)) as server:
        warm(server)
        yield server


def warm(server: Server) -> None:
    """Bring the server to the state that it is compared with: every worker has answered, every code is loaded."""
    for number in range(200):
        for query in ("SELECT * {{ ?s ?p ?o }} LIMIT 3000 # {}", "CONSTRUCT WHERE {{ ?s ?p ?o }} # {}", "ASK {{ # {}"):
            exchange(server, post(query.format(number)), 20)
    exchange(server, post("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"), 20)
    time.sleep(1)


@pytest.fixture
def attacked(running: Server) -> Iterator[Attacked]:
    """Give a server to attack, for a share of the time; then ask how it is."""
    one = Attacked(running, weight(running.process.pid), time.monotonic() + SECONDS / 16)
    yield one
    assert running.process.poll() is None, "".join(running.log[-30:])
    assert wait_until(lambda: len(processes(running.process.pid)) >= STEADY, 5), "workers are missing"
    assert wait_until(lambda: answers(running), 5), "a small question waits"
    assert wait_until(lambda: weight(running.process.pid) <= 1.1 * one.weight, 5), (
        one.weight,
        weight(running.process.pid),
    )
    assert {status for status in one.seen if status >= 500} <= {503, 504}, one.seen
    assert not [line for line in running.log if "Traceback" in line], "".join(running.log[-60:])


# -- nesting -------------------------------------------------------------------------------------------------------------


def nested(
    opening: str, inner: str, closing: str, *, head: str = "ASK { ", tail: str = " }", depth: int = DEPTH
) -> str:
    return head + opening * depth + inner + closing * depth + tail


NESTED = {
    "groups": nested("{ ", "?s ?p ?o", " }"),
    "open groups": "ASK { " + "{" * DEPTH,
    "parentheses": nested("(", "1", ")", head="ASK { FILTER(", tail=") }"),
    "open parentheses": "ASK { FILTER(" + "(" * DEPTH,
    "sums": "SELECT (1" + " + 1" * DEPTH + " AS ?x) {}",
    "products": "SELECT (1" + " * 1" * DEPTH + " AS ?x) {}",
    "ors": "ASK { FILTER(true" + " || false" * DEPTH + ") }",
    "ands": "ASK { FILTER(true" + " && true" * DEPTH + ") }",
    "nots": "ASK { FILTER(" + "!" * DEPTH + "true) }",
    "minuses": "SELECT (" + "-" * DEPTH + "1 AS ?x) {}",
    "minuses apart": "SELECT (" + "- " * DEPTH + "1 AS ?x) {}",
    "optionals": nested("OPTIONAL { ?s ?p ?o ", "", "}"),
    "optionals in a row": "ASK { ?s ?p ?o " + "OPTIONAL { ?s ?p ?o } " * DEPTH + "}",
    "unions": "ASK { { ?s ?p ?o } " + "UNION { ?s ?p ?o } " * DEPTH + "}",
    "unions within": nested("{ {} UNION ", "{}", " }"),
    "minus within": nested("MINUS { ?s ?p ?o ", "", "}"),
    "minus in a row": "ASK { ?s ?p ?o " + "MINUS { ?s ?p 1 } " * DEPTH + "}",
    "exists": nested("FILTER EXISTS { ?s ?p ?o ", "", "}"),
    "not exists": nested("FILTER NOT EXISTS { ?s ?p ?o ", "", "}"),
    "graphs": nested("GRAPH ?g { ", "?s ?p ?o", " }"),
    "subqueries": nested("{ SELECT * { ", "?s ?p ?o", " } }"),
    "subqueries bare": nested("{ SELECT * ", "{}", " }", depth=DEPTH),
    "functions": nested("STR(", "1", ")", head="SELECT (", tail=" AS ?x) {}"),
    "conditions": nested("IF(true, ", "1", ", 2)", head="SELECT (", tail=" AS ?x) {}"),
    "coalesce": nested("COALESCE(", "1", ")", head="SELECT (", tail=" AS ?x) {}"),
    "concat": nested("CONCAT('a', ", "'b'", ")", head="SELECT (", tail=" AS ?x) {}"),
    "in": nested("1 IN (", "1", ")", head="ASK { FILTER(", tail=") }"),
    "paths": nested("(", "<x:p>", ")", head="ASK { ?s ", tail=" ?o }"),
    "path sequence": "ASK { ?s <x:p>" + "/<x:p>" * DEPTH + " ?o }",
    "path choice": "ASK { ?s <x:p>" + "|<x:p>" * DEPTH + " ?o }",
    "path stars": nested("(", "<x:p>", ")*", head="ASK { ?s ", tail=" ?o }"),
    "path inverses": "ASK { ?s " + "^" * DEPTH + "<x:p> ?o }",
    "path inverses within": nested("^(", "<x:p>", ")", head="ASK { ?s ", tail=" ?o }"),
    "path negations": nested("!(", "<x:p>", ")", head="ASK { ?s ", tail=" ?o }"),
    "lists": nested("(", "1", ")", head="ASK { ?s ?p ", tail=" }"),
    "long list": "ASK { ?s ?p (" + "1 " * DEPTH + ") }",
    "blank nodes": nested("[ <x:p> ", "1", " ]", head="ASK { ?s ?p ", tail=" }"),
    "open blank nodes": "ASK { ?s ?p " + "[ <x:p> " * DEPTH,
    "triple terms": nested("<<( <x:s> <x:p> ", "1", " )>>", head="ASK { ?s ?p ", tail=" }"),
    "reified triples": nested("<< <x:s> <x:p> ", "1", " >>", head="ASK { ?s ?p ", tail=" }"),
    "annotations": nested("{| <x:p> 1 ", "", " |}", head="ASK { ?s ?p ?o ", tail=" }"),
    "templates": nested("[ <x:p> ", "1", " ]", head="CONSTRUCT { ?s ?p ", tail=" } WHERE {}"),
    "lateral": nested("LATERAL { ", "?s ?p ?o", " }"),
    "services": nested("SERVICE <http://127.0.0.1:9/> { ", "?s ?p ?o", " }"),
    "binds": "ASK { " + "".join(f"BIND(1 AS ?x{n}) " for n in range(DEPTH)) + "}",
    "filters": "ASK { ?s ?p ?o " + "FILTER(?o = 1) " * DEPTH + "}",
    "triples": "ASK { " + "".join(f"?s{n} ?p{n} ?o{n} . " for n in range(DEPTH)) + "}",
    "one star": "ASK { ?s " + " ; ".join(f"?p{n} ?o{n}" for n in range(DEPTH)) + " }",
    "values": "ASK { VALUES ?x { " + "1 " * DEPTH + "} }",
    "values in a row": "ASK { " + "VALUES ?x { 1 2 } " * DEPTH + "}",
    "columns": "SELECT " + " ".join(f"?v{n}" for n in range(DEPTH)) + " {}",
    "projections": "SELECT " + " ".join(f"(1 AS ?v{n})" for n in range(DEPTH)) + " {}",
    "groupings": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY " + " ".join(f"(?s AS ?v{n})" for n in range(DEPTH)),
    "orders": "SELECT * { ?s ?p ?o } ORDER BY " + "STR(?s) " * DEPTH,
    "having": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } HAVING " + "(1 = 1) " * DEPTH,
    "prefixes": "".join(f"PREFIX p{n}: <http://x/{n}/> " for n in range(DEPTH)) + "ASK {}",
    "graphs of the dataset": "SELECT * " + "FROM <http://data.example.org/x> " * DEPTH + "{ ?s ?p ?o }",
    "described": "DESCRIBE " + " ".join(f"<http://x/{n}>" for n in range(DEPTH)),
    "comments": "#\n" * 200_000 + "ASK {}",
    "backslashes": "ASK { ?s ?p '" + "\\\\" * DEPTH + "' }",
    "escapes": "ASK { ?s ?p '" + "\\u0041" * DEPTH + "' }",
    "quotes": "ASK { ?s ?p " + "'" * DEPTH + " }",
    "dots": "ASK { ?s ?p ?o " + ". " * DEPTH + "}",
    "empty": "",
    "spaces": " " * 500_000,
    "long name": "ASK { ?s p:" + "x" * 500_000 + " ?o }",
    "long variable": "ASK { ?" + "x" * 500_000 + " ?p ?o }",
    "long IRI": "ASK { <http://x/" + "x" * 500_000 + "> ?p ?o }",
    "long number": "SELECT (1" + "0" * 500_000 + " AS ?x) {}",
    "long string": "SELECT ('" + "x" * 900_000 + "' AS ?x) {}",
    "replace": nested("REPLACE(", "'a'", ", 'b', 'c')", head="SELECT (", tail=" AS ?x) {}", depth=40),
    "group concat": nested("GROUP_CONCAT(", "1", ")", head="SELECT (", tail=" AS ?x) {}", depth=40),
    "path repeated": "ASK { ?s (" + "/".join(f"<x:{n}>" for n in range(60)) + ")+ ?o . ?o ?p ?q }",
    "path to many": "ASK { ?s "
    + "/".join(f"<x:{n}>" for n in range(40))
    + " "
    + ", ".join(f"?o{n}" for n in range(40))
    + " }",
    "sums without spaces": "ASK { FILTER(true" + "-1" * 400_000 + ") }",
    "values and patterns": "ASK { VALUES ?s { "
    + "1 " * 100_000
    + "} "
    + "".join(f"?s ?p{n} ?o{n} . " for n in range(90))
    + "}",
    "conditions and unions": "ASK { "
    + " UNION ".join(f"{{ ?s ?p{n} 1 }}" for n in range(1900))
    + f" FILTER(?s IN ({'1,' * DEPTH} 1)) }}",
    "patterns without dots": "ASK { " + "?s ?p ?o FILTER(1) " * 1900 + "}",
    "services by name": "ASK {#" + "SERVICE" * 100_000 + "\n}",
    "mixed": "ASK { " + "{ OPTIONAL { FILTER(((1 + (2 " * (DEPTH // 4),
}


@pytest.mark.parametrize("name", NESTED)
def test_nesting_is_refused_or_answered(name: str, running: Server) -> None:
    for body in (post(NESTED[name]), form(NESTED[name])):
        status, text = exchange(running, body, 30)
        assert status in {200, 400, 403, 413}, (name, status, text[:300])  # and no worker was lost over it
        if status == 200:
            assert text.strip()
    assert answers(running)


def form(query: str) -> bytes:
    body = urlencode({"query": query}).encode()
    lines = f"Host: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"POST /sparql HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body


@pytest.mark.parametrize("depth", [20, 50, 200, 800, 3_000, 8_000])
def test_nesting_of_every_depth_leaves_the_service_well(depth: int, attacked: Attacked) -> None:
    pairs = [
        ("{ ", "", " }"),
        ("OPTIONAL { ?s ?p ?o ", "", "}"),
        ("FILTER NOT EXISTS { ?s ?p ?o ", "", "}"),
        ("{ SELECT * { ", "", " } }"),
    ]
    queries = [nested(*pair, depth=depth) for pair in pairs]
    queries += [
        nested(*pair, head="SELECT (", tail=" AS ?x) {}", depth=depth)
        for pair in (("(", "1", ")"), ("STR(", "1", ")"), ("IF(true, ", "1", ", 2)"))
    ]
    queries += [
        "SELECT (1" + " + 1" * depth + " AS ?x) {}",
        "ASK { ?s <x:p>" + "/<x:p>" * depth + " ?o }",
        "ASK { ?s " + "^" * depth + "<x:p> ?o }",
    ]
    found = attacked.send_all(queries)
    assert set(found) <= {200, 400, 503, 504}, found
    if depth <= 20:
        assert found[200] >= len(queries) - 1, "what people write is answered"


# -- evaluation that never ends, or grows ----------------------------------------------------------------------------------

TRIPLE = "?a{0} ?b{0} ?c{0} . "
PRODUCT = "".join(TRIPLE.format(n) for n in range(4))
ENDLESS = {
    "count of a product": f"SELECT (COUNT(*) AS ?n) {{ {PRODUCT} }}",
    "ask over a product": f"ASK {{ {PRODUCT} FILTER(STRLEN(CONCAT(STR(?a0), STR(?a1), STR(?a2))) = 7) }}",
    "construct of a product": f"CONSTRUCT {{ ?a0 ?b1 ?c2 }} WHERE {{ {PRODUCT} FILTER(STRLEN(STR(?c3)) = 77777) }}",
    "describe of a product": f"DESCRIBE ?a0 WHERE {{ {PRODUCT} FILTER(?a0 = ?c3 && STRLEN(STR(?a0)) = 77777) }}",
    "closures": "SELECT (COUNT(*) AS ?n) { ?a (!<x:y>)* ?b . ?c (!<x:y>)* ?d . ?e (!<x:y>)* ?f }",
    "closure of alternatives": "SELECT (COUNT(*) AS ?n) { ?a (<x:p>|!<x:p>|^<x:p>|!(^<x:p>))+ ?b . ?b (<x:p>|!<x:p>|^!<x:p>)+ ?c }",
    "closure with nothing bound": "SELECT * { ?a (!<x:y>|^!<x:y>)* ?b } ORDER BY ?a ?b",
    "order": f"SELECT * {{ {PRODUCT} }} ORDER BY ?c0 ?c1 ?c2",
    "order by expressions": f"SELECT * {{ {PRODUCT} }} ORDER BY RAND() MD5(STR(?a0))",
    "distinct": f"SELECT DISTINCT * {{ {PRODUCT} }}",
    "distinct count": f"SELECT (COUNT(DISTINCT *) AS ?n) {{ {PRODUCT} }}",
    "group": f"SELECT ?c0 ?c1 ?c2 (COUNT(*) AS ?n) {{ {PRODUCT} }} GROUP BY ?c0 ?c1 ?c2",
    "group by expressions": f"SELECT ?x (MAX(?c3) AS ?m) {{ {PRODUCT} }} GROUP BY (CONCAT(STR(?a0), STR(?a1)) AS ?x)",
    "group concat": f"SELECT (GROUP_CONCAT(STR(?c0); SEPARATOR=', ') AS ?x) {{ {PRODUCT} }}",
    "offset": f"SELECT * {{ {PRODUCT} }} OFFSET 9000000000000",
    "unions": "SELECT (COUNT(*) AS ?n) { " + "{ ?a ?b ?c } UNION { ?d ?e ?f } " * 3 + f" {PRODUCT} }}",
    "optionals": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c "
    + "".join(f"OPTIONAL {{ ?d{n} ?e{n} ?f{n} }} " for n in range(4))
    + "}",
    "not exists": f"SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e ?f FILTER NOT EXISTS {{ {PRODUCT} FILTER(STRLEN(STR(?c0)) = 77777) }} }}",
    "minus": f"SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c MINUS {{ {PRODUCT} }} }}",
    "subqueries": f"SELECT (SUM(?n) AS ?m) {{ {{ SELECT ?a0 (COUNT(*) AS ?n) {{ {PRODUCT} }} GROUP BY ?a0 }} }}",
    "values": "SELECT (COUNT(*) AS ?n) { " + " ".join(f"VALUES ?v{n} {{ {'1 ' * 200} }}" for n in range(6)) + " }",
    "regular expressions": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?a), STR(?d)), '(a|aa|aaa)*(b|[ab]+)*c$')) ?g ?h ?i }",
    "hashes": f"SELECT (SUM(STRLEN(SHA512(CONCAT(STR(?a0), STR(?a1), STR(?a2))))) AS ?n) {{ {PRODUCT} }}",
    "named graphs": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?a ?b ?c } GRAPH ?h { ?d ?e ?f } GRAPH ?i { ?j ?k ?l } }",
    "having": f"SELECT ?a0 {{ {PRODUCT} }} GROUP BY ?a0 HAVING (COUNT(*) = 1)",
}


def doubling(steps: int, expression: str) -> str:
    binds = "".join(f"BIND({expression.format(f'?x{n}')} AS ?x{n + 1}) " for n in range(steps))
    return f"SELECT (STRLEN(?x{steps}) AS ?n) {{ BIND('aaaaaaaaaaaaaaaa' AS ?x0) {binds} }}"


GROWING = {
    "concat": doubling(40, "CONCAT({0}, {0})"),
    "concat by eight": doubling(12, "CONCAT({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0})"),
    "replace": doubling(12, "REPLACE({0}, 'a', 'aaaaaaaaaaaaaaaa')"),
    "replace by groups": doubling(12, "REPLACE({0}, '(.)', '$1$1$1$1$1$1$1$1')"),
    "replace of nothing": doubling(12, "REPLACE({0}, 'x*', 'aaaaaaaaaaaaaaaa')"),
    "encode": doubling(20, "ENCODE_FOR_URI(CONCAT({0}, '%%%%', {0}))"),
    "group concat": "SELECT (STRLEN(GROUP_CONCAT(?big; SEPARATOR='')) AS ?n) { ?a ?b ?c . ?d ?e ?f BIND(CONCAT(STR(?a), STR(?b), STR(?c), STR(?d)) AS ?big) }",
    "rows of large strings": doubling(16, "CONCAT({0}, {0})").replace("SELECT (STRLEN(?x16) AS ?n) {", "SELECT ?x16 ?a ?d { ?a ?b ?c . ?d ?e ?f "),
    "order of large strings": doubling(12, "CONCAT({0}, {0})").replace("SELECT (STRLEN(?x12) AS ?n) {", "SELECT (CONCAT(?x12, STR(?a)) AS ?y) { ?a ?b ?c . ?d ?e ?f ") + " ORDER BY ?y",
    "decimals": "SELECT (SUM(?x) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(1.1 * 1.1 * STRLEN(STR(?a)) AS ?x) }",
    "constructed": "CONSTRUCT { ?a ?b ?f . ?d ?e ?c . [] ?h [ ?b ?i ] } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
}  # fmt: skip


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_query_ends_at_the_limit(name: str, running: Server) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(exchange, running, post(ENDLESS[name]), 60)
        while not endless.done():
            assert answers(running), "a small question waits"
            time.sleep(0.2)
        status, body = endless.result()
    assert status in {200, 503, 504}, (name, status, body[:300])
    assert time.monotonic() - started <= LIMIT * 1.1 + 1.2, "the answer is late"
    if status == 200 and time.monotonic() - started > LIMIT * 0.9:
        assert not body.rstrip().endswith(b"0\r\n"), "an answer that was cut off ends as a whole one does"


@pytest.mark.parametrize("name", GROWING)
def test_growing_query_costs_only_itself(name: str, attacked: Attacked) -> None:
    peak = 0.0
    with ThreadPoolExecutor(1) as pool:
        growing = pool.submit(attacked.send, GROWING[name])
        while not growing.done():
            peak = max(peak, weight(attacked.server.process.pid))
            time.sleep(0.05)
    assert growing.result() in {CUT, 200, 400, 413, 503, 504}
    assert peak - attacked.weight < 256 + 128, "more than a query may take"


def test_a_thousand_hostile_queries_leave_nothing_behind(attacked: Attacked) -> None:
    quick = [query for name, query in NESTED.items() if len(query) < 300_000]
    slow = [*ENDLESS.values(), *GROWING.values()]
    attacked.until = time.monotonic() + SECONDS / 6
    queries = [(quick[n % len(quick)] if n % 8 else slow[n // 8 % len(slow)]) + f" # {n}" for n in range(1_000)]
    found = attacked.send_all(queries, at_once=6)
    assert set(found) <= {CUT, 200, 400, 403, 413, 429, 503, 504}, found


# -- bodies and clients ------------------------------------------------------------------------------------------------------


def test_ten_megabytes_are_refused_in_every_shape(attacked: Attacked) -> None:
    size = 10_000_000
    fill = b"x" * size
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    shapes = [
        post(b"ASK {} #" + fill),
        head + f"Content-Type: {FORM}\r\nContent-Length: {size + 6}\r\n\r\nquery=".encode() + fill,
        head + f"Content-Type: {FORM}\r\nContent-Length: {size}\r\n\r\n".encode() + b"a=b&" * (size // 4),
        head
        + f"Content-Type: {DIRECT}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + b"1\r\nx\r\n" * (size // 6)
        + b"0\r\n\r\n",
        head + f"Content-Type: text/plain\r\nContent-Length: {size}\r\n\r\n".encode() + fill,
        head + f"Content-Type: {FORM}\r\nContent-Length: {size}\r\n\r\n".encode() + b"%41" * (size // 3),
        b"GET /sparql?query=" + fill + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\nX-Fill: " + fill + b"\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        fill,
    ]
    for request in shapes * 3:
        status, _ = exchange(attacked.server, request, 30)
        attacked.seen[status] += 1
        assert status in {CUT, 400, 413, 414, 415, 431}, (request[:80], status)


SLOW = {
    "header": (b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"),
    "line": (b"GET /spa", b"r"),
    "nothing": (b"", b""),
    "body": (
        f"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: {DIRECT}\r\nContent-Length: 100000\r\n\r\n".encode(),
        b" ",
    ),
    "chunks": (
        f"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: {DIRECT}\r\nTransfer-Encoding: chunked\r\n\r\n".encode(),
        b"1\r\n \r\n",
    ),
}


def slow_client(server: Server, number: int) -> tuple[socket.socket, bytes]:
    """Open a connection that will send a byte now and then; half of them from one address, half from a hundred."""
    start, drip = list(SLOW.values())[number % len(SLOW)]
    address = "127.0.0.1" if number % 2 else f"127.0.3.{number // 2 % 100 + 1}"
    connection = socket.create_connection(server.address, timeout=5, source_address=(address, 0))
    try:
        connection.sendall(start)
    except OSError:
        connection.close()
        raise
    connection.setblocking(False)
    return connection, drip


def test_a_thousand_slow_clients_keep_nobody_out(attacked: Attacked) -> None:
    """Lines, headers, bodies and chunks that drip for twenty seconds, and silence; then they have all been let go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4_096)), hard))
    held: list[tuple[socket.socket, bytes]] = []
    try:
        for number in range(1_000):
            with contextlib.suppress(OSError):
                held.append(slow_client(attacked.server, number))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for connection, drip in held:
                with contextlib.suppress(OSError):
                    connection.send(drip)
            assert answers_from_elsewhere(attacked.server), f"{len(held)} slow clients keep others out"
            time.sleep(2)

        def still() -> int:
            return sum(is_open(connection) for connection, _ in held)

        assert wait_until(lambda: still() == 0, 15), f"{still()} of {len(held)} are still held"
    finally:
        for connection, _ in held:
            connection.close()


def answers_from_elsewhere(server: Server) -> bool:
    """Ask from another address of the loopback: connections are capped by client."""
    started = time.monotonic()
    with socket.create_connection(server.address, timeout=10, source_address=("127.0.0.2", 0)) as connection:
        connection.sendall(post(f"ASK {{}} # {started}"))
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
    return received.startswith(b"HTTP/1.1 200") and time.monotonic() - started < 1


def is_open(connection: socket.socket) -> bool:
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def test_slow_readers_take_no_memory_and_no_worker(attacked: Attacked) -> None:
    """They ask for much and read nothing: the front process does not hold the rest for them."""
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
    held = []
    try:
        for number in range(6):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.connect(attacked.server.address)
            connection.sendall(post(f"{query} # {number}"))
            held.append(connection)
        until = time.monotonic() + LIMIT + 1
        while time.monotonic() < until:
            assert weight(attacked.server.process.pid) - attacked.weight < 6 * 64
            time.sleep(0.25)
        assert answers_from_elsewhere(attacked.server)
    finally:
        for connection in held:
            connection.close()


def test_hang_ups_free_the_workers(attacked: Attacked) -> None:
    for number in range(60):
        with socket.create_connection(attacked.server.address, timeout=5) as connection:
            connection.sendall(post(f"{ENDLESS['count of a product']} # {number}"))
    assert wait_until(lambda: answers(attacked.server), 1.5), "workers still compute for those who left"


def test_hang_ups_in_the_middle_of_a_body_cost_nothing(attacked: Attacked) -> None:
    for number in range(300):
        with socket.create_connection(attacked.server.address, timeout=5) as connection:
            connection.sendall(post("SELECT * { ?s ?p ?o } # " + "x" * 5_000)[: 80 + number * 3])
    for _ in range(100):
        with socket.create_connection(attacked.server.address, timeout=5) as connection:
            connection.sendall(post("SELECT * { ?a ?b ?c . ?d ?e ?f }"))
            connection.recv(100)


def test_killed_workers_cost_their_own_queries_only(attacked: Attacked) -> None:
    root = attacked.server.process.pid
    for number in range(20):
        with ThreadPoolExecutor(2) as pool:
            pending = [pool.submit(attacked.send, f"{ENDLESS['count of a product']} # {number} {n}") for n in range(2)]
            time.sleep(0.1)
            signal_all(leaves(root), signal.SIGKILL)
            assert wait_until(lambda: answers(attacked.server), 1.5)
            assert {each.result() for each in pending} <= {503, 504, 429}


def leaves(root: int) -> list[int]:
    return [process for process in processes(root) if process != root and processes(process) == [process]]


def signal_all(those: list[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may be gone by now."""
    for process in those:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def test_stopped_worker_is_killed_at_the_limit(attacked: Attacked) -> None:
    """A worker that the kernel does not let run answers nothing: the limit of time holds all the same."""
    stopped = leaves(attacked.server.process.pid)
    signal_all(stopped, signal.SIGSTOP)
    try:
        started = time.monotonic()
        status = attacked.send("ASK {} # stopped")
        taken = time.monotonic() - started
    finally:
        signal_all(stopped, signal.SIGCONT)
    assert status in {200, 503, 504}
    assert taken <= LIMIT * 1.1 + 1.5
    assert wait_until(lambda: answers(attacked.server), LIMIT + 2)


def test_queue_overflow_and_one_greedy_client(attacked: Attacked) -> None:
    query = ENDLESS["count of a product"]

    def from_address(number: int, address: str) -> int:
        with socket.create_connection(attacked.server.address, timeout=60, source_address=(address, 0)) as connection:
            connection.sendall(post(f"{query} # {number}"))
            received = b""
            while piece := connection.recv(65_536):
                received += piece
        status = int(received[9:12])
        if status in {429, 503}:
            assert re.search(rb"(?i)\r\nretry-after: *[1-9]", received.partition(b"\r\n\r\n")[0])
        return status

    with ThreadPoolExecutor(80) as pool:
        greedy = Counter(pool.map(lambda n: from_address(n, "127.0.0.9"), range(30)))
    assert greedy[429] >= 20, greedy
    with ThreadPoolExecutor(80) as pool:
        crowd = Counter(pool.map(lambda n: from_address(n, f"127.0.1.{n + 1}"), range(70)))
    assert crowd[503] >= 40, crowd
    assert set(greedy | crowd) <= {429, 503, 504}
    attacked.seen.update(greedy | crowd)


def test_no_listener_of_the_loopback_hears_anything(attacked: Attacked, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ttl"
    secret.write_text("<x:secret> <x:secret> <x:secret> .", "utf-8")
    with listening() as listener:
        reach = [
            listener.address,
            f"http://localhost:{listener.port}/",
            f"http://[::ffff:127.0.0.1]:{listener.port}/",
            f"HTTP://127.1:{listener.port}",
            secret.as_uri(),
            str(secret),
        ]
        bodies = []
        for address in reach:
            for silent in ("", "SILENT "):
                bodies += [
                    f"SELECT * {{ SERVICE {silent}<{address}> {{ ?s ?p ?o }} }}",
                    f"ASK {{ {{ {{ OPTIONAL {{ SERVICE {silent}<{address}> {{}} }} }} }} }}",
                ]
                bodies += [
                    f"SELECT * {{ VALUES ?x {{ <{address}> }} SERVICE {silent}?x {{ ?s ?p ?o }} }}",
                    f"LOAD {silent}<{address}>",
                ]
                bodies += [
                    f"SELECT * {{ BIND(IRI('{address}') AS ?x) SERVICE {silent}?x {{ ?s ?p ?o }} }}",
                    f"BASE <{address}> ASK {{ SERVICE {silent}<> {{}} }}",
                ]
                glued = silent.strip()
                bodies += [
                    f"PREFIX : <{address}> ASK {{ SERVICE{glued}:x {{ ?s ?p ?o }} }}",
                    f"PREFIX e: <{address}> ASK {{ ?s ?p true.SERVICE{glued}e:x {{ ?s ?p ?o }} }}",
                    f"PREFIX : <{address}> ASK {{ ?s :-1.SERVICE{glued}:x # {{\n {{ ?s ?p ?o }} }}",
                ]
            bodies += [
                f"SELECT * FROM <{address}> {{ ?s ?p ?o }}",
                f"SELECT * FROM NAMED <{address}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
                f"DESCRIBE <{address}>",
            ]
            bodies += [f"SELECT * {{ GRAPH <{address}> {{ ?s ?p ?o }} }}", f"SELECT * {{ ?s <{address}> ?o }}"]
        for body in bodies:
            status, text = exchange(attacked.server, post(body), 20)
            attacked.seen[status] += 1
            assert status in {200, 400, 403}, (body, status)
            assert b"x:secret" not in text
        for address in reach:
            for name in ("default-graph-uri", "named-graph-uri", "using-graph-uri", "query", "format", "iri"):
                target = f"/sparql?{name}={quote(address, safe='')}"
                attacked.seen[exchange(attacked.server, post("ASK { ?s ?p ?o }", path=target), 20)[0]] += 1
        assert listener.calls() == []


def test_random_bytes_are_no_fault_of_the_service(attacked: Attacked) -> None:
    chance = random.Random(int(os.environ.get("STRESS_SEED", "7")))
    seeds = [post(query) for query in ("SELECT * { ?s ?p ?o } LIMIT 1", "ASK {}", *list(NESTED.values())[:3])]
    while time.monotonic() < attacked.until:
        request = bytearray(chance.choice(seeds)[:2_000])
        for _ in range(chance.randint(1, 12)):
            place = chance.randrange(len(request))
            request[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        with contextlib.suppress(OSError), socket.create_connection(attacked.server.address, timeout=5) as connection:
            connection.sendall(bytes(request))
            connection.shutdown(socket.SHUT_WR)
            received = connection.recv(65_536)
            if received:
                attacked.seen[int(received[9:12])] += 1
