"""Fixtures for the tests over HTTP: clients that send no header of their own, and servers of other deployments."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from exchange import client_of, free_port

from support import Server, serving


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
def apart(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose names lie behind a redirector, and whose documents lie below a path."""
    port = free_port()
    options = ["--port", str(port), "--base-uri", "https://w3id.example.org/x/", "--contact", "team@example.org"]
    public = f"http://127.0.0.1:{port}/ld/"
    with serving(small, tmp_path_factory.mktemp("apart"), *options, "--public-url", public) as running:
        yield running
