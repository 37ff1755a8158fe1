"""Error provocation for the shapes: what valid/ holds passes, what invalid/ holds fails for exactly the rules it names.

A file in ``invalid/`` names the shapes that must fire by ``<urn:test> dcterms:subject snsh:Chapter-name``. It may
refer to the resources of ``valid/``. pyshacl is slow to start, so files that describe different resources are
validated together and the results are told apart by focus node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyshacl
import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS
from rdflib.term import BNode, Literal, Node

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHAPES = sorted(set((ROOT / "shapes").glob("*.ttl")) - {ROOT / "shapes" / "catalog.ttl"})  # judges what is derived
VALID = sorted((HERE / "valid").glob("*.ttl"))
INVALID = sorted((HERE / "invalid").glob("*.ttl"))

SH = Namespace("http://www.w3.org/ns/shacl#")
SNSH = Namespace("https://w3id.org/solnum/shapes/")
TEST = URIRef("urn:test")
BEYOND_CORE = ("sparql", "js", "target", "rule", "expression", "closed")


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result: which resource breaks which shape, and how badly."""

    focus: Node
    shape: Node
    severity: Node


@dataclass(slots=True)
class Batch:
    """Files that describe different resources and can be validated together."""

    subjects: set[Node] = field(default_factory=set)
    files: list[Path] = field(default_factory=list)


def parse(files: Iterable[Path]) -> Graph:
    graph = Graph()
    for file in files:
        graph.parse(file, format="turtle")
    return graph


def subjects(file: Path) -> set[Node]:
    return {subject for subject in parse([file]).subjects() if subject != TEST}


def validate(data: Graph, shapes: Graph) -> set[Result]:
    options = {"advanced": False, "inference": "none", "do_owl_imports": False}
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, **options)
    return {
        Result(
            report.value(result, SH.focusNode),
            report.value(result, SH.sourceShape),
            report.value(result, SH.resultSeverity),
        )
        for result in report.objects(None, SH.result)
    }


def batches(files: Sequence[Path]) -> list[Batch]:
    """Group files, first fit: a resource that several files describe is never in one batch twice."""
    grouped = [Batch(set().union(*map(subjects, VALID)))]
    for file in files:
        own = subjects(file)
        batch = next((batch for batch in grouped if not batch.subjects & own), None)
        if batch is None:
            batch = Batch()
            grouped.append(batch)
        batch.subjects |= own
        batch.files.append(file)
    return grouped


@pytest.fixture(scope="session")
def shapes() -> Graph:
    return parse(SHAPES)


@pytest.fixture(scope="session")
def accepted(shapes: Graph) -> set[Result]:
    return validate(parse(VALID), shapes)


@pytest.fixture(scope="session")
def rejected(shapes: Graph) -> dict[Path, set[Result]]:
    """The results of each invalid file, in the company of the valid ones that describe other resources."""
    found: dict[Path, set[Result]] = {}
    for batch in batches(INVALID):
        described = set().union(*map(subjects, batch.files))
        company = [file for file in VALID if not subjects(file) & described]
        results = validate(parse([*company, *batch.files]), shapes)
        for file in batch.files:
            own = subjects(file)
            found[file] = {result for result in results if result.focus in own}
    return found


@pytest.fixture(scope="session")
def provoked() -> set[Node]:
    """The shapes that some invalid file names."""
    return set(parse(INVALID).objects(TEST, DCTERMS.subject))


def targeted(shapes: Graph) -> set[Node]:
    return set(shapes.subjects(SH.targetClass, None))


def reportable(shapes: Graph) -> set[Node]:
    """Shapes that a result can name: those with a target, and their property shapes; the others are conditions."""
    return targeted(shapes) | {inner for shape in targeted(shapes) for inner in shapes.objects(shape, SH.property)}


def languages(shapes: Graph, shape: Node, predicate: URIRef) -> list[str | None]:
    return sorted(str(text.language) for text in shapes.objects(shape, predicate) if isinstance(text, Literal))


def short(nodes: Iterable[Node]) -> list[str]:
    return sorted(str(node).removeprefix(str(SNSH)) for node in nodes)


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_valid_data_is_accepted_without_a_warning(file: Path, accepted: set[Result]) -> None:
    own = subjects(file)
    assert not {(result.focus, result.shape) for result in accepted if result.focus in own}


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_invalid_data_fails_exactly_the_shapes_it_names(file: Path, rejected: dict[Path, set[Result]]) -> None:
    expected = set(parse([file]).objects(TEST, DCTERMS.subject))
    assert expected
    assert short({result.shape for result in rejected[file]}) == short(expected)


def test_results_carry_the_severity_of_their_shape(shapes: Graph, rejected: dict[Path, set[Result]]) -> None:
    results = set().union(*rejected.values())
    assert not {result for result in results if shapes.value(result.shape, SH.severity) != result.severity}


