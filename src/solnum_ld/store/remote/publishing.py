"""Push a release into an engine: cleared, loaded portion by portion, verified, and only then marked as there.

An interruption is taken up at the portion after the last: portions are cut in the order of the release's store, which never
changes.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin
from uuid import uuid4

import httpx
import pyoxigraph as ox

from solnum_ld.errors import SettingsError, StoreUnavailable
from solnum_ld.manifest import Manifest
from solnum_ld.store.remote.endpoints import Question, Rows, rows_of
from solnum_ld.store.remote.engine import RESULTS, Engine, shown
from solnum_ld.store.remote.engines import engine_of
from solnum_ld.store.remote.layout import MARKER, READ_MARKER, Marker, marker_of
from solnum_ld.store.remote.statements import Census, Values, by_graph, census, portions, several_values, sum_of

PORTION = 50_000
"""Statements that one request brings."""

FILE_PORTION = 500_000
"""Statements of one file, where an engine loads files."""

_PLAIN_PATH = re.compile(r"[\w/.+@-]+\Z")

_SIGN = "urn:x-solnum:sign"
"""The graph that tells, while a push begins, which addresses lead to one dataset."""

_COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
_COUNT_EACH = "SELECT ?i (COUNT(?o) AS ?n) { VALUES (?i ?s ?p) { {rows} } ?s ?p ?o } GROUP BY ?i"
_AT_ONCE = 200
"""Properties whose values are counted in one request."""

_TOLD = 4
"""Properties, and values of each, that a message names."""


class Reporter(Protocol):
    """Hears how far a push is."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A stage of ``total`` statements begins."""

    def advance(self, done: int) -> None:
        """``done`` statements are through."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may write; from the environment, never shown."""

    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"

    def auth(self, engine: Engine) -> httpx.Auth | None:
        """Return what httpx sends along."""
        if not self.user:
            return None
        kind = httpx.DigestAuth if engine.digest else httpx.BasicAuth
        return kind(self.user, self.password)


