"""Engines on other machines: the contract of every store on each of them, and what happens when they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from solnum_ld.store import Store, open_store

from .contract import StoreContract, build_release
from .engines import load, oxigraph


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_release(tmp_path_factory.mktemp("remote"))


@pytest.fixture(scope="module")
def engine(release: Path) -> Iterator[str]:
    """An Oxigraph server that holds the release."""
    with oxigraph() as url:
        assert load(release, url)
        yield url


class TestOxigraphServer(StoreContract):
    @pytest.fixture
    def open_store(self, release: Path, engine: str) -> Callable[[], Store]:
        return lambda: open_store(release, urls=[engine])
