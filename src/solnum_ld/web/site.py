"""The generations of a running server: the release that is live, those that drain, and the change from one to the next."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from solnum_ld.errors import LedgerUnreadable, ReleaseMismatch, SolnumError, StoreUnavailable
from solnum_ld.ledger import NAME as LEDGER
from solnum_ld.ledger import Ledger
from solnum_ld.manifest import Manifest, read_manifest
from solnum_ld.resources.jsonld import Context
from solnum_ld.search.ask import PagesIndex
from solnum_ld.search.build import NAME as PAGES
from solnum_ld.store import Store

POLL_SECONDS = 0.5
"""How often the folder is looked at for another current release."""

log = logging.getLogger("solnum_ld")


@dataclass(slots=True)
class Generation:
    """One release as it is served: everything that a request needs, and how many requests are using it."""

    path: Path
    manifest: Manifest
    store: Store
    context: Context
    pages: PagesIndex
    held: IO[str] | None = None
    _ledger: Ledger | None = None
    in_flight: int = 0
    retired: bool = False
    drained: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def parameters(self) -> frozenset[str]:
        """Return the names of the fields by which its list pages are filtered: parameters of addresses."""
        return self.pages.parameters

    @property
    def id(self) -> str:
        """Return the release's identity."""
        return self.manifest.release

    def ledger(self) -> Ledger:
        """Return the ledger as it was when the release went live; raise :class:`LedgerUnreadable` while there is none of it."""
        if self._ledger is None:
            ledger = Ledger(self.path.parent / LEDGER)
            if ledger.release != self.id:
                ledger.close()
                raise LedgerUnreadable(f"The ledger is of {ledger.release}, not of {self.id}.")
            self._ledger = ledger
        return self._ledger

    def acquire(self) -> Generation:
        """Note that a request uses this generation."""
        self.in_flight += 1
        return self

    def release(self) -> None:
        """Note that a request has ended."""
        self.in_flight -= 1
        if self.retired and not self.in_flight:
            self.drained.set()

    async def aclose(self) -> None:
        """Wait for the requests in flight, then let go of the release."""
        self.retired = True
        if self.in_flight:
            await self.drained.wait()
        await self.store.aclose()
        self.pages.close()
        if self._ledger is not None:
            self._ledger.close()
        if self.held is not None:
            self.held.close()


class Site:
    """What is live now. ``current_path`` names the live release's folder, ``open_store`` opens one, ``hold`` locks it.

    ``first`` is what it begins with where that is another one: a release that engines hold while the live one is on its way.
    """

    def __init__(
        self,
        current_path: Callable[[], Path | None],
        open_store: Callable[[Path], Store],
        hold: Callable[[str], IO[str]] | None = None,
        first: Path | None = None,
    ) -> None:
        self._first = first
        self._current_path, self._open_store, self._hold = current_path, open_store, hold
        self._current: Generation | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._refused: Path | None = None
        self._awaited: Path | None = None
        self.failure = ""
        """Why it could not be opened."""

    @property
    def current(self) -> Generation:
        """Return the live generation."""
        if self._current is None:
            raise RuntimeError("the site is not open")
        return self._current

    @property
    def ready(self) -> bool:
        """Tell whether there is a live generation."""
        return self._current is not None

    async def open(self) -> None:
        """Open the live release; raise the error of this program that tells why it cannot be."""
        try:
            path = self._first or self._current_path()
            if path is None:
                raise SolnumError("There is no release to serve. Build one: solnum-ld build")
            self._current = await asyncio.to_thread(self._generation, path)
            await self._current.store.warm()
        except SolnumError as error:
            self.failure = str(error)
            raise
        except OSError as error:
            self.failure = f"{error.filename or path} cannot be read: {error.strerror}."
            raise

    def _generation(self, path: Path) -> Generation:
        manifest = read_manifest(path)
        held = self._hold(manifest.release) if self._hold else None
        fresh = Generation(
            path,
            manifest,
            self._open_store(path),
            Context.read(path / "ontology" / "context.jsonld"),
            PagesIndex(path / PAGES),
            held,
        )
        try:
            fresh.ledger()
        except LedgerUnreadable as error:
            log.warning("Harvesters by OAI-PMH wait: %s", error)
        return fresh

    async def watch(self) -> None:
        """Take up another current release whenever there is one, for ever."""
        await asyncio.to_thread(self.current.pages.warm)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.refresh()

    async def refresh(self) -> bool:
        """Take up the current release when it is another one; tell whether it was."""
        path = await asyncio.to_thread(self._current_path)
        if path is None or path == self.current.path or path == self._refused:
            return False
        try:
            fresh = await asyncio.to_thread(self._generation, path)
            if (fresh.manifest.base, fresh.manifest.public) != (
                self.current.manifest.base,
                self.current.manifest.public,
            ):
                await fresh.aclose()
                raise ReleaseMismatch(f"it is for {fresh.manifest.base}, not for {self.current.manifest.base}")
            try:
                await fresh.store.warm()
            except StoreUnavailable as error:
                await fresh.aclose()
                return self._later(path, error)
            await asyncio.to_thread(fresh.pages.warm)
        except (SolnumError, OSError) as error:
            self._refused = path
            log.error("Release %s cannot be taken up, %s goes on: %s", path.name, self.current.id, error)
            return False
        old, self._current = self._current, fresh
        log.info("Release %s is live", fresh.id)
        if old is not None:
            task = asyncio.create_task(old.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return True

    def _later(self, path: Path, error: StoreUnavailable) -> bool:
        """Note that a release is not in its engine yet, or not any more: it is tried again."""
        if self._awaited != path:
            self._awaited = path
            log.warning("Release %s is waited for, %s goes on: %s", path.name, self.current.id, error)
        return False

    async def aclose(self) -> None:
        """Close the live generation and wait for those that drain."""
        if self._current is not None:
            await self._current.aclose()
            self._current = None
        for task in list(self._closing):
            with contextlib.suppress(asyncio.CancelledError):
                await task
