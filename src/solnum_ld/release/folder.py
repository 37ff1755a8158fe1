"""The folder of releases: immutable releases side by side, one of them current, and who may touch what when.

FOLDER/lock               held exclusively while a release is built, activated or pruned
FOLDER/current            a link to the live release, replaced in one step
FOLDER/history.jsonl      what went live when, record by record; append-only
FOLDER/ledger.sqlite      the same as an index, made from it, for harvesters; replaced in one step
FOLDER/fingerprint.json   from which state of which source the releases were built
FOLDER/rolled-back.json   which releases were gone back from, and are not to come back by themselves
FOLDER/locks/ID           held shared by every server of release ID, exclusively while it is pruned
FOLDER/ID/                a release: manifest.json, store/, dumps/, index.sqlite, records.tsv, validation/ …
FOLDER/.building-…/       a release being built; a leftover of a crash is removed by the next build
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from solnum_ld.config import folder_name
from solnum_ld.errors import LedgerUnreadable, NoRelease, ReleaseBusy, ReleaseError, SettingsError
from solnum_ld.ledger import NAME as LEDGER
from solnum_ld.ledger import Ledger
from solnum_ld.manifest import NAME, Manifest, read_manifest
from solnum_ld.release.history import History, Told, refresh_ledger

_BUILDING = ".building-"
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Release:
    """A release on disk."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Return the release's identity, which names its folder."""
        return self.manifest.release


@dataclass(frozen=True, slots=True)
class Standing:
    """The release that is live, and the one that the source builds to where that was gone back from (``held``)."""

    release: Release
    held: str | None = None


