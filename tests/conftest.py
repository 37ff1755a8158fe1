"""Fixtures for all tests: a small source of every kind of statement, and real servers started once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parent / "web"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from endpoint import write_graphs
from exchange import client_of, free_port

from support import Server, serving, write_small

# servers started by tests find their modules compiled, as installed ones do
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# `make test` tries the same examples every time, however slow the machine is; `make stress` tries others
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("random", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")

collect_ignore_glob = ["clients/*"]  # programs that tests run, some of them in environments of their own

MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 << 30:
    # a build waits for the disk seven times as long as it computes: it is kept out of all tests but those of the disk
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small source."""
    return write_small(tmp_path_factory.mktemp("source") / "small")


@pytest.fixture(scope="session")
def server(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the small source."""
    with serving(small, tmp_path_factory.mktemp("releases")) as running:
        yield running


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the bundled book."""
    with serving(None, tmp_path_factory.mktemp("book-releases")) as running:
        yield running


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx.Client]:
    """A client of the server of the small source; it follows no redirect."""
    with client_of(server.base) as client:
        yield client


@pytest.fixture(scope="session")
def book_http(book: Server) -> Iterator[httpx.Client]:
    """A client of the server of the book; it follows no redirect."""
    with client_of(book.base) as client:
        yield client


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server of hand-made named graphs, whose default graph is the union of all."""
    mixed = "<http://data.example.org/id/e> <http://data.example.org/like> <http://schema.org/Thing> , <https://schema.org/Thing> ."
    source = write_graphs(tmp_path_factory.mktemp("source") / "graphs", extra=mixed)
    with serving(source, tmp_path_factory.mktemp("graphs")) as running, client_of(running.base) as client:
        yield client


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the same graphs, with some terms of http://schema.org/, whose default graph holds what is in no graph."""
    old = '<http://data.example.org/id/e> a <http://schema.org/Thing> ; <http://schema.org/name> "E" .'
    source = write_graphs(tmp_path_factory.mktemp("source") / "strict", extra=old)
    options = ["--default-graph", "strict"]
    with serving(source, tmp_path_factory.mktemp("strict"), *options) as running, client_of(running.base) as client:
        yield client


@pytest.fixture(scope="session")
def apart(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the small source whose names lie elsewhere than its documents."""
    base = ["--base-uri", "https://w3id.example.org/x/", "--contact", "team@example.org"]
    port = free_port()
    public = ["--public-url", f"http://127.0.0.1:{port}/ld/", "--port", str(port)]
    with serving(small, tmp_path_factory.mktemp("apart"), *base, *public) as running:
        yield running
