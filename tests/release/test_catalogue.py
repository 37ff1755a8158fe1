"""The catalogue that a build derives, the shapes that judge it, and the tables that a source declares."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef

from release.building import LABEL, LOCAL, PUBLIC, SPACE, build_into, command_line, write
from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Severity
from solnum_ld.iris import Names
from solnum_ld.manifest import Dataset, Dump
from solnum_ld.release.catalogue import PAGE, Catalogue, Facts, derive_catalogue
from solnum_ld.release.portals import FILE_TYPES
from support import ROOT

SH = Namespace("http://www.w3.org/ns/shacl#")
SNSH = Namespace("https://w3id.org/solnum/shapes/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
AUTHORITY = "http://publications.europa.eu/resource/authority/"
PREFIXES = f"""@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix void: <http://rdfs.org/ns/void#> . @prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix schema: <https://schema.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix sn: <https://w3id.org/solnum/def#> . @prefix : <{SPACE}> .
"""
ABOUT = {
    "dct:title": '"Un jeu de données"@fr',
    "dct:description": '"Une description assez longue pour que Google Dataset Search la retienne."@fr',
    "dct:publisher": ":id/us",
    "dct:license": f"<{LICENCE}>",
    "dct:modified": '"2026-01-02"^^xsd:date',
    "dct:accrualPeriodicity": f"<{AUTHORITY}frequency/ANNUAL>",
    "dct:spatial": f"<{AUTHORITY}country/FRA>",
    "dcat:keyword": '"essai"@fr',
    "dcat:theme": f"<{AUTHORITY}data-theme/GOVE>",
    "schema:temporalCoverage": '"2001/2011-06"',
    "void:uriSpace": f'"{SPACE}"',
    "dcat:version": '"1.0.0"',
}


def catalog_of(strict: bool = True, extra: str = "", **changes: str | None) -> str:
    """Return a complete catalog.ttl, with properties changed, or left out by None."""
    said = {**ABOUT, **{name.replace("_", ":", 1): value for name, value in changes.items()}}
    lines = " ;\n  ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    return f"""{PREFIXES}
<{SPACE}dataset/main> a dcat:Dataset ;
  {lines} ;
  sn:strictSource {str(strict).lower()} .
