"""What many tests need: a real server in a process of its own, and requests that no client library would send."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


SMALL = """\
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix schema: <https://schema.org/> .
@prefix sn: <https://w3id.org/solnum/def#> .
@prefix ex: <http://data.example.org/id/> .

ex:book a schema:Book ; rdfs:label "Le livre"@fr, "The book"@en ; schema:numberOfPages 47 ; schema:price 2.50 ;
  schema:hasPart <http://data.example.org/id/chapter/1>, <http://data.example.org/id/chapter/2> ; schema:isAccessibleForFree true .
<http://data.example.org/id/chapter/1> a schema:Chapter ; rdfs:label "Chapitre « un »"@fr ; schema:isPartOf ex:book ; schema:position 1 .
<http://data.example.org/id/chapter/2> a schema:Chapter ; rdfs:label "Chapitre deux"@fr ; schema:isPartOf ex:book ;
  schema:address [ a schema:PostalAddress ; schema:streetAddress "1, rue \\"A\\" & <B>" ] .
<http://data.example.org/id/café/à%2Fb> a schema:Thing ; rdfs:label "Accents" ; schema:isPartOf ex:book .
<http://data.example.org/id/v1.ttl> a schema:Thing ; rdfs:label "Name that ends like a suffix" .
<http://data.example.org/other/path> a schema:Thing ; rdfs:label "Not under id/" .
<http://data.example.org/page#part> a schema:Thing ; rdfs:label "A hash IRI" .
<http://data.example.org/id/odd> <http://vocab.example.net/1> "no RDF/XML name" ; rdfs:label "Odd" .
<http://data.example.org/odd> rdfs:label "The same end, not under id/" .
<http://data.example.org/def/Kind> a rdfs:Class ; rdfs:label "A term whose name ends in a path" .
<http://data.example.org/id/script> rdfs:label "<script>alert(1)</script>"@fr ; schema:url "javascript:alert(1)"^^xsd:anyURI .
<http://data.example.org/doc/reserved> rdfs:label "Under a reserved segment" .
<http://elsewhere.example.net/x> rdfs:label "Another's IRI" ; schema:isPartOf ex:book .
<http://data.example.org/id/gone> a sn:Withdrawal ; rdfs:label "Retiré"@fr ; sn:withdrawnOn "2026-01-01"^^xsd:date ;
  sn:withdrawalReason "Publié par erreur."@fr .
"""
CATALOG = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
<http://data.example.org/dataset/small> a dcat:Dataset ; dcterms:title "Petit jeu"@fr, "Small set"@en ;
  dcterms:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ; dcat:version "1.0" ; void:uriSpace "http://data.example.org/" .
"""
HUB = 2500


def write_small(folder: Path, *, hub: int = HUB) -> Path:
    """Write a small source: ``hub`` things mention one topic, enough to be paged from the index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "things.ttl").write_text(SMALL, "utf-8")
    (folder / "catalog.ttl").write_text(CATALOG, "utf-8")
    lines = [
        f"<http://data.example.org/id/item/{n:05}> <https://schema.org/about> <http://data.example.org/id/topic> ."
        for n in range(hub)
    ]
    lines.append('<http://data.example.org/id/topic> <http://www.w3.org/2000/01/rdf-schema#label> "Topic" .')
    (folder / "hub.nt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@dataclass
class Server:
    """A running ``solnum-ld serve``; ``base`` ends with a slash."""

    process: subprocess.Popen[str]
    base: str
    releases: Path
    log: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.base.split("/")[2].rpartition(":")
        return host, int(port)

    def raw(self, request: bytes, timeout: float = 20) -> bytes:
        """Send bytes as they are and return everything that comes back until the server closes."""
        with socket.create_connection(self.address, timeout=timeout) as connection:
            connection.sendall(request)
            chunks = []
            with contextlib.suppress(TimeoutError):
                while chunk := connection.recv(65536):
                    chunks.append(chunk)
        return b"".join(chunks)

    def stop(self) -> int:
        """Ask the server to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


def command(*arguments: str | Path) -> list[str]:
    """Return the command line that runs this program with these arguments."""
    return [sys.executable, "-m", "solnum_ld", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """Return an environment without settings of ours, with plain output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SOLNUM_")}
    return {**clean, "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "200", **changes}


def run(*arguments: str | Path, timeout: float = 120, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end and return what it printed."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout, env=environment(**changes), check=False
    )


@contextlib.contextmanager
def serving(source: Path | None, releases: Path | None, *options: str | Path, **changes: str) -> Iterator[Server]:
    """Serve a source (None: the book) on a free port of the loopback; the server is stopped at the end.

    Without ``releases`` they lie where the program puts them.
    """
    arguments: Sequence[str | Path] = [
        "serve",
        *([source] if source else []),
        *([] if "--port" in options else ["--port", "0"]),
        *(["--releases", releases] if releases else []),
        *options,
    ]
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(**changes)
    )
    server = Server(process, "", releases or Path())
    reader = None
    try:
        assert process.stderr is not None
        for line in process.stderr:
            server.log.append(line)
            match = re.match(r"\s*pages\s+(http\S+)", line)
            if match:
                server.base = match[1]
            if "stop with" in line:
                break
        assert server.base, "".join(server.log)
        reader = threading.Thread(target=lambda: server.log.extend(process.stderr), daemon=True)  # type: ignore[arg-type]
        reader.start()
        yield server
    finally:
        server.stop()
        if reader is not None:
            reader.join(10)
        if process.stderr is not None:
            process.stderr.close()