class Target:
    """One endpoint to push to. ``graph_store`` is its graph store where that is not known from the engine; ``folder`` is one
    that an engine reads too, at the same path, if it loads files.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        graph_store: str = "",
        folder: Path | None = None,
        *,
        seconds: float = 600.0,
    ) -> None:
        self.url, self.name = url, shown(url)
        self._folder = folder
        self._credentials = credentials
        self._given = urljoin(url, graph_store) if graph_store else ""
        self._client = httpx.Client(timeout=httpx.Timeout(seconds, connect=5.0), trust_env=False)
        self._engine = Engine()
        self._auth: httpx.Auth | None = None  # one for all requests: a digest's challenge is asked for once

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # -- what it holds ----------------------------------------------------------------------------------------------------

    def marker(self) -> Marker:
        """Return what the dataset says of itself."""
        return marker_of(self._select(READ_MARKER, MARKER))

    def count(self, graph: str) -> int:
        """Return how many triples a graph has."""
        (row,) = self._select(_COUNT, graph)
        return int(row["n"].value)  # type: ignore[union-attr]

    def counts(self, graph: str, asked: Sequence[Values]) -> list[int]:
        """Return how many values each of these properties has in a graph."""
        rows = " ".join(f"({number} {values.of.decode()})" for number, values in enumerate(asked))
        found = self._select(_COUNT_EACH.replace("{rows}", rows), graph)
        told = {int(row["i"].value): int(row["n"].value) for row in found}  # type: ignore[union-attr]
        return [told.get(number, 0) for number in range(len(asked))]

    @property
    def portion(self) -> int:
        """Return how many statements it takes at once; raise SettingsError where it is to load files and cannot."""
        if self._folder is None:
            return PORTION
        if not self._engine.loader:
            raise SettingsError(f"{self.name} loads no files: publish without --bulk-dir.")
        return FILE_PORTION

    @property
    def keeps_spelling(self) -> bool:
        """Tell whether what it has can be summed."""
        return self._engine.keeps_spelling

    def sum(self, graph: str) -> int:
        """Return the sum of a graph's triples, which are read back for it."""
        request = self._client.build_request(
            "GET", self.graph_store, params={"graph": graph}, headers={"accept": "application/n-triples"}
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                return sum_of(_lines(response.iter_bytes())) if response.status_code == 200 else 0
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"{self.name} cannot be reached: {error}") from error

    def _select(self, query: str, graph: str) -> Rows:
        asked = Question(query, default=graph)
        body, headers = asked.form(self._engine)
        response = self._sent(httpx.Request("POST", self.url, content=body, headers=headers), None)
        self._engine = engine_of(response.headers.get("server", ""))
        try:
            return rows_of(self._engine.reader(query).whole(response.content))
        except (ValueError, SyntaxError, KeyError) as error:
            raise StoreUnavailable(f"{self.name} does not answer as a SPARQL endpoint does.") from error

    # -- changes ----------------------------------------------------------------------------------------------------------

    @property
    def graph_store(self) -> str:
        """Return the address of the graph store; raise SettingsError where it is not known."""
        address = self._given or self._engine.graph_store_of(self.url)
        if not address:
            raise SettingsError(f"Where {self.name} takes data is not known. Name its graph store with --graph-store.")
        return address

    def mark(self, marker: Marker) -> None:
        """Replace the marker in one step."""
        self._send("PUT", "application/n-triples", marker.to_ntriples(), graph=MARKER)

    def sign(self) -> str:
        """Leave a sign that nothing else has, to be dropped again, and return it."""
        sign = uuid4().urn
        self._send("PUT", "application/n-triples", f"<{_SIGN}> <{_SIGN}> <{sign}> .\n".encode(), graph=_SIGN)
        return sign

    def shows(self, sign: str) -> bool:
        """Tell whether a sign that was left at some endpoint is here: it is the same dataset then."""
        return any(getattr(row["o"], "value", "") == sign for row in self._select(READ_MARKER, _SIGN))

    def drop(self, graph: str) -> None:
        """Remove a graph, which need not be there."""
        self._send("DELETE", None, None, graph=graph)

    def add(self, portion: list[bytes]) -> None:
        """Add statements of named graphs, lines of N-Quads."""
        if self._folder is not None:
            self._add_file(portion, self._folder)
            return
        if self._engine.takes_quads:
            self._send("POST", "application/n-quads", self._engine.written(b"".join(portion)))
            return
        for graph, triples in by_graph(portion).items():
            self._send("POST", "application/n-triples", self._engine.written(triples), graph=graph)

    def _add_file(self, portion: list[bytes], folder: Path) -> None:
        """Write a file that the engine reads, have it loaded, and remove it."""
        name = blake2b(self.url.encode(), digest_size=8).hexdigest()  # the same for a push that was killed
        file = folder.resolve() / f"solnum-{name}.nq.gz"
        if not _PLAIN_PATH.match(str(file)):
            raise SettingsError(f"The folder {folder} has characters in its path that the engine would not read.")
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": RESULTS}
        try:
            file.write_bytes(gzip.compress(self._engine.written(b"".join(portion)), 1))
            file.chmod(0o644)  # the engine is another user
            for query in self._engine.loading(file):
                address = urljoin(self.url, self._engine.loader)
                request = self._client.build_request("POST", address, data={"query": query}, headers=headers)
                self._auth = self._auth or self._credentials.auth(self._engine)
                self._sent(request, self._auth)
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"{error} Does the engine run on this machine, and may it read {folder} (DirsAllowed of Virtuoso)?"
            ) from error
        finally:
            file.unlink(missing_ok=True)

    def _send(self, method: str, media_type: str | None, body: bytes | None, graph: str | None = None) -> None:
        headers = {"content-type": media_type} if media_type else {}
        parameters = {"graph": graph} if graph else None
        request = self._client.build_request(method, self.graph_store, params=parameters, content=body, headers=headers)
        self._auth = self._auth or self._credentials.auth(self._engine)
        self._sent(request, self._auth, missing=method == "DELETE")

    def _sent(self, request: httpx.Request, auth: httpx.Auth | None, *, missing: bool = False) -> httpx.Response:
        try:
            response = self._client.send(request, auth=auth) if auth else self._client.send(request)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"{self.name} cannot be reached: {error}") from error
        if response.status_code in (401, 403):
            raise SettingsError(
                f"{self.name} lets nobody write without a name and a password it knows. "
                "Set SOLNUM_STORE_USER and SOLNUM_STORE_PASSWORD."
            )
        if response.status_code >= 300 and not (missing and response.status_code == 404):
            raise StoreUnavailable(f"{self.name} answers {request.method} with status {response.status_code}.")
        return response