<{SPACE}id/us> a foaf:Agent ; foaf:name "Nous"@fr ; rdfs:label "Nous"@fr .
{extra}""".replace(":id/us", f"<{SPACE}id/us>")


def source(folder: Path, catalog: str, **files: str) -> Path:
    return write(folder, {"catalog.ttl": catalog, **files})


def pages_of(release: Path) -> Graph:
    """Return the catalogue of a release, all pages."""
    graph = Graph()
    for page in (release / "catalogue").glob("*.nt"):
        graph.parse(page, format="nt")
    return graph


# -- the shapes ------------------------------------------------------------------------------------------------------------

MAIN, FILE, SERVICE, CATALOG = (
    URIRef(SPACE + n) for n in ("dataset/main", "distribution/main-ttl", "service/sparql", "catalog")
)


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(ROOT / "shapes" / "catalog.ttl")


def derived() -> Catalogue:
    """Return the catalogue of a complete declaration."""
    names = Names(SPACE, SPACE, SPACE)
    dataset = Dataset(str(MAIN), {"fr": "Un jeu de données"}, {}, LICENCE)
    declared = [quad.triple for quad in ox.parse(catalog_of(), format=ox.RdfFormat.TURTLE)]
    dumps = [Dump("dataset.ttl", "text/turtle", 7, "0"), Dump("dataset.nt", "application/n-triples", 9, "1")]
    return derive_catalogue(Facts(dataset, names, "a@example.net", declared, dumps))


def graph_of(catalogue: Catalogue) -> Graph:
    lines = "".join(f"{triple} .\n" for triple in catalogue.triples)
    return Graph().parse(data=lines, format="nt")


def without(subject: URIRef, predicate: URIRef) -> Callable[[Graph], None]:
    return lambda graph: graph.remove((subject, predicate, None)) and None


def plus(subject: URIRef, predicate: URIRef, value: URIRef | Literal) -> Callable[[Graph], None]:
    return lambda graph: graph.add((subject, predicate, value)) and None


def instead(subject: URIRef, predicate: URIRef, value: URIRef | Literal) -> Callable[[Graph], None]:
    return lambda graph: graph.set((subject, predicate, value)) and None


def everywhere(predicate: URIRef) -> Callable[[Graph], None]:
    return lambda graph: graph.remove((None, predicate, None)) and None


PROVOKED: dict[str, Callable[[Graph], None]] = {
    "Catalogue-title": without(CATALOG, DCTERMS.title),
    "Catalogue-description": without(CATALOG, DCTERMS.description),
    "Catalogue-publisher": without(CATALOG, DCTERMS.publisher),
    "CataloguedDataset-identifier": without(MAIN, DCTERMS.identifier),
    "CataloguedDataset-identifierUnique": instead(SERVICE, DCTERMS.identifier, Literal(str(MAIN))),
    "CataloguedDataset-title": instead(MAIN, DCTERMS.title, Literal("A dataset", lang="en")),
    "CataloguedDataset-description": without(MAIN, DCTERMS.description),
    "CataloguedDataset-descriptionLength": instead(MAIN, DCTERMS.description, Literal("Court", lang="fr")),
    "CataloguedDataset-publisher": plus(MAIN, DCTERMS.publisher, URIRef(SPACE + "id/them")),
    "CataloguedDataset-publisherName": everywhere(FOAF.name),
    "CataloguedDataset-contact": everywhere(VCARD.hasEmail),
    "CataloguedDataset-license": plus(MAIN, DCTERMS.license, URIRef("http://other.example.net/")),
    "CataloguedDataset-licenseKnown": without(URIRef(LICENCE), DCTERMS.title),
    "CataloguedDataset-keyword": instead(MAIN, DCAT.keyword, URIRef("http://k.example.net/")),
    "CataloguedDataset-theme": instead(MAIN, DCAT.theme, URIRef("http://t.example.net/")),
    "CataloguedDataset-themeLabel": everywhere(SKOS.prefLabel),
    "CataloguedDataset-frequency": instead(MAIN, DCTERMS.accrualPeriodicity, URIRef("http://f.example.net/often")),
    "CataloguedDataset-frequencyGiven": without(MAIN, DCTERMS.accrualPeriodicity),
    "CataloguedDataset-spatial": without(MAIN, DCTERMS.spatial),
    "CataloguedDataset-temporal": plus(MAIN, DCTERMS.temporal, URIRef(SPACE + "period")),
    "CataloguedDataset-issued": plus(MAIN, DCTERMS.issued, Literal("hier")),
    "CataloguedDataset-modified": instead(MAIN, DCTERMS.modified, Literal("2026")),
    "CataloguedDataset-modifiedGiven": without(MAIN, DCTERMS.modified),
    "CataloguedDataset-landingPage": without(MAIN, DCAT.landingPage),
    "CataloguedDataset-distribution": without(MAIN, DCAT.distribution),
    "CataloguedDataset-hasPart": plus(MAIN, DCTERMS.hasPart, URIRef(SPACE + "part")),
    "CataloguedDistribution-title": without(FILE, DCTERMS.title),
    "CataloguedDistribution-accessURL": without(FILE, DCAT.accessURL),
    "CataloguedDistribution-downloadURL": plus(FILE, DCAT.downloadURL, URIRef("http://elsewhere.example.net/")),
    "CataloguedDistribution-downloadUnique": instead(FILE, DCAT.downloadURL, URIRef(SPACE + "dumps/dataset.nt")),
    "CataloguedDistribution-license": without(FILE, DCTERMS.license),
    "CataloguedDistribution-format": everywhere(RDFS.label),
    "CataloguedDistribution-byteSize": instead(FILE, DCAT.byteSize, Literal("7", datatype=XSD.decimal)),
    "CataloguedDistribution-checksum": plus(FILE, SPDX.checksum, URIRef(SPACE + "sum")),
    "CataloguedDistribution-accessService": plus(FILE, DCAT.accessService, SERVICE),
    "CataloguedService-identifier": without(SERVICE, DCTERMS.identifier),
    "CataloguedService-title": without(SERVICE, DCTERMS.title),
    "CataloguedService-endpointURL": without(SERVICE, DCAT.endpointURL),
}


SHARED_NODES = {"CataloguedDataset-licenseKnown", "CataloguedDataset-themeLabel", "CataloguedDistribution-format"}
"""Faults of nodes that the copies of a catalogue have in common."""


def results(graph: Graph, shapes: Graph) -> list[tuple[str, str]]:
    """Return (focus node, shape) of every result."""
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    found = [(report.value(r, SH.focusNode), report.value(r, SH.sourceShape)) for r in report.objects(None, SH.result)]
    return [(str(focus), str(shape).removeprefix(SNSH)) for focus, shape in found]


def changed(name: str) -> Graph:
    graph = graph_of(derived())
    PROVOKED[name](graph)
    return graph


def test_the_catalogue_of_a_complete_declaration_has_no_fault(shapes: Graph) -> None:
    assert results(graph_of(derived()), shapes) == []


@pytest.fixture(scope="module")
def provoked(shapes: Graph) -> dict[str, set[str]]:
    """What the shapes find for each fault; copies of the catalogue under names of their own are judged at once."""
    every, cases = Graph(), {name: f"http://case-{n}.example.net/" for n, name in enumerate(PROVOKED)}
    for name in PROVOKED.keys() - SHARED_NODES:
        every.parse(data=changed(name).serialize(format="nt").replace(SPACE, cases[name]), format="nt")
    together = results(every, shapes)
    found = {name: {shape for focus, shape in together if focus.startswith(case)} for name, case in cases.items()}
    return found | {name: {shape for _, shape in results(changed(name), shapes)} for name in SHARED_NODES}


@pytest.mark.parametrize("name", sorted(PROVOKED))
def test_each_fault_is_found_by_the_shape_it_is_named_after(name: str, provoked: dict[str, set[str]]) -> None:
    assert name in provoked[name]


def test_every_shape_has_its_fault_and_names_a_portal_in_both_languages(shapes: Graph) -> None:
    properties = set(shapes.subjects(RDF.type, SH.PropertyShape))
    assert {str(shape).removeprefix(SNSH) for shape in properties} == set(PROVOKED)
    portals = ("udata", "CKAN", "data.europa.eu", "Google", "DCAT-AP")
    for shape in properties:
        messages = {message.language: str(message) for message in shapes.objects(shape, SH.message)}
        assert set(messages) == {"fr", "en"}
        assert all(any(portal in text for portal in portals) for text in messages.values()), shape


# -- what a build says -----------------------------------------------------------------------------------------------------


def test_missing_metadata_stop_the_build_of_a_strict_source_with_place_and_consequence(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(dct_publisher=None))
    with pytest.raises(SourceInvalid) as error:
        build_into(tmp_path / "releases", folder)
    found = [
        f for f in error.value.findings if f.rule == "catalogue" and f.shape == f"{SNSH}CataloguedDataset-publisher"
    ]
    assert [(f.severity, f.file, f.line) for f in found] == [("violation", "catalog.ttl", 6)]
    assert "CKAN" in found[0].message("fr")
    assert "CKAN" in found[0].message("en")


def test_what_is_missing_warns_where_nobody_asked_for_strictness(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(strict=False, dct_publisher=None))
    built = build_into(tmp_path / "releases", folder, PUBLIC, contact="a@example.net")
    assert {str(f.severity) for f in built.findings if f.rule == "catalogue"} == {"warning"}


def test_a_source_on_this_machine_that_says_nothing_is_not_judged(tmp_path: Path) -> None:
    folder = write(tmp_path / "source", {"a.ttl": f'<{SPACE}id/a> <{LABEL}> "A"@fr .'})
    built = build_into(tmp_path / "releases", folder)
    assert not [f for f in built.findings if f.rule == "catalogue"]
    graph = pages_of(built.release.path)
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == 1


def test_one_fault_of_many_datasets_is_told_twenty_times_and_counted(tmp_path: Path) -> None:
    many = "".join(f'<{SPACE}dataset/d{n}> a dcat:Dataset ; dct:title "D"@fr .\n' for n in range(25))
    folder = source(tmp_path / "source", catalog_of(strict=False, extra=many))
    built = build_into(tmp_path / "releases", folder, PUBLIC, contact="a@example.net")
    told = [f for f in built.findings if f.shape == f"{SNSH}CataloguedDataset-description"]
    assert len(told) == 21
    assert told[-1].message().startswith("… and 5 more") or told[0].message().startswith("… and 5 more")


def test_what_is_wrong_stops_every_build_that_is_judged(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(strict=False, dct_modified='"hier"'))
    with pytest.raises(SourceInvalid) as error:
        build_into(tmp_path / "releases", folder, PUBLIC, contact="a@example.net")
    assert f"{SNSH}CataloguedDataset-modified" in {f.shape for f in error.value.findings}


def test_a_source_may_have_shapes_of_its_own_for_the_catalogue(tmp_path: Path) -> None:
    own = f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
<{SPACE}shapes/Mine> a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:property <{SPACE}shapes/Mine-keywords> .
<{SPACE}shapes/Mine-keywords> sh:path dcat:keyword ; sh:minCount 2 ; sh:message "Two keywords."@en .
"""
    folder = write(
        tmp_path / "source", {"data/catalog.ttl": catalog_of(strict=False), "shapes/catalog.ttl": own, "data/a.ttl": ""}
    )
    built = build_into(tmp_path / "releases", folder)
    assert [(str(f.severity), f.message()) for f in built.findings if f.rule == "catalogue"] == [
        ("warning", "Two keywords.")
    ]


