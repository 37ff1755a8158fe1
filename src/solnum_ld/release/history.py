"""The history of a folder of releases: what went live when, resource by resource; and the ledger that is made from it.

``history.jsonl`` is only ever appended to, one line for each resource that is new, changed or gone and one for the release
that goes live with that. What it tells of time is when this folder published something, never a date of the data.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from solnum_ld.errors import LedgerUnreadable
from solnum_ld.ledger import NAME, Entry, Ledger, write_ledger
from solnum_ld.manifest import Manifest
from solnum_ld.release.records import Kept, Membership, membership

_PLAIN = re.compile(r"[\w/!$&()*+,;=:@~.%-]*", re.ASCII)
_SAFE = "/!$&()*+,;=:@~-._%"


@dataclass(slots=True)
class Published:
    """What is told of one resource; ``stamp`` is when it last changed as a record.

    It is ``gone`` when it is described no longer. A record that is none any more is ``deleted``; ``sets`` are those that it is
    or was in, None for what never was a record. ``hash`` is that of its statements. A dataset changes with the content of the
    release, unless its files are ``elsewhere``.
    """

    stamp: str
    hash: str
    sets: tuple[str, ...] | None
    dataset: bool
    deleted: bool = False
    gone: bool = False
    elsewhere: bool = False

    def is_still(self, kept: Kept) -> bool:
        """Tell whether the resource is as it was."""
        sets = None if self.deleted else self.sets
        return not self.gone and (self.hash, sets, self.dataset and sets is not None, self.elsewhere) == (
            kept.hash,
            kept.sets,
            kept.dataset,
            kept.elsewhere,
        )


@dataclass(slots=True)
class Told:
    """All that a history tells: the resources, how often a release went live, which was the last, when its content changed."""

    resources: dict[str, Published] = field(default_factory=dict)
    lives: int = 0
    release: str = ""
    earliest: str = ""
    latest: str = ""
    content: str = ""
    content_since: str = ""
    membership: Membership | None = None

    @property
    def state(self) -> str:
        """Return what names this state of the history and no other."""
        return f"{self.lives}-{self.release}"

    def learn(self, line: dict[str, Any]) -> None:
        """Take in one line; raises KeyError, TypeError or AttributeError for what is none."""
        at, event = line["at"], line["event"]
        self.earliest = min(self.earliest or at, at)
        self.latest = max(self.latest, at)
        if event == "live":
            self.lives, self.release = self.lives + 1, line["release"]
            content = line.get("content", "")
            if content != self.content:
                self.content, self.content_since = content, at
            return
        gone = event == "gone"
        now = Kept("", None, dataset=False) if gone else Kept.read(line)
        old = self.resources.get(line["iri"])
        if now.sets is None and old is not None and old.sets is not None:
            stamp = old.stamp if old.deleted else at
            fresh = Published(stamp, now.hash, old.sets, old.dataset, deleted=True, gone=gone)
        else:
            fresh = Published(at, now.hash, now.sets, now.dataset, gone=gone, elsewhere=now.elsewhere)
        self.resources[line["iri"]] = fresh


class History:
    """The history on disk. It is appended to under the folder's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> Iterator[dict[str, Any]]:  # values of JSON
        """Yield the lines; the last is left out while it has no end."""
        try:
            with self._path.open(encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):
                        yield json.loads(line)
        except FileNotFoundError:
            return

    def mended(self) -> Told | None:
        """Return what the history tells, after cutting off what a crash left half written.

        None when there is no history, or none that can be read: that is set aside, and another may be begun.
        """
        _drop_torn_line(self._path)
        told = Told()
        try:
            for line in self.lines():
                told.learn(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._path.replace(self._path.with_suffix(".unreadable"))
            return None
        return told if self._path.exists() else None

    def append(self, told: Told, release: Path, manifest: Manifest, seconds: float) -> None:
        """Write down how a release that goes live differs from what was live before, and let ``told`` learn it.

        ``seconds`` is the time; where the clock has gone back, that of the line before is taken.
        """
        at = max(told.latest, datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        told.membership = membership(release, manifest)
        lines = list(_differences(told, dict(_records(release)), told.membership, at))
        lines.append({"at": at, "event": "live", "release": manifest.release, "content": manifest.content})
        with self._path.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            out.flush()
            os.fsync(out.fileno())
        for line in lines:
            told.learn(line)


def _differences(told: Told, after: dict[str, str], member_of: Membership, at: str) -> Iterator[dict[str, Any]]:
    for iri, digest in after.items():
        old, kept = told.resources.get(iri), member_of.kept(iri, digest)
        if old is None or not old.is_still(kept):
            event = "new" if old is None or old.gone else "changed"
            yield {"at": at, "event": event, "iri": iri, **kept.as_dict()}
    for iri in sorted(iri for iri, old in told.resources.items() if not old.gone and iri not in after):
        yield {"at": at, "event": "gone", "iri": iri}


def _records(release: Path) -> Iterator[tuple[str, str]]:
    with (release / "records.tsv").open(encoding="utf-8") as file:
        for line in file:
            iri, _, digest = line.rstrip("\n").partition("\t")
            yield iri, digest


def _drop_torn_line(path: Path) -> None:
    """Cut off a last line that a crash left without its end."""
    try:
        with path.open("rb+") as file:
            data_end = file.seek(0, os.SEEK_END)
            while data_end:
                file.seek(data_end - 1)
                if file.read(1) == b"\n":
                    break
                data_end -= 1
            file.truncate(data_end)
    except FileNotFoundError:
        return


# -- the ledger ------------------------------------------------------------------------------------------------------------


def refresh_ledger(folder: Path, release: Path, manifest: Manifest, told: Told) -> None:
    """Make the ledger of a folder say what its history tells; ``release`` is the one that is live or going to be.

    A ledger that says so already is left as it is.
    """
    if _is_at(folder / NAME, told.state):
        return
    member_of = told.membership or membership(release, manifest)
    entries = list(_entries(told))
    used = {spec for entry in entries for spec in entry.sets}
    sets = [one for one in member_of.known if one.spec in used or not member_of.everything]
    departed = ((iri, published.stamp) for iri, published in told.resources.items() if published.gone)
    write_ledger(folder / NAME, entries, sets, departed, release=told.release, state=told.state, earliest=told.earliest)


def _is_at(path: Path, state: str) -> bool:
    try:
        with Ledger(path) as ledger:
            return ledger.state == state
    except LedgerUnreadable:
        return False


def _entries(told: Told) -> Iterator[Entry]:
    """Yield what is or was a record, in order of IRI."""
    taken: set[str] = set()
    for iri, known in sorted(told.resources.items()):
        if known.sets is None:
            continue
        moves = known.dataset and not (known.deleted or known.elsewhere)
        stamp = max(known.stamp, told.content_since) if moves else known.stamp
        identifier = oai_identifier(iri)
        if identifier in taken:  # two spellings of one address
            identifier = iri
        taken.add(identifier)
        yield Entry(identifier, iri, stamp, known.deleted, known.dataset, known.sets)


def oai_identifier(iri: str) -> str:
    """Return the identifier of a record, in the form ``oai:domain:local`` (OAI Identifier Format, 2.1).

    >>> oai_identifier("https://w3id.org/solnum/id/chapter/2"), oai_identifier("http://127.0.0.1:8000/id/café#x")
    ('oai:w3id.org:solnum/id/chapter/2', 'oai:127.0.0.1:id/caf%C3%A9%23x')
    """
    _, _, rest = iri.partition("://")
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    host = host.partition("]")[0].strip("[").replace(":", "-") if host.startswith("[") else host.partition(":")[0]
    return f"oai:{host}:{path if _PLAIN.fullmatch(path) else quote(path, safe=_SAFE)}"