class Targets:
    """The endpoints of one ``--store``. Half of them are to hold the new release, the others the one before it."""

    def __init__(
        self, urls: Sequence[str], credentials: Credentials, graph_store: str = "", folder: Path | None = None
    ) -> None:
        self._targets = [Target(url, credentials, graph_store, folder) for url in urls]
        self.holding: list[str] = []

    def __enter__(self) -> Targets:
        return self

    def __exit__(self, *_: object) -> None:
        for target in self._targets:
            target.close()

    def publish(
        self,
        folder: Path,
        manifest: Manifest,
        live: Sequence[str],
        report: Reporter,
        wait: Callable[[float], None],
        grace: float,
        *,
        replace: bool = False,
    ) -> list[str]:
        """Push a release to as many endpoints as are to hold it; return those that were written to.

        ``live`` are the releases that were live, the last one last. The latest that an endpoint holds is what services have
        now: the last endpoint that holds it is written over only with ``replace``.
        """
        release = manifest.release
        held = {target: target.marker() for target in self._targets}
        holdings = {marker.holds for marker in held.values()} - {"", release}
        served = next((name for name in reversed(live) if name in holdings), "")
        rank = {target: _rank(marker, release, served) for target, marker in held.items()}
        wanted = sorted(self._targets, key=lambda target: rank[target])[: max(len(self._targets) // 2, 1)]
        kept = [target for target, marker in held.items() if marker.holds == served and target not in wanted]
        if served and any(held[target].holds == served for target in wanted) and not kept and not replace:
            raise SettingsError(
                f"{wanted[0].name} holds the release that is served, and no other endpoint does. "
                "Name another beside it, or load over it with --replace: services answer 503 meanwhile."
            )
        self._check_apart(wanted, release, held)
        pushed = [target.name for target in wanted if push(folder, manifest, target, report, wait, grace)]
        others = [target.name for target in self._targets if target not in wanted and held[target].holds == release]
        self.holding = [target.name for target in wanted] + others
        return pushed

    def _check_apart(self, wanted: Sequence[Target], release: str, held: Mapping[Target, Marker]) -> None:
        """Raise SettingsError when what is to be written over is also reached by another of the addresses.

        Two names of one engine would pass for a second place of the release that is served.
        """
        for target in wanted:
            if held[target].holds == release or len(self._targets) == 1:
                continue
            sign = target.sign()
            try:
                same = [other.name for other in self._targets if other is not target and other.shows(sign)]
            finally:
                target.drop(_SIGN)
            if same:
                raise SettingsError(f"{target.name} and {same[0]} lead to the same dataset. Name it once.")


def holdings(urls: Iterable[str]) -> set[str]:
    """Return the releases that these endpoints hold, those that can be reached."""
    held = set()
    for url in urls:
        target = Target(url, Credentials(), seconds=5.0)
        try:
            held.add(target.marker().holds)
        except (StoreUnavailable, SettingsError):
            continue
        finally:
            target.close()
    return held - {""}


def _rank(marker: Marker, release: str, served: str) -> int:
    """Return how fit an endpoint is to take a release: it has it, it has some of it, it is empty, it has an older one."""
    if marker.holds == release:
        return 0
    if marker.loads == release:
        return 1
    if not marker.holds:
        return 2
    return 4 if marker.holds == served else 3


def push(
    folder: Path, manifest: Manifest, target: Target, report: Reporter, wait: Callable[[float], None], grace: float
) -> bool:
    """Make a dataset hold a release; tell whether anything was to be done.

    A dataset that held another release is first marked as holding none, then ``grace`` seconds pass in which its services
    turn elsewhere, then it is cleared. What a push that was interrupted has brought is kept, from its first portion on: that
    has the blank nodes, which would be others if it came twice; but not where it came in portions of another size.
    """
    release = manifest.release
    before = target.marker()
    if before.holds == release:
        return False
    size = target.portion
    store = ox.Store.read_only(str(folder / "store"))
    report.stage("Reading", None)
    counted = census(store, report.advance, sums=target.keeps_spelling)
    graphs = counted.sizes
    if (before.loads, before.size) != (release, size) or not before.portions:
        if before.graphs:
            target.mark(Marker(graphs={**graphs, **before.graphs}))
            if before.holds:
                wait(grace)
        for graph in sorted({*before.graphs, *graphs}):
            target.drop(graph)
        before = Marker(loads=release, graphs=graphs, size=size)
        target.mark(before)
    _load(store, counted, before, target, size, report)
    _verify(store, counted, target, report)
    target.mark(Marker(holds=release, graphs=graphs))
    return True


def _load(store: ox.Store, counted: Census, marker: Marker, target: Target, size: int, report: Reporter) -> None:
    report.stage("Loading", sum(marker.graphs.values()))
    done = 0
    for number, portion in enumerate(portions(store, counted, size), 1):
        if number > marker.portions:
            target.add(portion)
            target.mark(replace(marker, portions=number))
        done += len(portion)
        report.advance(done)


def _verify(store: ox.Store, counted: Census, target: Target, report: Reporter) -> None:
    """Count each graph, and compare its sum where the engine keeps spellings."""
    report.stage("Verifying", len(counted.sizes))
    for number, (graph, expected) in enumerate(counted.sizes.items(), 1):
        found = target.count(graph)
        if found == expected and target.keeps_spelling and target.sum(graph) != counted.sums[graph]:
            _begin_anew(counted.sizes, target)
            raise StoreUnavailable(
                f"{target.name} has other triples in graph <{graph}> than were sent. Publish again; it begins anew."
            )
        if found != expected:
            _begin_anew(counted.sizes, target)
            taken = _taken_for_equal(store, graph, target) if found < expected else []
            if taken:
                raise StoreUnavailable(
                    f"{target.name} has {found:,} triples of graph <{graph}>, of {expected:,}: it keeps one of values that it "
                    f"takes for equal. {' '.join(taken)} Publishing again does not help: write such a value once, and in one "
                    "way, in the source, or publish into another engine."
                )
            raise StoreUnavailable(
                f"{target.name} has {found:,} triples of graph <{graph}>, of {expected:,}. Publish again; it begins anew."
            )
        report.advance(number)


def _taken_for_equal(store: ox.Store, graph: str, target: Target) -> list[str]:
    """Return, as far as they are told, the values of a property of which an engine has fewer than were sent."""
    found: list[str] = []
    waiting = several_values(store, graph)
    while len(found) < _TOLD and (portion := list(islice(waiting, _AT_ONCE))):
        for values, count in zip(portion, target.counts(graph, portion), strict=True):
            if count < len(values.objects):
                typed = [value.decode() for value in values.objects if b'"^^<' in value]
                found.append(f"{values.of.decode()} {', '.join(typed[:_TOLD])}.")
    return found[:_TOLD]


def _begin_anew(graphs: Mapping[str, int], target: Target) -> None:
    target.mark(Marker(loads="?", graphs=graphs))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n")
        yield from whole
    yield held