class ReleaseFolder:
    """The releases of one source for one base."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the folder, with what stands beside the releases; raise SettingsError when that cannot be."""
        try:
            (self.path / "locks").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot hold releases: {error.strerror}. Name another with --releases."
            ) from error

    # -- reading ---------------------------------------------------------------------------------------------------

    def current_path(self) -> Path | None:
        """Return the real path of the live release, resolved once; None when there is none."""
        try:
            path = self.path / (self.path / "current").readlink()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return path if (path / NAME).is_file() else None

    def current(self) -> Release:
        """Return the live release; raise :class:`NoRelease` when there is none."""
        path = self.current_path()
        if path is None:
            others = self._bases_beside()
            if others:
                raise NoRelease(f"There is no release in {self.path}, but for {others}: name that with --base-uri.")
            raise NoRelease(f"There is no release in {self.path}. Build one: solnum-ld build")
        return Release(path, read_manifest(path))

    def _bases_beside(self) -> str:
        """Return the other bases that the same source has releases for, where folders are named for their bases."""
        beside = (ReleaseFolder(path.parent).current_path() for path in self.path.parent.glob("*/current"))
        manifests = [read_manifest(path) for path in beside if path is not None]
        return ", ".join(
            sorted(m.base for m in manifests if (self.path.parent / folder_name(m.base) / m.release).is_dir())
        )

    def releases(self) -> list[Release]:
        """Return every whole release, the newest first."""
        if not self.path.is_dir():
            return []
        folders = [
            p
            for p in self.path.iterdir()
            if p.is_dir() and not p.is_symlink() and (p / NAME).is_file() and not p.name.startswith(".")
        ]
        folders.sort(key=lambda p: (p.stat().st_mtime_ns, p.name), reverse=True)
        found = []
        for folder in folders:
            try:
                found.append(Release(folder, read_manifest(folder)))
            except ReleaseError:  # of another format: neither listed nor removed
                continue
        return found

    def named(self, release_id: str) -> Release:
        """Return the release of that name, or of the only name that begins so; raise :class:`NoRelease` otherwise."""
        found = [release for release in self.releases() if release.id.startswith(release_id)]
        if len(found) != 1 or not release_id:
            known = ", ".join(release.id for release in self.releases()) or "none"
            said = f"release {release_id!r} in {self.path}; there are: {known}."
            raise NoRelease("There is more than one " + said if found else "There is no " + said)
        return found[0]

    def before_current(self) -> Release:
        """Return the release that was live before the current one; raise :class:`NoRelease` when none is left."""
        current = self.current()
        whole = {release.id: release for release in self.releases() if release.id != current.id}
        for _, release_id in reversed(self.live_since()):
            if release_id in whole:
                return whole[release_id]
        raise NoRelease(f"There is no earlier release in {self.path} to go back to.")

    def live_since(self) -> list[tuple[str, str]]:
        """Return (time, release) of every activation, the oldest first."""
        return [
            (entry["at"], entry["release"])
            for entry in History(self.path / "history.jsonl").lines()
            if entry.get("event") == "live"
        ]

    def ensure_ledger(self) -> None:
        """See to it that history and ledger know the live release, which a crash may have kept from them.

        While a build is at work nothing is done: it sees to it itself. Neither is anything in a folder that cannot be written.
        """
        current = self.current()
        try:
            with Ledger(self.path / LEDGER) as ledger:
                if ledger.release == current.id:
                    return
        except LedgerUnreadable:
            pass
        try:
            with self.exclusive(wait=False):
                self._record(self.current())
        except (ReleaseBusy, SettingsError, OSError):
            return

    # -- locks -----------------------------------------------------------------------------------------------------

    @contextmanager
    def exclusive(self, *, wait: bool = True, on_wait: str | None = None, notify: object = None) -> Iterator[None]:
        """Hold the folder's lock; when another process holds it, wait, or raise :class:`ReleaseBusy`.

        ``notify``, a callable, is told ``on_wait`` when there is something to wait for.
        """
        self.create()
        with self._writable("lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "?"
                if not wait:
                    raise ReleaseBusy(
                        f"Another build (process {holder}) is at work in {self.path}. Wait for it to end."
                    ) from None
                if callable(notify):
                    notify(f"{on_wait or 'Waiting'} (process {holder} is at work in the same folder) …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            lock.truncate()
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def hold(self, release_id: str) -> IO[str]:
        """Return an open file that keeps ``release_id`` from being pruned for as long as it is open.

        In a folder that cannot be written, as on a read-only mount, it is the file that the build has left for that.
        """
        lock = self.path / "locks" / release_id
        try:
            self.create()
            held = lock.open("a")
        except (SettingsError, OSError):
            held = (lock if lock.is_file() else self.path / release_id / NAME).open()
        fcntl.flock(held, fcntl.LOCK_SH)
        return held

    def _writable(self, name: str) -> IO[str]:
        try:
            return (self.path / name).open("a+")
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error.strerror}.") from error

    # -- writing (under the exclusive lock) --------------------------------------------------------------------------

    def new_building(self) -> Path:
        """Return a new empty folder to build in, after removing what crashed builds left."""
        for leftover in self.path.glob(_BUILDING + "*"):
            discard(leftover)
        folder = self.path / f"{_BUILDING}{os.getpid()}"
        folder.mkdir()
        return folder

    def install(self, building: Path, manifest: Manifest) -> Release:
        """Give a built release its name, in one step, everything being on disk before."""
        final = self.path / manifest.release
        if (final / NAME).is_file():
            shutil.rmtree(building)
            os.utime(final)
            return Release(final, read_manifest(final))
        if final.exists():
            final.rename(self.path / f"{_BUILDING}gone-{final.name}")
        _sync_tree(building)
        building.rename(final)
        (self.path / "locks" / manifest.release).touch()
        _sync(self.path)
        return Release(final, manifest)

    def activate(self, release: Release) -> None:
        """Make ``release`` the current one, in one step; what that changes is written down before, ready for who serves it."""
        self._record(release)
        link = self.path / ".current-new"
        link.unlink(missing_ok=True)
        link.symlink_to(release.path.name)
        link.replace(self.path / "current")
        _sync(self.path)

    def roll_back(self, target: Release) -> None:
        """Make an earlier release the current one, for good: a build does not bring back the one that is left.

        A release that was itself gone back from comes back by this, and by nothing else but a forced build.
        """
        marked = self.rolled_back()
        left = self.current_path()
        if target.id in marked:
            self._mark(marked - {target.id})
        elif left is not None and left.name != target.id:
            self._mark(marked | {left.name})
        self.activate(target)

    def bring_back(self, release: Release) -> None:
        """Forget that ``release`` was gone back from, and make it the current one."""
        self._mark(self.rolled_back() - {release.id})
        self.activate(release)

    def _mark(self, releases: frozenset[str]) -> None:
        if releases != self.rolled_back():
            _replace(self.path / "rolled-back.json", json.dumps(sorted(releases)) + "\n")

    def _record(self, release: Release) -> None:
        """Append to the history how the records of ``release`` differ from those last live; bring the ledger up to it."""
        history = History(self.path / "history.jsonl")
        told = history.mended()
        if told is None:  # made anew from the releases that are left
            told = Told()
            for other in reversed(self.releases()):
                if other.id != release.id:
                    history.append(told, other.path, other.manifest, other.path.stat().st_mtime)
        if told.release != release.id:
            history.append(told, release.path, release.manifest, time.time())
        refresh_ledger(self.path, release.path, release.manifest, told)

    def prune(self, keep: int) -> list[str]:
        """Remove all but the ``keep`` newest releases, never the current one nor one that is being served."""
        current = self.current_path()
        removed = []
        for release in self.releases()[max(keep, 1) :]:
            if release.path == current:
                continue
            lock_path = self.path / "locks" / release.id
            with lock_path.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                gone = self.path / f"{_BUILDING}gone-{release.id}"
                release.path.rename(gone)  # in one step: what is half removed is no release
                shutil.rmtree(gone)
                lock_path.unlink(missing_ok=True)
                removed.append(release.id)
        return removed

    def remember(self, fingerprint: str, release_id: str, source: Path) -> None:
        """Note that ``release_id`` is what the source of this fingerprint builds to, and where that source is."""
        noted = {"fingerprint": fingerprint, "release": release_id, "source": str(source)}
        _replace(self.path / "fingerprint.json", json.dumps(noted) + "\n")

    def built_from(self, fingerprint: str) -> Standing | None:
        """Return what stands when nothing need be built: the source of this fingerprint is current, or was gone back from."""
        try:
            release = self.current()
        except ReleaseError:
            return None
        noted = self._noted()
        if noted.get("fingerprint") != fingerprint:
            return None
        built = noted.get("release", "")
        if built == release.id:
            return Standing(release)
        return Standing(release, built) if built in self.rolled_back() else None

    def rolled_back(self) -> frozenset[str]:
        """Return the releases that were gone back from."""
        try:
            return frozenset(json.loads((self.path / "rolled-back.json").read_text()))
        except (OSError, ValueError):
            return frozenset()

    def source(self) -> Path | None:
        """Return the folder of the source that was last built into this one."""
        noted = self._noted().get("source")
        return Path(noted) if noted else None

    def _noted(self) -> dict[str, str]:
        try:
            noted: dict[str, str] = json.loads((self.path / "fingerprint.json").read_text())
        except (OSError, ValueError):
            return {}
        return noted


def discard(folder: Path) -> None:
    """Remove a folder that became no release. Its engine, not gone yet, may still write a file: it is tried again then."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for here, _, names in os.walk(folder):
        for name in names:
            _sync(Path(here) / name)
        _sync(Path(here))
