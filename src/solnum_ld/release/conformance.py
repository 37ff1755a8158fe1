"""The catalogue is judged before it is published: by the shapes of ``shapes/catalog.ttl``, whose messages say which portal
would lose what. It is judged as it will be served, derived and with all its figures."""

from __future__ import annotations

import gzip
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from solnum_ld.config import bundled_source
from solnum_ld.findings import Finding, Severity, violation, warning
from solnum_ld.iris import Names
from solnum_ld.rdf import to_bytes
from solnum_ld.release.catalogue import Catalogue
from solnum_ld.release.inspection import Inspection, Whereabouts
from solnum_ld.release.reading import ENGINE_FORMATS
from solnum_ld.release.tree import Role, SourceFile
from solnum_ld.validation import Result, validate_file

MAX_OF_A_SHAPE = 20
"""Results of one shape that are told one by one; thousands of datasets have thousands."""

GRAPH = "shapes/catalog"
"""The graph of the source's own shapes of the catalogue; those are not applied to its data."""

log = logging.getLogger("solnum_ld")


def check_catalogue(
    inspection: Inspection, catalogue: Catalogue, names: Names, *, public: bool, shacl: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the catalogue of a source, with the place in catalog.ttl.

    The source's own shapes are used where it has some, else ours, where it has a catalog.ttl or where the base is public and
    portals will come. For a source that is not strict only what is wrong is a violation; what is missing is a warning there,
    and nothing at a base where no portal comes.
    """
    for iri in catalogue.untitled:
        where = Whereabouts(inspection.tree, inspection.parts).of(names.canonical(iri))
        yield (violation if inspection.declared.strict else warning)(
            "catalogue",
            f"{iri} has no title: it is left out of the catalogue, since one such dataset ends a CKAN harvest.",
            "State dcterms:title, in French at least.",
            file=where[0],
            line=where[1],
            iri=iri,
        )
    shapes = _shapes(inspection, public=public) if shacl else None
    if shapes is None:
        return
    where_at = Whereabouts(inspection.tree, inspection.parts)
    lenient = not inspection.declared.strict
    quiet = lenient and not public and _own_shapes(inspection) is None
    found = Counter[str]()
    try:
        with tempfile.TemporaryDirectory(prefix="solnum-catalogue-") as folder:
            data = Path(folder) / "catalogue.nt"
            data.write_bytes(to_bytes(catalogue.triples, ox.RdfFormat.N_TRIPLES))
            results = validate_file(data, len(catalogue.triples), shapes, log.info)
    except ValueError as error:
        yield violation("shape", f"The shapes cannot be used: {error}.", "Correct the shapes.", file=f"{GRAPH}.ttl")
        return
    for result in results:
        severity = _severity(result, lenient=lenient)
        if quiet and severity is not Severity.VIOLATION:
            continue
        found[result.shape] += 1
        if found[result.shape] <= MAX_OF_A_SHAPE:
            yield _finding(result, severity, names, where_at)
    for shape, count in found.items():
        if count > MAX_OF_A_SHAPE:
            yield Finding(
                Severity.INFO, "catalogue", {"en": f"… and {count - MAX_OF_A_SHAPE} more of {shape}."}, shape=shape
            )


def _shapes(inspection: Inspection, *, public: bool) -> Graph | None:
    """Return the shapes that apply: the source's own, or the bundled ones; None when nobody asks for any."""
    own = _own_shapes(inspection)
    if own is not None:
        text = gzip.decompress(own.path.read_bytes()) if own.compressed else own.path.read_bytes()
        triples = [quad.triple for quad in ox.parse(text, format=ENGINE_FORMATS[own.format])]
        return Graph(bind_namespaces="none").parse(data=to_bytes(triples, ox.RdfFormat.N_TRIPLES), format="nt")
    if public or inspection.tree.catalog():
        return Graph(bind_namespaces="none").parse(bundled_source() / "shapes" / "catalog.ttl", format="turtle")
    return None


def _own_shapes(inspection: Inspection) -> SourceFile | None:
    return next((file for file in inspection.tree.of(Role.SHAPES) if file.stem == GRAPH), None)


def _severity(result: Result, *, lenient: bool) -> Severity:
    severity = Severity(result.severity)
    if lenient and severity is Severity.VIOLATION and result.constraint in {"MinCount", "QualifiedMinCount"}:
        return Severity.WARNING  # something is missing; nothing is wrong
    return severity


def _finding(result: Result, severity: Severity, names: Names, where: Whereabouts) -> Finding:
    file, line = where.of(names.canonical(result.focus), result.path)
    remedy = "Correct it in catalog.ttl."
    if result.constraint in {"MinCount", "QualifiedMinCount"}:
        remedy = "State it in catalog.ttl."
    return Finding(
        severity,
        "catalogue",
        dict(result.messages),
        remedy,
        file=file or "catalog.ttl",
        line=line,
        iri=result.focus,
        path=result.path if result.path and result.path.count("://") == 1 else None,
        value=result.value,
        shape=result.shape,
    )