def test_validate_foresees_what_a_build_would_say(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(dct_license=None))
    result = command_line("validate", folder, "--json")
    assert result.exit_code == 1
    shapes = {finding.get("shape") for finding in json.loads(result.stdout)["results"]}
    assert {f"{SNSH}CataloguedDataset-license", f"{SNSH}CataloguedDistribution-license"} <= shapes


def test_what_is_wrong_stops_a_build_at_any_base_and_what_is_only_missing_does_not(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(strict=False, dct_modified='"hier"', dct_publisher=None))
    with pytest.raises(SourceInvalid) as caught:
        build_into(tmp_path / "releases", folder)
    assert {f.shape for f in caught.value.findings if f.severity is Severity.VIOLATION} >= {
        f"{SNSH}CataloguedDataset-modified"
    }
    result = command_line("validate", folder, "--json")
    assert result.exit_code == 1
    told = [finding for finding in json.loads(result.stdout)["results"] if finding["rule"] == "catalogue"]
    assert {finding["severity"] for finding in told} == {"violation"}
    assert f"{SNSH}CataloguedDataset-modified" in {finding["shape"] for finding in told}
    assert f"{SNSH}CataloguedDataset-publisher" not in {finding["shape"] for finding in told}
    whole = source(tmp_path / "whole", catalog_of(strict=False))
    assert not [f for f in json.loads(command_line("validate", whole, "--json").stdout)["results"] if "shape" in f]


