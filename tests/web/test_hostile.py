"""Requests that no client library would send: raw bytes, forged headers, paths of every kind. Nothing breaks, nothing echoes."""

from __future__ import annotations

import socket

import pytest
from exchange import parse_answer, request_bytes

from support import Server

KIB = 1024
EVIL = "evil.example.net"


@pytest.mark.parametrize(
    ("target", "statuses"),
    [
        ("/doc/book/", {404}),
        ("/doc//book", {404}),
        ("//doc/book", {404, 400}),
        ("///", {404, 400}),
        ("/doc/./book", {404}),
        ("/doc/../id/book", {404}),
        ("/doc/%2E%2E/id/book", {404}),
        ("/static/../../../../etc/passwd", {404}),
        ("/static/..%2F..%2Fetc%2Fpasswd", {404}),
        ("/dumps/..%2Fmanifest.json", {404}),
        ("/dumps/%2Fetc%2Fpasswd", {404}),
        ("/def/..%2F..%2Fmanifest", {404}),
        ("/doc/caf%C3%A9/%C3%A0%2Fb", {200}),
        ("/doc/caf%C3%A9/%C3%A0/b", {404}),
        ("/doc%2Fbook", {404}),
        ("/health%2Flive", {404}),
        ("/sparql%2f", {404}),
        ("/doc/caf%E9", {404}),
        ("/doc/%", {404, 400}),
        ("/doc/%zz", {404, 400}),
        ("/doc/%00", {404, 400}),
        ("/doc/book%00.ttl", {404, 400}),
        ("/doc/%FF%FE", {404}),
        ("/doc/%C0%AF", {404}),
        ("/doc/%ED%A0%80", {404}),
        ("/doc/%0d%0aset-cookie:%20a=b", {404, 400}),
        ("/id/%0d%0aLocation:%20http://evil.example.net/", {404, 400}),
        ("/doc/book?lang=%00", {200}),
        ("/doc/book?lang=%FF&x[]=1&&&=", {200}),
        ("/doc/book?property=%00", {400}),
        ("/doc/topic?after=%ED%A0%80&inverse=1&property=https://schema.org/about", {200, 400, 404}),
        ("/describe?iri=http://a/%00", {400}),
        ("/describe?iri=http://a/%ED%A0%80", {400, 404}),
        ("/describe?iri=http://a/%FF", {400, 404}),
        ("/describe?iri=javascript:alert(1)", {400, 404}),
        ("/describe?iri=file:///etc/passwd", {400, 404}),
        ("/describe?iri=http://a/&iri=http://b/", {400, 404}),
        ("/describe?iri=_:b0", {400, 404}),
        ("/" + "a" * 8 * KIB, {404, 414}),
        ("/doc/" + "%C3%A9" * 1300, {404, 414}),
        ("/doc/" + "/" * 8 * KIB, {404, 414}),
        ("/doc/" + "../" * 2700, {404, 414}),
        ("/doc/" + "." * 8 * KIB, {404, 414}),
        ("/describe?iri=http://a/" + "b" * 8 * KIB, {404, 414}),
        ("/doc/book?" + "&".join(f"a{n}=b" for n in range(900)), {200, 414}),
        ("/" + "a" * 80 * KIB, {404, 414, 431, 400}),
    ],
    ids=lambda value: value[:48] if isinstance(value, str) else None,
)
def test_a_strange_target_gets_the_right_answer(server: Server, target: str, statuses: set[int]) -> None:
    for accept in ("text/html", "*/*"):
        answer = parse_answer(server.raw(request_bytes(target, f"Accept: {accept}")))
        assert answer.status in statuses
        assert "set-cookie" not in dict(answer.headers)
        assert EVIL not in (answer.header("location") or "")
        assert b"root:" not in answer.body


@pytest.mark.parametrize("target", ["/%64oc/book", "/d%6Fc/%62ook", "/%69d/book"])
def test_an_encoded_letter_means_the_letter(server: Server, target: str) -> None:
    """RFC 3986, 6.2.2.2: URIs that differ in the encoding of unreserved characters are equivalent."""
    assert parse_answer(server.raw(request_bytes(target))).status in {200, 303}


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Forwarded-Host: evil.example.net"],
        ["X-Forwarded-Proto: https", "X-Forwarded-Port: 666"],
        ["X-Forwarded-Prefix: /evil.example.net"],
        ["Forwarded: host=evil.example.net;proto=https"],
        ["X-Original-URL: /evil.example.net", "X-Rewrite-URL: /doc/nothing"],
        ["X-HTTP-Method-Override: DELETE"],
        ["Origin: https://evil.example.net"],
        ["Referer: https://evil.example.net/<script>"],
    ],
    ids=lambda headers: headers[0].partition(":")[0],
)
@pytest.mark.parametrize("target", ["/doc/book", "/id/book", "/doc/nothing", "/", "/doc/gone", "/sparql"])
def test_forged_headers_change_nothing(server: Server, target: str, headers: list[str]) -> None:
    for accept in ("text/html", "*/*"):
        plain = parse_answer(server.raw(request_bytes(target, f"Accept: {accept}")))
        forged = parse_answer(server.raw(request_bytes(target, f"Accept: {accept}", *headers)))
        assert forged.status == plain.status
        assert forged.body == plain.body
        assert [h for h in forged.headers if h[0] != "date"] == [h for h in plain.headers if h[0] != "date"]


