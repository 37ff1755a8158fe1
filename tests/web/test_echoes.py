"""Answers known by the bytes of their request: the same as any other answer, given only while they are right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from exchange import parse_answer
from uvicorn.server import ServerState

from solnum_ld.web.clients import Clients
from solnum_ld.web.echoes import LONGEST, SOURCE, Echoes
from solnum_ld.web.guard import guarded
from solnum_ld.web.prepared import prepared_start
from support import Server

REQUEST = b"GET /thing HTTP/1.1\r\nHost: a.example\r\n\r\n"


@dataclass
class Application:
    """Answers everything with the number of the request, and gives the same again while it ``stands``."""

    length: int = 1
    stands: bool = True
    paths: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.paths.append(scope["path"])
        text = b"%d" % len(self.paths)
        start = prepared_start(200, [(b"content-length", b"%d" % self.length), (b"x-kind", b"prepared")])
        body = {"type": "http.response.body", "body": text.rjust(self.length, b"-")}
        source = {SOURCE: lambda: (start, body) if self.stands else None}
        await send({**start, **source})
        await send(body)


async def talk(app: Application, conversation: Callable[[Callable[[], Awaitable[Any]]], Awaitable[None]]) -> None:
    """Serve an application under our protocol, and give ``conversation`` what opens connections to it."""
    config = uvicorn.Config(app, http=guarded(Clients()), lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg, operator]
        "127.0.0.1",
        0,
    )
    port = server.sockets[0].getsockname()[1]
    try:
        await conversation(lambda: asyncio.open_connection("127.0.0.1", port))
    finally:
        server.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Return the body of the next answer on a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: today\r\n"), head
    assert head.count(b"x-kind: prepared\r\n") == 1
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


def test_the_same_bytes_are_answered_without_the_application_on_any_connection() -> None:
    app = Application()

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        for _ in range(2):
            reader, writer = await connect()
            for _ in range(3):
                writer.write(REQUEST)
                assert await answer(reader) == b"1"
            writer.write(REQUEST.replace(b"/thing", b"/other"))
            assert await answer(reader) == b"2"
            writer.close()

    asyncio.run(talk(app, conversation))
    assert app.paths == ["/thing", "/other"]


def test_what_is_no_more_the_answer_is_asked_for_anew() -> None:
    app = Application()

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        reader, writer = await connect()
        for stands, expected in ((True, b"1"), (True, b"1"), (False, b"2"), (False, b"3"), (True, b"3")):
            app.stands = stands
            writer.write(REQUEST)
            assert await answer(reader) == expected
        writer.close()

    asyncio.run(talk(app, conversation))


@pytest.mark.parametrize(
    "request_bytes",
    [
        REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        REQUEST.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
        REQUEST.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\nab"),
        REQUEST.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
        REQUEST.replace(b"/thing", b"/" + b"a" * LONGEST),
    ],
    ids=["last of its connection", "HTTP/1.0", "body", "chunked body", "long"],
)
def test_other_requests_are_all_answered_by_the_application(request_bytes: bytes) -> None:
    app = Application()

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        for _ in range(2):
            reader, writer = await connect()
            writer.write(request_bytes)
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

    asyncio.run(talk(app, conversation))
    assert len(app.paths) == 2


def test_a_long_answer_is_given_by_the_application_each_time() -> None:
    app = Application(length=1_000_000)

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(REQUEST)
            await answer(reader)
        writer.close()

    asyncio.run(talk(app, conversation))
    assert len(app.paths) == 2


def test_requests_that_come_together_or_in_parts_are_answered_in_their_order() -> None:
    app = Application()
    other = REQUEST.replace(b"/thing", b"/other")

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        reader, writer = await connect()
        for request in (REQUEST, other):
            writer.write(request)
            await answer(reader)
        for _ in range(2):
            first = len(app.paths)
            writer.write(REQUEST + other + REQUEST)
            assert [await answer(reader) for _ in range(3)] == [b"%d" % (first + n) for n in (1, 2, 3)]
        writer.write(REQUEST[:20])
        await writer.drain()
        await asyncio.sleep(0.01)  # that the two parts come apart; if they come together the answers are the same
        writer.write(REQUEST[20:])
        await answer(reader)
        writer.write(REQUEST)
        assert await answer(reader) == b"1"
        writer.close()

    asyncio.run(talk(app, conversation))


@pytest.mark.parametrize(
    ("head", "frame"),
    [
        (b"POST /body HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n", b"%s"),
        (b"POST /body HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nX: %d\r\n\r\n", b"%s0\r\n\r\n"),
    ],
)
def test_a_body_that_looks_like_a_request_stays_a_body(head: bytes, frame: bytes) -> None:
    """Though the application has answered already, as it may before the body is there."""
    app = Application()

    async def conversation(connect: Callable[[], Awaitable[Any]]) -> None:
        reader, writer = await connect()
        writer.write(REQUEST)
        assert await answer(reader) == b"1"
        writer.write(head % len(REQUEST))
        assert await answer(reader) == b"2"
        if b"chunked" in head:
            writer.write(b"%x\r\n" % len(REQUEST))
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(frame % REQUEST if b"chunked" not in head else REQUEST)
        await writer.drain()
        await asyncio.sleep(0.01)
        if b"chunked" in head:
            writer.write(b"\r\n0\r\n\r\n")
        writer.write(REQUEST.replace(b"/thing", b"/after"))
        assert await answer(reader) == b"3"
        writer.close()

    asyncio.run(talk(app, conversation))
    assert app.paths == ["/thing", "/body", "/after"]


def test_what_was_asked_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solnum_ld.web.echoes._KEPT", 2)
    echoes = Echoes()
    start, body = prepared_start(200, []), {"type": "http.response.body", "body": b""}
    echoes.keep(b"a", lambda: (start, body))
    echoes.keep(b"b", lambda: (start, body))
    assert echoes.recall(b"a") == (start, body)
    echoes.keep(b"c", lambda: (start, body))
    assert echoes.recall(b"b") is None
    assert echoes.recall(b"a") == echoes.recall(b"c") == (start, body)


# -- on the real server ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("tag", ["", '"other"', "its own"])
@pytest.mark.parametrize("accept", ["text/turtle", "text/html", "image/png"])
@pytest.mark.parametrize("path", ["/doc/book", "/id/book", "/id/nowhere", "/sparql?query=ASK%20%7B%7D"])
def test_an_answer_is_the_same_each_time_but_for_its_date(
    method: str, tag: str, accept: str, path: str, server: Server
) -> None:
    host = server.base.split("/")[2]
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\n"
    if tag == "its own":
        first = parse_answer(server.raw(f"{head.replace('HEAD', 'GET')}Connection: close\r\n\r\n".encode()))
        tag = first.header("etag") or '"none"'
    head += f"If-None-Match: {tag}\r\n" if tag else ""
    request = f"{head}\r\n".encode()
    last = f"{head}Connection: close\r\n\r\n".encode()

    async def conversation() -> list[bytes]:
        reader, writer = await asyncio.open_connection(*server.address)
        found = []
        for _ in range(4):
            writer.write(request)
            status = await reader.readuntil(b"\r\n\r\n")
            length = int(status.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
            bodiless = method == "HEAD" or b" 304 " in status.partition(b"\r\n")[0]
            found.append(status + (b"" if bodiless else await reader.readexactly(length)))
        writer.close()
        return found

    def dateless(text: bytes) -> bytes:
        return b"\r\n".join(
            line for line in text.split(b"\r\n") if not line.lower().startswith((b"date:", b"connection:"))
        )

    answers = [dateless(text) for text in asyncio.run(conversation())]
    assert len(set(answers)) == 1
    assert answers[0] == dateless(server.raw(last))
