"""The release describes itself: tables, catalogue and statistics, each derived from what is in the store by then."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Finding
from solnum_ld.iris import Names, is_public
from solnum_ld.manifest import HIDDEN_CATALOGUE, HIDDEN_STATISTICS, Dataset, Dump
from solnum_ld.mediatypes import DUMP_FORMATS
from solnum_ld.namespaces import RDF_TYPE
from solnum_ld.rdf import to_bytes, used_prefixes
from solnum_ld.release.catalogue import NO_CONTACT, Catalogue, Facts, derive_catalogue
from solnum_ld.release.conformance import check_catalogue
from solnum_ld.release.inspection import Inspection, reject_reason
from solnum_ld.release.options import BuildOptions
from solnum_ld.release.rebase import Rebased, Rebaser
from solnum_ld.release.statistics import COMPUTED, Figures, bounding_box, count_links, describe_statistics, examples
from solnum_ld.release.tables import CSV_TYPE, Table, read_tables, write_table
from solnum_ld.release.tree import Role
from solnum_ld.store.blanks import settled_triples

Graphs = dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Describing:
    """One release at the end of its build: its source, its names, and the store that holds its statements."""

    inspection: Inspection
    names: Names
    dataset: Dataset
    options: BuildOptions
    store: ox.Store

    @property
    def computed(self) -> tuple[str, str]:
        """Return the named graphs of catalogue and statistics."""
        if not self.visible:
            return HIDDEN_CATALOGUE, HIDDEN_STATISTICS
        return f"{self.names.base}graph/catalogue", f"{self.names.base}graph/statistics"

    @property
    def visible(self) -> bool:
        """Tell whether queries see them: with a strict default graph they see what the source states, and what its rules derive from it."""
        return self.options.default_graph != "strict"

    def declared(self) -> list[ox.Triple]:
        """Return what catalog.ttl says, under the deployment's names."""
        rebaser = Rebaser(self.names)
        lines = to_bytes(self.inspection.declared.statements, ox.RdfFormat.N_TRIPLES).splitlines()
        moved = b"\n".join(rebaser.apply(line) for line in lines)
        return [quad.triple for quad in ox.parse(moved, format=ox.RdfFormat.N_TRIPLES)]

    def write_tables(self, folder: Path) -> tuple[Dump, ...]:
        """Fill the tables that the source declares; raise :class:`SourceInvalid` when one cannot be."""
        tables, wrong = self._tables()
        if wrong:
            raise SourceInvalid("The tables cannot be filled.", wrong)
        return tuple(
            replace(dump, dataset=table.dataset or self.dataset.iri)
            for table in tables
            for dump in write_table(table, self.store, folder, self.names, self.dataset.license)
        )

    def _tables(self) -> tuple[list[Table], list[Finding]]:
        tree = self.inspection.tree
        return read_tables(self.declared(), {path.stem: path for path in tree.tables}, tree.root)

    def catalogue(self, dumps: Sequence[Dump], tables: Sequence[Dump], rebased: Rebased) -> Catalogue:
        """Return the catalogue of the release."""
        vocabulary = None
        if rebased.vocabulary and self.options.named_graphs:
            vocabulary = turtle_size(b" .\n".join([*rebased.vocabulary, b""]), self.names)
        by_dataset: dict[str, list[Dump]] = {}
        for file in tables:
            by_dataset.setdefault(file.dataset, []).append(file)
        return derive_catalogue(
            Facts(
                dataset=self.dataset,
                names=self.names,
                contact=self.options.contact or NO_CONTACT,
                declared=self.declared(),
                dumps=dumps,
                tables=by_dataset,
                box=bounding_box(self.store),
                vocabulary=vocabulary,
                withdrawn=rebased.withdrawn,
            )
        )

    def judge(self, catalogue: Catalogue) -> Iterator[Finding]:
        """Yield what is wrong with the catalogue."""
        public = is_public(self.options.base)
        return check_catalogue(self.inspection, catalogue, self.names, public=public, shacl=self.options.shacl)

    def write(
        self,
        building: Path,
        catalogue: Catalogue,
        rebased: Rebased,
        derived: Sequence[bytes],
        graphs: Graphs,
        dumps: Sequence[Dump],
    ) -> tuple[Figures, int]:
        """Add catalogue and statistics to the store and to the release's folder, and themselves to ``graphs`` where queries see them.

        Return the figures, and how many triples of the two the default graph did not have.
        """
        catalogue_graph, statistics_graph = self.computed
        folder = building / "catalogue"
        folder.mkdir()
        for number, page in enumerate(catalogue.pages, 1):
            (folder / f"{number}.nt").write_bytes(to_bytes(page, ox.RdfFormat.N_TRIPLES))
        fresh = self._add(catalogue.triples, catalogue_graph)
        if self.visible:
            graphs[catalogue_graph] = (len(catalogue.triples), COMPUTED)
        figures = self._figures(rebased, derived, graphs)
        addresses = [f"{self.names.public}dumps/{dump.name}" for dump in dumps]
        files = {table.iri: f"{self.names.public}dumps/{table.name}.csv" for table in self._tables()[0]}
        statistics = describe_statistics(self.dataset, self.names, figures, addresses, files, visible=self.visible)
        fresh += self._add(statistics, statistics_graph)
        if self.visible:
            graphs[statistics_graph] = (len(statistics), COMPUTED)
        counts = {"classes": dict(figures.classes), "properties": dict(figures.properties)}
        text = json.dumps(counts, ensure_ascii=False, indent=1) + "\n"
        (building / "statistics.json").write_text(text, "utf-8")
        return figures, fresh

    def _add(self, about: Sequence[ox.Triple], graph: str) -> int:
        """Add statements to the default graph and to ``graph``; return how many the default graph did not have."""
        target = ox.NamedNode(graph)
        merged = [ox.Quad(t.subject, t.predicate, t.object) for t in about]
        fresh = sum(quad not in self.store for quad in merged)
        self.store.bulk_extend([*merged, *(ox.Quad(q.subject, q.predicate, q.object, target) for q in merged)])
        return fresh

    def _figures(self, rebased: Rebased, derived: Sequence[bytes], graphs: Graphs) -> Figures:
        """Count the release: its source and what is derived from it."""
        parts = [line.split(b" ", 3) for line in derived]
        properties = rebased.predicates + Counter(part[1] for part in parts)
        kinds = rebased.classes + Counter(part[2] for part in parts if part[1] == f"<{RDF_TYPE}>".encode())
        classes = _named(kinds)
        return Figures(
            triples=rebased.triple_count + len(derived),
            entities=rebased.entities,
            graphs=graphs,
            classes=classes,
            properties=_named(properties),
            links=count_links(self.store, self.names.base),
            examples=examples(self.store, classes, self.names),
        )


