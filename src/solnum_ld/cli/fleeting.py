"""Releases for an address that nobody chose, that of a free port: they go with the server that they were built for."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from solnum_ld.config import Settings, default_releases, own_address
from solnum_ld.errors import SettingsError

_LOCK = "serving"


def is_fleeting(settings: Settings, host: str, port: int) -> bool:
    """Tell whether neither base nor folder were named: both follow from ``port``, the one that was free."""
    by_default = default_releases(settings.source, settings.base)
    return settings.base == own_address(host, port) and settings.releases == by_default


@contextlib.contextmanager
def fleeting(settings: Settings) -> Iterator[Settings]:
    """Give the settings with a folder for releases that is removed at the end.

    Those of servers that could not remove theirs, since they were killed, are removed before. Raises SettingsError where no
    folder can be made.
    """
    folder = settings.releases.with_name(f"once-{settings.releases.name}")
    for lock in folder.parent.glob(f"once-*/{_LOCK}"):
        _sweep(lock)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = (folder / _LOCK).open("a")
    except OSError as error:
        raise SettingsError(
            f"{folder} cannot hold releases: {error.strerror}. Name another with --releases."
        ) from error
    with held:
        fcntl.flock(held, fcntl.LOCK_SH)
        try:
            yield replace(settings, releases=folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(lock: Path) -> None:
    """Remove a folder, unless its server lives."""
    with contextlib.suppress(OSError), lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.parent, ignore_errors=True)
