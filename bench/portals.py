#!/usr/bin/env python3
"""Measure what portals and harvesters take, as ratios in one run: the catalogue, a dump, a page of OAI-PMH records.

    portals.py                                     everything, on a generated collection of 1 M triples
    portals.py --triples 20000 --rounds 1 --seconds 1 --only oai --json out.json

The catalogue comes from the response cache and is compared with a bare uvicorn answer of the same bytes; the largest dump,
uncompressed, with nginx sending the same file; the CPU of a page of 100 records with that of the same page of a collection
of a hundredth. Rounds are interleaved.

Needs `wrk` (Debian) for the load; `nginx` (Debian: nginx-light) takes part where it is on PATH or named by --nginx, on a
port of the loopback and with a configuration of its own. Every process is stopped by its PID.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from lxml import etree

from measuring import (
    HTML,
    Table,
    argument_parser,
    bench_against_bare,
    free_port,
    generated,
    get,
    load,
    need_wrk,
    ratios,
    running,
    serving,
)
from solnum_ld.oai.tokens import read_token, write_token

LARGE = 50_000_000
"""Bytes from which on a dump is one that the target speaks of."""
MANY = 90_000
"""Records from which on a collection is one of those that the target speaks of: 1 M triples have about 95,000."""
RECORDS = 100
FEWEST = 10_000
"""Triples of a collection with about a thousand records."""
OAI = "{http://www.openarchives.org/OAI/2.0/}"
BUFFER = 1 << 20
PATIENCE = 3_600
NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


# -- the catalogue ---------------------------------------------------------------------------------------------------------


def bench_catalogue(pid: int, port: int, rounds: int, seconds: int, table: Table) -> None:
    for name, path, accept in (
        ("/catalog.jsonld", "/catalog.jsonld", "application/ld+json"),
        ("/catalog, Turtle", "/catalog", "text/turtle"),
        ("/catalog, HTML", "/catalog", HTML),
    ):
        bench_against_bare(name, pid, port, path, accept, rounds, seconds, table)


# -- a dump ----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def nginx(program: str, root: Path) -> Iterator[int]:
    """Serve the files of a folder; yield the port."""
    with tempfile.TemporaryDirectory(prefix="solnum-nginx-") as name:
        folder, port = Path(name), free_port()
        user = "user root;" if os.geteuid() == 0 else ""  # else its worker could not read what is ours alone
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, root=root, user=user))
        command = [program, "-e", str(folder / "error.log"), "-p", name, "-c", str(folder / "nginx.conf")]
        with running(command, port):
            yield port


def throughput(port: int, path: str, size: int, seconds: float) -> float:
    """Fetch a file, one connection each time, for so many seconds and at least once; return bytes a second."""
    buffer, fetched, started = memoryview(bytearray(BUFFER)), 0, time.perf_counter()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while fetched == 0 or time.perf_counter() - started < seconds:
        received = 0
        with socket.create_connection(("127.0.0.1", port), 60) as connection:
            connection.sendall(request)
            while count := connection.recv_into(buffer):
                received += count
        if not size < received < size + 10_000:
            raise SystemExit(f"{path} is {size} bytes long, and {received} came with its head")
        fetched += received
    return fetched / (time.perf_counter() - started)


def bench_dump(program: str | None, release: Path, port: int, rounds: int, seconds: int, table: Table) -> None:
    """The largest dump, as it is on the disk, against nginx sending the same file."""
    plain = [path for path in (release / "dumps").iterdir() if path.suffix != ".gz"]
    file = max(plain, key=lambda path: path.stat().st_size)
    size = file.stat().st_size
    what = f"dump of {size / 1e6:.0f} MB: throughput / nginx"
    ours, theirs = [], []
    with contextlib.ExitStack() as stack, on_core(1):
        other = stack.enter_context(nginx(program, file.parent)) if program else None
        for _ in range(rounds):
            ours.append(throughput(port, f"/dumps/{file.name}", size, seconds))
            if other:
                theirs.append(throughput(other, f"/{file.name}", size, seconds))
    rate = f"{statistics.median(ours) / 1e6:.0f} MB/s"
    if not theirs:
        table.add("dump: MB a second", "–", [one / 1e6 for one in ours], None, "nginx is not installed: nginx-light")
        return
    ratio = ratios(ours, theirs)
    met = statistics.median(ratio) >= 0.5 if size >= LARGE else None
    note = f"{rate} of {statistics.median(theirs) / 1e6:.0f}"
    table.add(what, "≥ 0.5", ratio, met, note if size >= LARGE else f"{note}; the target is for 50 MB and more")


@contextlib.contextmanager
def on_core(number: int) -> Iterator[None]:
    """Keep this process on one core, where there are several."""
    before = os.sched_getaffinity(0)
    if number in before and len(before) > 1:
        os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# -- records ---------------------------------------------------------------------------------------------------------------


def records(port: int) -> tuple[int, str, str]:
    """Return how many records there are, and the paths of the second and of the last full page of them."""
    first = get(port, "/oai?verb=ListRecords&metadataPrefix=oai_dc")[2]
    found = etree.fromstring(first).find(f".//{OAI}resumptionToken")
    if found is None or not found.text:
        raise SystemExit("the collection is too small for a list of several pages")
    total, token = int(found.get("completeListSize")), read_token(found.text)
    assert token is not None
    start = token.position - RECORDS
    last = token.__class__(
        token.verb,
        token.prefix,
        token.set,
        token.start,
        token.end,
        token.state,
        start + (total // RECORDS - 1) * RECORDS,
    )
    second, late = (f"/oai?verb=ListRecords&resumptionToken={quote(text)}" for text in (found.text, write_token(last)))
    for path in (second, late):
        count = len(re.findall(rb"<record>", get(port, path)[2]))
        if count != RECORDS:
            raise SystemExit(f"{path} has {count} records")
    return total, second, late


def bench_records(large: tuple[int, int], small: tuple[int, int], rounds: int, seconds: int, table: Table) -> None:
    """A page of 100 records, never cached, in a large and in a small collection, and at the end of the large one's list."""
    many, second, late = records(large[1])
    few, same, _ = records(small[1])
    ours, deep, plain = [], [], []
    for _ in range(rounds):
        ours.append(load(*large, second, seconds, [])[0])
        plain.append(load(*small, same, seconds, [])[0])
        deep.append(load(*large, late, seconds, [])[0])
    for what, values in ((f"page of {RECORDS} records", ours), ("the last full page", deep)):
        ratio = ratios(values, plain)
        note = f"{statistics.median(values) / 1000:.1f} ms of {statistics.median(plain) / 1000:.1f}"
        if what == "the last full page":
            table.add(f"OAI-PMH, {what} of {many:,} records: CPU / a page of {few:,}", "–", ratio, None, note)
        else:
            met = statistics.median(ratio) <= 1.3 if many >= MANY else None
            table.add(f"OAI-PMH, {what}: CPU at {many:,} records / at {few:,}", "≤ 1.3", ratio, met, note)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--only", default="catalogue,dump,oai")
    parser.add_argument("--nginx", default=shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"))
    options = parser.parse_args()
    need_wrk()
    wanted = set(options.only.split(","))
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)

        def serve(triples: int, what: str) -> tuple[int, int]:
            port, source = free_port(), generated(triples, folder / what)
            command = serving(source, port, folder / f"{what}-releases")
            return stack.enter_context(running(command, port, "/health/ready", patience=PATIENCE))[0], port

        pid, port = serve(options.triples, "large")
        table.heading()
        if "catalogue" in wanted:
            bench_catalogue(pid, port, options.rounds, options.seconds, table)
        if "dump" in wanted:
            release = (folder / "large-releases" / "current").resolve()
            bench_dump(options.nginx, release, port, options.rounds, options.seconds, table)
        if "oai" in wanted:
            small = serve(max(FEWEST, options.triples // 100), "small")
            bench_records((pid, port), small, options.rounds, options.seconds, table)
    table.save(options.json)


if __name__ == "__main__":
    main()
