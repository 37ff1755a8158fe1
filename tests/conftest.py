"""Fixtures for all tests: a small source of every kind of statement, and real servers started once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import Server, serving, write_small


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