def test_validate_tells_what_is_broken_before_it_judges_the_catalogue(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(void_uriSpace='"no address"'))
    result = command_line("validate", folder, "--json")
    assert result.exit_code == 1
    assert {finding["rule"] for finding in json.loads(result.stdout)["results"]} >= {"uri-space"}


def test_a_dataset_without_a_title_is_left_out_and_told(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of(strict=False, extra=f"<{SPACE}dataset/stub> a dcat:Dataset ."))
    built = build_into(tmp_path / "releases", folder)
    assert [f.iri for f in built.findings if f.rule == "catalogue"] == [f"{LOCAL}dataset/stub"]
    assert URIRef(f"{LOCAL}dataset/stub") not in set(pages_of(built.release.path).all_nodes())


def test_a_withdrawn_dataset_is_in_no_catalogue(tmp_path: Path) -> None:
    gone = f"""<{SPACE}dataset/gone> a dcat:Dataset, sn:Withdrawal ; dct:title "Retiré"@fr ;
      sn:withdrawnOn "2026-01-01"^^xsd:date ; sn:withdrawalReason "Erreur."@fr ."""
    built = build_into(tmp_path / "releases", source(tmp_path / "s", catalog_of(strict=False, extra=gone)))
    assert URIRef(f"{LOCAL}dataset/gone") not in set(pages_of(built.release.path).all_nodes())


def test_services_and_series_that_are_declared_have_identifiers(tmp_path: Path) -> None:
    extra = f"""<{SPACE}service/wfs> a dcat:DataService ; dct:title "WFS"@fr ; dcat:endpointURL <http://wfs.example.net/> .
<{SPACE}series/all> a dcat:DatasetSeries ; dct:title "Série"@fr ; dct:description "D"@fr ."""
    catalog = catalog_of(strict=False, extra=extra, dcat_inSeries=f"<{SPACE}series/all>")
    graph = pages_of(build_into(tmp_path / "releases", source(tmp_path / "s", catalog)).release.path)
    for name in ("service/wfs", "series/all"):
        node = URIRef(LOCAL + name)
        assert graph.value(node, DCTERMS.identifier) == Literal(str(node))
    assert (URIRef(f"{LOCAL}catalog"), DCAT.service, URIRef(f"{LOCAL}service/wfs")) in graph


