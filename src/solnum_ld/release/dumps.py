"""The release's data as files: N-Quads with its named graphs, and the merged triples in the other formats."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.manifest import Dump
from solnum_ld.mediatypes import DUMP_FORMATS, JSONLD, NQUADS, NTRIPLES, RDFXML, TURTLE, Format
from solnum_ld.namespaces import PREFIXES
from solnum_ld.release.reading import ENGINE_FORMATS, sha256_of

LARGE = 1_000_000
"""Above this many quads only N-Quads and Turtle are written, unless more is asked for."""

SUMS = "SHA256SUMS"
GZIP_FROM = 1024
"""Bytes from which a file has a compressed copy."""

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


def write_dumps(
    folder: Path, quads: Path, triples: Path, formats: Sequence[Format], prefixes: Mapping[str, str]
) -> tuple[Dump, ...]:
    """Write ``dataset.*`` into ``folder`` from N-Quads and merged N-Triples files; return what they are.

    The two inputs are moved, not copied, where they are dumps themselves.
    """
    folder.mkdir(exist_ok=True)
    wanted = [form for form in DUMP_FORMATS if form in formats]
    for form in wanted:
        if form in (TURTLE, JSONLD, RDFXML) and not (form is RDFXML and not _expressible(triples)):
            target = folder / f"dataset.{form.suffix}"
            with target.open("wb") as out:
                ox.serialize(
                    ox.parse(path=str(triples), format=ox.RdfFormat.N_TRIPLES),
                    out,
                    format=ENGINE_FORMATS[form],
                    prefixes={**PREFIXES, **prefixes},
                )
    if NTRIPLES in wanted:
        (folder / "dataset.nt").hardlink_to(triples)
    if NQUADS in wanted:
        (folder / "dataset.nq").hardlink_to(quads)
    return tuple(
        Dump(f"dataset.{form.suffix}", form.media_type, path.stat().st_size, sha256_of(path))
        for form in wanted
        if (path := folder / f"dataset.{form.suffix}").exists()
    )


def finish_dumps(folder: Path, dumps: Sequence[Dump]) -> None:
    """Write SHA256SUMS of all files, and beside each large one its copy for ``Content-Encoding: gzip``.

    The copies are outside the release's identity: another zlib writes other bytes.
    """
    (folder / SUMS).write_text("".join(f"{dump.sha256}  {dump.name}\n" for dump in dumps))
    for dump in dumps:
        if dump.size >= GZIP_FROM:
            _compress(folder / dump.name)


def _compress(path: Path) -> None:
    target = path.with_name(f"{path.name}.gz")
    with path.open("rb") as whole, target.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        shutil.copyfileobj(whole, packed, 1 << 20)


def _expressible(triples: Path) -> bool:
    predicates = set()
    with triples.open("rb") as lines:
        for line in lines:
            if _NOT_XML.search(line):
                return False
            predicates.add(line.split(b" ", 2)[1])
    return fits_rdfxml([p[1:-1].decode() for p in predicates])