def foresee(inspection: Inspection, *, shacl: bool = True) -> list[Finding]:
    """Return what a build would find wrong with the tables and the catalogue, judged under the source's own names.

    A source that does not pass is mended before that is asked.
    """
    declared = inspection.declared
    if reject_reason(inspection.findings):
        return []
    names = Names(declared.space, declared.space, declared.space)
    queries = {path.stem: path for path in inspection.tree.tables}
    tables, findings = read_tables(declared.statements, queries, inspection.tree.root)
    facts = Facts(
        dataset=declared.dataset,
        names=names,
        contact=NO_CONTACT,
        declared=declared.statements,
        dumps=[_planned(f"dataset.{form.suffix}", form.media_type) for form in DUMP_FORMATS],
        tables={table.dataset: [_planned(f"{table.name}.csv", CSV_TYPE)] for table in tables},
        vocabulary=0 if inspection.tree.of(Role.ONTOLOGY) else None,
    )
    catalogue = derive_catalogue(facts)
    findings += check_catalogue(inspection, catalogue, names, public=False, shacl=shacl)
    return findings


def turtle_size(lines: bytes, names: Names) -> int:
    """Return how many bytes these triples, N-Triples, take as the document in Turtle that a graph is served as.

    They pass through a store, since one keeps the values of numbers, not how they are spelt.
    """
    store = ox.Store()
    store.extend(ox.parse(lines, format=ox.RdfFormat.N_TRIPLES, lenient=True))
    triples = settled_triples(quad.triple for quad in store)
    return len(to_bytes(triples, ox.RdfFormat.TURTLE, used_prefixes(triples, names)))


def _planned(name: str, media_type: str) -> Dump:
    return Dump(name, media_type, 0, "")


def _named(counter: Counter[bytes]) -> dict[str, int]:
    return {term[1:-1].decode(): n for term, n in sorted(counter.items()) if term[:1] == b"<"}