# -- what is derived ---------------------------------------------------------------------------------------------------------


def test_names_and_addresses_are_told_apart(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", catalog_of())
    built = build_into(tmp_path / "releases", folder, "https://names.example.org/x/", public="http://127.0.0.1:9/y/")
    graph = pages_of(built.release.path)
    main = URIRef("https://names.example.org/x/dataset/main")
    assert graph.value(main, DCTERMS.identifier) == Literal(str(main))
    assert (URIRef("https://names.example.org/x/catalog"), DCAT.dataset, main) in graph
    for predicate in (DCAT.downloadURL, DCAT.accessURL, DCAT.landingPage, DCAT.endpointURL, FOAF.homepage):
        assert all(str(address).startswith("http://127.0.0.1:9/y/") for address in graph.objects(None, predicate))


def test_periods_are_blank_nodes_however_they_are_declared(tmp_path: Path) -> None:
    period = f"<{SPACE}id/period>"
    said = {
        "coverage": catalog_of(strict=False),
        "named": catalog_of(
            strict=False,
            schema_temporalCoverage=None,
            dct_temporal=period,
            extra=f'{period} a dct:PeriodOfTime ; dcat:startDate "2001-01-01"^^xsd:date ; dcat:endDate "2011-06-30"^^xsd:date .',
        ),
    }
    for name, catalog in said.items():
        built = build_into(tmp_path / f"releases-{name}", source(tmp_path / name, catalog))
        graph = pages_of(built.release.path)
        node = graph.value(URIRef(f"{LOCAL}dataset/main"), DCTERMS.temporal)
        assert isinstance(node, BNode)
        bounds = [str(graph.value(node, predicate)) for predicate in (DCAT.startDate, DCAT.endDate)]
        assert bounds == ["2001-01-01", "2011-06-30"]


def test_the_box_is_that_of_the_places_of_the_data(tmp_path: Path) -> None:
    places = "".join(
        f'<{SPACE}id/p{n}> rdfs:label "P" ; schema:latitude {y} ; schema:longitude {x} .\n'
        for n, (x, y) in enumerate([(-4.5, 48.4), (7.75, 43.3), (2.0, 50.6), (900, 10)])
    )
    built = build_into(
        tmp_path / "releases", source(tmp_path / "s", catalog_of(strict=False), **{"p.ttl": PREFIXES + places})
    )
    boxes = list(pages_of(built.release.path).objects(None, DCAT.bbox))
    assert [str(box) for box in boxes] == ["POLYGON((-4.5 43.3,7.75 43.3,7.75 50.6,-4.5 50.6,-4.5 43.3))"]


def test_the_same_source_gives_the_same_catalogue_to_the_byte(tmp_path: Path) -> None:
    bodies = [
        {
            page.name: page.read_bytes()
            for page in (
                build_into(tmp_path / f"r{n}", source(tmp_path / f"s{n}", catalog_of())).release.path / "catalogue"
            ).iterdir()
        }
        for n in (1, 2)
    ]
    assert bodies[0] == bodies[1]
    assert set(bodies[0]) == {"1.nt"}


def test_a_hundred_datasets_need_no_second_page() -> None:
    lines = "".join(f'<{SPACE}dataset/d{n:03}> a dcat:Dataset ; dct:title "D{n}"@fr .\n' for n in range(PAGE))
    for count, pages in ((PAGE - 1, 1), (PAGE, 2)):
        text = catalog_of(extra="".join(lines.splitlines(keepends=True)[:count]))
        declared = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
        dataset = Dataset(str(MAIN), {"fr": "T"}, {})
        catalogue = derive_catalogue(Facts(dataset, Names(SPACE, SPACE, SPACE), "", declared, []))
        assert (catalogue.total, len(catalogue.pages)) == (count + 1, pages)


def test_every_format_of_a_distribution_has_a_name_that_portals_show() -> None:
    assert {"text/turtle", "application/ld+json", "text/csv", "application/geo+json"} <= set(FILE_TYPES)


# -- tables ----------------------------------------------------------------------------------------------------------------

TABLE = f"""<{SPACE}table/things> a csvw:Table ; rdfs:label "Choses"@fr ; dct:isPartOf <{SPACE}dataset/main> ;
  csvw:tableSchema <{SPACE}table/things#schema> .
<{SPACE}table/things#schema> a csvw:Schema ; rdfs:label "Colonnes"@fr ; csvw:column <{SPACE}table/things#name> .
<{SPACE}table/things#name> a csvw:Column ; rdfs:label "Nom"@fr, "Name"@en ; csvw:name "name" ; csvw:datatype xsd:string ."""
QUERY = "PREFIX schema: <https://schema.org/> SELECT ?iri ?name ?price { ?iri schema:name ?name OPTIONAL { ?iri schema:price ?price } }"
THINGS = PREFIXES + "".join(
    f"<{SPACE}id/t{n}> schema:name {json.dumps(name, ensure_ascii=False)} ; schema:price {price} .\n"
    for n, (name, price) in enumerate(
        [
            ("=cmd|' /C calc'!A0", "-1.5"),
            ("+1", "2"),
            ("-x", "3"),
            ("@SUM(A1)", "4"),
            ('a, "b"\né', "5"),
            ("Brest", "6"),
        ]
    )
)


def test_a_table_is_filled_guarded_and_described(tmp_path: Path) -> None:
    files = {"things.ttl": THINGS, "tables/things.rq": QUERY}
    built = build_into(tmp_path / "releases", source(tmp_path / "s", catalog_of(strict=False, extra=TABLE), **files))
    dumps = built.release.path / "dumps"
    body = (dumps / "things.csv").read_bytes()
    assert not body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert [row["name"] for row in rows] == ["'=cmd|' /C calc'!A0", "+1", "'-x", "'@SUM(A1)", 'a, "b"\né', "Brest"]
    assert [row["price"] for row in rows] == ["-1.5", "2", "3", "4", "5", "6"]
    assert [row["iri"] for row in rows] == [f"{LOCAL}id/t{n}" for n in range(6)]
    metadata = json.loads((dumps / "things.csv-metadata.json").read_text("utf-8"))
    assert metadata["tableSchema"]["columns"][1]["dc:title"] == [
        {"@value": "Nom", "@language": "fr"},
        {"@value": "Name", "@language": "en"},
    ]
    assert not (dumps / "things.geojson").exists()
    described = pages_of(built.release.path)
    node = URIRef(f"{LOCAL}distribution/main-things-csv")
    assert (URIRef(f"{LOCAL}dataset/main"), DCAT.distribution, node) in described
    assert int(described.value(node, DCAT.byteSize)) == len(body)


@pytest.mark.parametrize(
    ("extra", "query", "said"),
    [
        (TABLE, None, "its query tables/things.rq is missing"),
        ("", QUERY, "its declaration is not"),
        (TABLE, "SELECT ?x { SERVICE <http://elsewhere.example.net/> { ?x ?y ?z } }", "must not use SERVICE or FROM"),
        (TABLE, "SELECT ?x FROM <http://elsewhere.example.net/> { ?x ?y ?z }", "must not use SERVICE or FROM"),
        (TABLE, "ASK { ?x ?y ?z }", "must be a SELECT"),
        (TABLE, "SELECT ?x {", "is not SPARQL"),
    ],
    ids=["no query", "no declaration", "service", "from", "ask", "syntax"],
)
def test_a_table_that_cannot_be_filled_stops_the_build(
    tmp_path: Path, extra: str, query: str | None, said: str
) -> None:
    files = {"things.ttl": THINGS, **({"tables/things.rq": query} if query else {})}
    folder = source(tmp_path / "s", catalog_of(strict=False, extra=extra), **files)
    with pytest.raises(SourceInvalid) as error:
        build_into(tmp_path / "releases", folder)
    assert [said in finding.message() for finding in error.value.findings if finding.rule == "table"] == [True]


def test_another_query_of_a_table_gives_another_release(tmp_path: Path) -> None:
    folder = source(
        tmp_path / "s", catalog_of(strict=False, extra=TABLE), **{"t.ttl": THINGS, "tables/things.rq": QUERY}
    )
    first = build_into(tmp_path / "releases", folder).release.id
    (folder / "tables" / "things.rq").write_text(f"{QUERY} LIMIT 1", "utf-8")
    assert build_into(tmp_path / "releases", folder).release.id != first