@pytest.mark.parametrize("host", [EVIL, f"{EVIL}:80", "127.0.0.1@evil.example.net", "[::1]", "\u00e9"])
@pytest.mark.parametrize("target", ["/doc/book", "/id/book", "/doc/nothing", "/"])
def test_a_foreign_host_is_in_no_answer(server: Server, target: str, host: str) -> None:
    for accept in ("text/html", "*/*"):
        raw = server.raw(request_bytes(target, f"Accept: {accept}", host=host))
        assert EVIL.encode() not in raw
        assert parse_answer(raw).status in {200, 303, 404, 400, 421}


def test_the_absolute_form_of_a_foreign_host_is_in_no_answer(server: Server) -> None:
    raw = server.raw(request_bytes(f"http://{EVIL}/doc/book"))
    assert EVIL.encode() not in raw
    assert parse_answer(raw).status in {200, 400, 404, 421}


def test_a_forged_host_does_not_enter_the_cache(server: Server) -> None:
    server.raw(request_bytes("/doc/chapter/1", "Accept: text/html", "X-Forwarded-Host: evil.example.net", host=EVIL))
    answer = server.raw(request_bytes("/doc/chapter/1", "Accept: text/html"))
    assert EVIL.encode() not in answer
    assert server.base.encode() in answer


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        pytest.param(b"GET /doc/book HTTP/1.1\r\nConnection: close\r\n\r\n", 400, id="no Host (RFC 9112, 3.2)"),
        pytest.param(
            b"GET /doc/book HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
            400,
            id="two Hosts (RFC 9112, 3.2)",
        ),
        pytest.param(b"GET /doc/book HTTP/1.0\r\n\r\n", 200, id="HTTP/1.0 needs no Host"),
    ],
)
def test_the_host_header_is_checked(server: Server, request_head: bytes, status: int) -> None:
    assert parse_answer(server.raw(request_head)).status == status


@pytest.mark.parametrize(
    ("accept", "begins"), [("*/*", b"{"), ("text/plain", b"400 "), ("text/html", b"<!DOCTYPE html>")]
)
def test_a_wrong_host_is_said_in_the_form_the_client_reads(server: Server, accept: str, begins: bytes) -> None:
    lines = f"GET /doc/book HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    answer = parse_answer(server.raw(lines.encode()))
    assert answer.status == 400
    assert answer.body.startswith(begins)
    assert b"Host" in answer.body


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /doc/book HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /doc/ book HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /doc/book HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n",
        b"GET /doc/\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nASK{}",
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nASK{}",
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /doc/caf\u00e9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
        "GET /describe?iri=http://a/caf\u00e9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_garbage_is_refused_and_the_server_lives(server: Server, garbage: bytes) -> None:
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    assert not reply or reply[9:10] == b"4"
    assert parse_answer(server.raw(request_bytes("/health/live"))).status == 200


def test_raw_bytes_in_a_query_do_not_spoil_what_others_get(server: Server) -> None:
    """The cache must read a query as the routes do: these bytes and their encoding are not the same request to them."""
    iri = "http://data.example.org/id/caf\u00e9/\u00e0%252Fb".replace("http://data.example.org/", server.base)
    encoded = iri.replace("\u00e9", "%C3%A9").replace("\u00e0", "%C3%A0")
    server.raw(request_bytes(f"/describe?iri={iri}"))
    assert parse_answer(server.raw(request_bytes(f"/describe?iri={encoded}"))).status == 303


def test_two_requests_on_one_connection_are_answered_in_order(server: Server) -> None:
    first = request_bytes("/doc/book.nt").replace(b"Connection: close\r\n", b"")
    raw = server.raw(first + request_bytes("/doc/chapter/1.nt"))
    assert raw.count(b"HTTP/1.1 200") == 2
    assert raw.index(b"doc/book>") < raw.rindex(b"doc/chapter/1>")


def test_a_client_that_goes_away_does_no_harm(server: Server) -> None:
    for _ in range(20):
        with socket.create_connection(server.address, timeout=10) as connection:
            connection.sendall(request_bytes("/doc/topic?lang=gone"))
    assert parse_answer(server.raw(request_bytes("/doc/topic?lang=gone"))).status == 200


@pytest.mark.parametrize("count", [50, 400])
def test_many_headers_are_answered_or_refused(server: Server, count: int) -> None:
    answer = parse_answer(server.raw(request_bytes("/doc/book", *[f"X-{n}: {'a' * 100}" for n in range(count)])))
    assert answer.status in {200, 400, 431}


@pytest.mark.parametrize(
    "accept", ['"' * 4000, '\\"' * 2000, "text/turtle" + ";" * 4000, ("a/b;c=d," * 500) + "*/*", "\t" * 4000]
)
def test_a_hostile_accept_header_is_answered(server: Server, accept: str) -> None:
    answer = parse_answer(server.raw(request_bytes("/doc/book", f"Accept: {accept}")))
    assert answer.status in {200, 406}
