"""Fixtures for the tests over HTTP: clients that send no header of their own, and servers of other deployments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange import free_port
from foreign import write_foreign

from support import Server, serving


@pytest.fixture(scope="session")
def apart(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose names lie behind a redirector, and whose documents lie below a path."""
    port = free_port()
    options = ["--port", str(port), "--base-uri", "https://w3id.example.org/x/", "--contact", "team@example.org"]
    public = f"http://127.0.0.1:{port}/ld/"
    with serving(small, tmp_path_factory.mktemp("apart"), *options, "--public-url", public) as running:
        yield running


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a source on another subject."""
    source = write_foreign(tmp_path_factory.mktemp("source") / "stars")
    with serving(source, tmp_path_factory.mktemp("foreign")) as running:
        yield running