def test_shapes_are_themselves_valid(shapes: Graph) -> None:
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=shapes, meta_shacl=True, advanced=False, inference="none")
    assert conforms, text


def test_shapes_keep_to_shacl_core(shapes: Graph) -> None:
    assert [name for name in BEYOND_CORE if (None, SH[name], None) in shapes] == []


def test_every_node_shape_is_named_and_described_in_both_languages(shapes: Graph) -> None:
    described = (RDFS.label, RDFS.comment, SH.message)
    bare = {
        shape
        for shape in shapes.subjects(RDF.type, SH.NodeShape)
        if any(languages(shapes, shape, predicate) != ["en", "fr"] for predicate in described)
        or (shape, RDFS.isDefinedBy, URIRef(SNSH)) not in shapes
    }
    assert short(bare) == []


def test_every_property_shape_has_name_and_message_in_both_languages(shapes: Graph) -> None:
    bare = {
        shape
        for shape in shapes.subjects(RDF.type, SH.PropertyShape)
        if any(languages(shapes, shape, predicate) != ["en", "fr"] for predicate in (SH.name, SH.message))
        or languages(shapes, shape, SH.description) not in ([], ["en", "fr"])
    }
    assert short(bare) == []


def test_every_shape_states_its_severity(shapes: Graph) -> None:
    kinds = (SH.NodeShape, SH.PropertyShape)
    every = {shape for kind in kinds for shape in shapes.subjects(RDF.type, kind)}
    known = {SH.Violation, SH.Warning, SH.Info}
    assert short(shape for shape in every if set(shapes.objects(shape, SH.severity)) - known) == []
    assert short(shape for shape in every if len(set(shapes.objects(shape, SH.severity))) != 1) == []


def test_shapes_have_readable_names_and_a_property_shape_that_of_its_node_shape(shapes: Graph) -> None:
    every = {*shapes.subjects(RDF.type, SH.NodeShape), *shapes.subjects(RDF.type, SH.PropertyShape)}
    assert not {shape for shape in every if not isinstance(shape, URIRef) or not shape.startswith(SNSH) or "#" in shape}
    pairs = set(shapes.subject_objects(SH.property))
    assert not {(outer, inner) for outer, inner in pairs if not str(inner).startswith(f"{outer}-")}
    assert set(shapes.subjects(RDF.type, SH.PropertyShape)) == {inner for _, inner in pairs}


def test_blank_nodes_are_only_lists_and_paths(shapes: Graph) -> None:
    blank = {subject for subject in shapes.subjects() if isinstance(subject, BNode)}
    lists = {subject for subject in blank if (subject, RDF.first, None) in shapes}
    steps = (SH.inversePath, SH.alternativePath)
    paths = {subject for subject in blank if any((subject, step, None) in shapes for step in steps)}
    assert blank == lists | paths


def test_every_targeted_class_has_valid_data(shapes: Graph) -> None:
    valid = parse(VALID)
    typed = set(valid.objects(None, RDF.type))
    assert short(shape for shape in targeted(shapes) if not typed & set(shapes.objects(shape, SH.targetClass))) == []


def test_every_violation_has_data_that_provokes_it(shapes: Graph, provoked: set[Node]) -> None:
    stopping = {shape for shape in reportable(shapes) if (shape, SH.severity, SH.Violation) in shapes}
    assert short(stopping - provoked) == []


def test_every_rule_between_properties_has_data_that_provokes_it(shapes: Graph, provoked: set[Node]) -> None:
    rules = {shape for shape in targeted(shapes) if (shape, SH["or"], None) in shapes}
    assert rules
    assert short(rules - provoked) == []


def test_every_condition_is_used(shapes: Graph) -> None:
    conditions = set(shapes.subjects(RDF.type, SH.NodeShape)) - targeted(shapes)
    assert short(conditions - set(shapes.objects())) == []


def test_named_shapes_exist(shapes: Graph, provoked: set[Node]) -> None:
    assert short(provoked - reportable(shapes)) == []


def test_shapes_have_a_version_and_a_licence(shapes: Graph) -> None:
    header = URIRef(SNSH)
    version = shapes.value(header, OWL.versionInfo)
    assert shapes.value(header, OWL.versionIRI) == SNSH[str(version)]
    assert shapes.value(header, DCTERMS.license)
    assert languages(shapes, header, DCTERMS.title) == ["en", "fr"]


def test_the_data_of_the_book_and_its_vocabulary_conform(shapes: Graph) -> None:
    files = [*sorted((ROOT / "data").rglob("*.ttl")), ROOT / "ontology" / "solnum.ttl"]
    assert len(files) > 1
    results = validate(parse(files), shapes)
    assert sorted((str(r.focus), short([r.shape])) for r in results if r.severity == SH.Violation) == []
