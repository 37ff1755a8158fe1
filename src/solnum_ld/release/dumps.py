"""The release's data as files: N-Quads with its named graphs, and the merged triples in the other formats."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.manifest import Dump
from solnum_ld.mediatypes import DUMP_FORMATS, NQUADS, NTRIPLES, RDFXML, TURTLE, Format
from solnum_ld.namespaces import PREFIXES
from solnum_ld.release.crew import Crew
from solnum_ld.release.reading import ENGINE_FORMATS, sha256_of

LARGE = 1_000_000
"""Above this many quads only N-Quads and Turtle are written, unless more is asked for."""

SUMS = "SHA256SUMS"
GZIP_FROM = 1024
"""Bytes from which a file has a compressed copy."""

GZIP_LIGHTLY_FROM = 64 * 1024 * 1024
"""Bytes from which a file is compressed at the lowest level, which takes a sixth of the time."""

_QNAME = re.compile(r"[A-Za-z_\u00C0-\uFFFD][\w.\-\u00B7]*$")
_NOT_XML = re.compile(rb"\\u00(?:0[0-8BbCcEeFf]|1[0-9A-Fa-f])|\\b|\\f|[\x00-\x08\x0b\x0c\x0e-\x1f]")


def default_formats(quads: int) -> tuple[Format, ...]:
    """Return the formats that a release of this size gets."""
    return DUMP_FORMATS if quads <= LARGE else (NQUADS, TURTLE)


def fits_rdfxml(predicates: Sequence[str]) -> bool:
    """Tell whether RDF/XML can name every one of these properties (RDF 1.1 XML Syntax, 2.2): each ends in an XML name.

    >>> fits_rdfxml(["http://a/b"]), fits_rdfxml(["http://a/1"])
    (True, False)
    """
    return all(_QNAME.search(iri) for iri in predicates)


@dataclass(frozen=True, slots=True)
class Dumping:
    """A dump to write: from a file of N-Quads and one of the merged N-Triples, in the order of both."""

    form: Format
    quads: Path
    triples: Path
    target: Path


def write_dumps(
    folder: Path, quads: Path, triples: Path, formats: Sequence[Format], crew: Crew
) -> Callable[[], tuple[Dump, ...]]:
    """Begin to write ``dataset.*`` into ``folder``; return what waits for them and says what they are.

    The two inputs are linked, not copied, where they are dumps themselves.
    """
    folder.mkdir(exist_ok=True)
    wanted = [form for form in DUMP_FORMATS if form in formats]
    begun = [
        crew.start(write_dump, Dumping(form, quads, triples, folder / f"dataset.{form.suffix}")) for form in wanted
    ]

    def finish() -> tuple[Dump, ...]:
        return tuple(dump for future in begun if (dump := future.result()) is not None)

    return finish


def write_dump(task: Dumping) -> Dump | None:
    """Write one dump and return what it is; None where its format cannot hold the data."""
    if task.form == RDFXML and not _expressible(task.triples):
        return None
    if task.form in (NTRIPLES, NQUADS):
        task.target.hardlink_to(task.triples if task.form == NTRIPLES else task.quads)
    else:
        triples = ox.parse(path=str(task.triples), format=ox.RdfFormat.N_TRIPLES, lenient=True)
        with task.target.open("wb") as out:
            ox.serialize(triples, out, format=ENGINE_FORMATS[task.form], prefixes=PREFIXES)
    compress(task.target)
    return Dump(task.target.name, task.form.media_type, task.target.stat().st_size, sha256_of(task.target))


def finish_dumps(folder: Path, dumps: Sequence[Dump]) -> None:
    """Write SHA256SUMS of all files."""
    (folder / SUMS).write_text("".join(f"{dump.sha256}  {dump.name}\n" for dump in dumps))


def compress(path: Path) -> None:
    """Write, beside a file that is large enough, its copy for ``Content-Encoding: gzip``.

    The copies are outside the release's identity: another zlib writes other bytes.
    """
    if path.stat().st_size < GZIP_FROM:
        return
    target = path.with_name(f"{path.name}.gz")
    level = 6 if path.stat().st_size < GZIP_LIGHTLY_FROM else 1
    with path.open("rb") as whole, target.open("wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as packed:
        shutil.copyfileobj(whole, packed, 1 << 20)


def _expressible(triples: Path) -> bool:
    predicates = set()
    with triples.open("rb") as lines:
        for line in lines:
            if _NOT_XML.search(line):
                return False
            predicates.add(line.split(b" ", 2)[1])
    return fits_rdfxml([p[1:-1].decode() for p in predicates])
