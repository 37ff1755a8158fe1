"""The vocabulary as a product: its terms, frozen releases, examples, JSON-LD context and rules.

``violations/`` holds queries that must return no row on the vocabulary and the data; beside each lies a Turtle file
with which it does return one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from pyld import jsonld
from rdflib.namespace import DCTERMS, FOAF, OWL, PROV, RDFS, SDO, SKOS, VOID, DefinedNamespace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ONTOLOGY = ROOT / "ontology"
DATA = sorted((ROOT / "data").rglob("*.ttl"))
EXAMPLES = sorted((ONTOLOGY / "examples").glob("*.ttl"))
RULES = sorted((ONTOLOGY / "rules").glob("*.rq"))
VIOLATIONS = sorted((HERE / "violations").glob("*.rq"))
FROZEN = dict(reversed(line.split()) for line in (HERE / "releases.sha256").read_text("utf-8").splitlines())

SPACE = "https://w3id.org/solnum/"
SN = SPACE + "def#"
SCHEMA = "https://schema.org/"
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
DEFINED_BY = ox.NamedNode(str(RDFS.isDefinedBy))
VOCABULARY = ox.NamedNode(SPACE + "def")
KNOWN: tuple[type[DefinedNamespace], ...] = (SDO, SKOS, DCTERMS, PROV, FOAF, OWL, RDFS, VOID)
NARROWER = {
    "City": "AdministrativeArea",
    "Country": "AdministrativeArea",
    "AdministrativeArea": "Place",
    "GovernmentOrganization": "Organization",
    "Project": "Organization",
    "Book": "CreativeWork",
    "Chapter": "CreativeWork",
}
"""The subclasses of schema.org that the data relies on."""


def read(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.TURTLE)]


def fill(paths: Iterable[Path]) -> ox.Store:
    store = ox.Store()
    for path in paths:
        store.extend(ox.Quad(*triple, ox.DefaultGraph()) for triple in read(path))
    return store


def terms_of(vocabulary: type[DefinedNamespace]) -> list[str]:
    found = (str(term) for term in dir(vocabulary) if not str(term).startswith("_"))
    return [term if term.startswith("http") else str(vocabulary._NS) + term for term in (*found, *vocabulary._extras)]


@pytest.fixture(scope="module")
def known() -> list[ox.Quad]:
    """The terms of the vocabularies we use, and the subclasses of schema.org, for the violation queries."""
    graph = ox.NamedNode("urn:known")
    quads = []
    for vocabulary in KNOWN:
        namespace = ox.NamedNode(str(vocabulary._NS))
        quads.append(ox.Quad(namespace, TYPE, ox.NamedNode("urn:Vocabulary"), graph))
        quads += [ox.Quad(ox.NamedNode(term), DEFINED_BY, namespace, graph) for term in terms_of(vocabulary)]
    narrower = ox.NamedNode("urn:schemaSubClassOf")
    quads += [
        ox.Quad(ox.NamedNode(SCHEMA + one), narrower, ox.NamedNode(SCHEMA + other)) for one, other in NARROWER.items()
    ]
    return quads


@pytest.fixture(scope="module")
def store(known: list[ox.Quad]) -> ox.Store:
    store = fill([ONTOLOGY / "solnum.ttl", *DATA])
    store.extend(known)
    return store


@pytest.fixture(scope="module")
def terms() -> set[str]:
    return {
        t.subject.value for t in read(ONTOLOGY / "solnum.ttl") if t.predicate == DEFINED_BY and t.object == VOCABULARY
    }


# --- terms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rq", VIOLATIONS, ids=lambda path: path.stem)
def test_violation_query_returns_no_row(rq: Path, store: ox.Store) -> None:
    assert [str(row) for row in store.query(rq.read_text("utf-8"))] == []


@pytest.mark.parametrize("rq", VIOLATIONS, ids=lambda path: path.stem)
def test_violation_query_finds_what_provokes_it(rq: Path, known: list[ox.Quad]) -> None:
    store = fill([ONTOLOGY / "solnum.ttl", *DATA, rq.with_suffix(".ttl")])
    store.extend(known)
    assert len(list(store.query(rq.read_text("utf-8")))) > 0


def test_every_term_is_in_the_model_and_every_class_of_the_model_is_there(terms: set[str]) -> None:
    classes = {term.removeprefix(SN) for term in terms if term.removeprefix(SN)[0].isupper()}
    expected = (
        "Section Heading InitiativeAccount Testimony Initiative PlaceStatus FormerRegion OpenQuestion Notion Withdrawal "
        "ListPage ListField"
    )
    assert classes == set(expected.split())
    assert len(terms) == 46


def test_every_term_has_label_definition_and_example_in_both_languages(terms: set[str]) -> None:
    wanted = {str(RDFS.label), str(RDFS.comment), str(SKOS.example)}
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for triple in read(ONTOLOGY / "solnum.ttl"):
        if isinstance(triple.object, ox.Literal) and triple.object.language:
            texts[triple.subject.value, triple.predicate.value].append(triple.object.language)
    assert {(t, p) for t in terms for p in wanted if sorted(texts[t, p]) != ["en", "fr"]} == set()


def test_every_term_is_used_in_the_data_or_in_an_example(terms: set[str]) -> None:
    used = {term.value for path in [*DATA, *EXAMPLES] for t in read(path) for term in (t.predicate, t.object)}
    used.add(SN + "PlaceStatus")  # the class of the four degrees, which are in use
    assert sorted(terms - used) == []


# --- releases --------------------------------------------------------------------------------------------------------


def test_every_release_is_frozen() -> None:
    files = {
        path.relative_to(ONTOLOGY / "releases").as_posix(): path for path in (ONTOLOGY / "releases").rglob("*.ttl")
    }
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == FROZEN


def test_the_vocabulary_is_its_latest_release() -> None:
    latest = max(FROZEN, key=lambda name: tuple(map(int, name.split("/")[0].split("."))))
    assert (ONTOLOGY / "releases" / latest).read_bytes() == (ONTOLOGY / "solnum.ttl").read_bytes()


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_release_names_its_version_and_an_earlier_one(name: str) -> None:
    version = name.split("/")[0]
    about = {t.predicate.value: t.object.value for t in read(ONTOLOGY / "releases" / name) if t.subject == VOCABULARY}
    assert about[str(OWL.versionIRI)] == f"{SPACE}def/{version}"
    assert about[str(OWL.versionInfo)] == version
    versions = sorted(FROZEN, key=lambda each: tuple(map(int, each.split("/")[0].split("."))))
    before = versions[: versions.index(name)]
    prior = f"{SPACE}def/{before[-1].split('/')[0]}" if before else None
    assert about.get(str(OWL.priorVersion)) == prior
    assert f"\n## [{version}] - {about[str(DCTERMS.issued)]}\n" in (ONTOLOGY / "CHANGELOG.md").read_text("utf-8")


def test_no_term_of_a_release_is_lost(terms: set[str]) -> None:
    for name in FROZEN:
        before = {t.subject.value for t in read(ONTOLOGY / "releases" / name) if t.predicate == DEFINED_BY}
        assert before <= terms


# --- examples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_parses_and_uses_the_term_it_is_named_for(path: Path, terms: set[str]) -> None:
    triples = read(path)
    used = {term.value for t in triples for term in (t.subject, t.predicate, t.object)}
    wanted = (
        {SN + degree for degree in ("certain", "inferred", "ambiguous", "informal")}
        if path.stem == "PlaceStatus"
        else {SN + path.stem}
    )
    assert SN + path.stem in terms
    assert used & wanted
    assert {iri for iri in used if iri.startswith(SN)} <= terms


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem != "Withdrawal"], ids=lambda path: path.stem)
def test_example_is_an_excerpt_of_the_data(path: Path) -> None:
    assert set(read(path)) <= {triple for file in DATA for triple in read(file)}


def test_every_class_has_an_example(terms: set[str]) -> None:
    classes = {term.removeprefix(SN) for term in terms if term.removeprefix(SN)[0].isupper()}
    assert classes <= {path.stem for path in EXAMPLES}


# --- JSON-LD context -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context() -> dict[str, Any]:
    return json.loads((ONTOLOGY / "context.jsonld").read_text("utf-8"))["@context"]


def resources(path: Path) -> dict[str, list[ox.Triple]]:
    found: dict[str, list[ox.Triple]] = defaultdict(list)
    for triple in read(path):
        found[triple.subject.value].append(triple)
    return found


def compacted(triples: list[ox.Triple], context: dict[str, Any]) -> dict[str, Any]:
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES).decode()
    expanded = jsonld.from_rdf(text, {"format": "application/n-quads", "useNativeTypes": False})
    return jsonld.compact(expanded, context, {"graph": True})


@pytest.mark.parametrize("path", [*DATA, ONTOLOGY / "solnum.ttl"], ids=lambda path: path.stem)
def test_context_loses_nothing(path: Path, context: dict[str, Any]) -> None:
    for iri, triples in resources(path).items():
        back = jsonld.to_rdf(compacted(triples, context), {"format": "application/n-quads"})
        assert {quad.triple for quad in ox.parse(back, format=ox.RdfFormat.N_QUADS)} == set(triples), iri


def test_compact_form_is_short(context: dict[str, Any]) -> None:
    triples = resources(ROOT / "data" / "chapter-3.ttl")[SPACE + "id/account/kaina-tv"]
    (node,) = compacted(triples, context)["@graph"]
    assert node["type"] == "sn:InitiativeAccount"
    assert node["name"] == {"fr": "Les habitants envahissent l’écran\u00a0: Kaina TV, une Web TV dédiée au quartier"}
    assert node["sourceLine"] == ["83", "84"]
    assert node["isPartOf"] == SPACE + "id/heading/3-3-1"
    assert not [key for key in node if ":" in key]


def test_context_is_local_and_complete_in_itself(context: dict[str, Any]) -> None:
    prefixes = {key for key, value in context.items() if isinstance(value, str) and re.search(r"[#/]$", value)}
    for key, value in context.items():
        iri = value if isinstance(value, str) else value["@id"] if isinstance(value, dict) else ""
        if key != "@version" and key not in prefixes and not iri.startswith("@"):
            assert iri.partition(":")[0] in prefixes, key
    assert "@import" not in context
    assert not [value for value in context.values() if isinstance(value, list)]


def test_a_language_map_is_only_for_what_is_always_tagged(context: dict[str, Any]) -> None:
    mapped = {
        value["@id"] for value in context.values() if isinstance(value, dict) and value.get("@container") == "@language"
    }
    full = {context[name.partition(":")[0]] + name.partition(":")[2] for name in mapped}
    values = [t for path in [*DATA, ONTOLOGY / "solnum.ttl"] for t in read(path) if t.predicate.value in full]
    assert len(values) > 900
    assert [t for t in values if not (isinstance(t.object, ox.Literal) and t.object.language)] == []


def test_every_term_of_the_vocabulary_has_its_key(context: dict[str, Any], terms: set[str]) -> None:
    names = {
        value if isinstance(value, str) else value["@id"] for value in context.values() if isinstance(value, str | dict)
    }
    properties = {term.removeprefix(SN) for term in terms if term.removeprefix(SN)[0].islower()}
    assert {name for name in properties if f"sn:{name}" not in names} == {
        "certain",
        "inferred",
        "ambiguous",
        "informal",
    }


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rule_names_only_vocabulary(path: Path) -> None:
    text = path.read_text("utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert SPACE + "id/" not in body
    assert not re.search(r"\bSERVICE\b|\bFROM\b", body)
    assert {iri for iri in re.findall(r"<([^>]*)>", body) if not re.search(r"[#/]$", iri)} == set()
    assert '"' not in body
    assert isinstance(ox.Store().query(text), ox.QueryTriples)


@pytest.fixture(scope="module")
def derived() -> set[ox.Triple]:
    store = fill(DATA)
    stated = {quad.triple for quad in store}
    size = 0
    while size != len(store):
        size = len(store)
        for rule in RULES:
            store.extend(ox.Quad(*triple, ox.DefaultGraph()) for triple in list(store.query(rule.read_text("utf-8"))))
    return {quad.triple for quad in store} - stated


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        (SCHEMA + "isPartOf", SCHEMA + "hasPart", 66),
        (SCHEMA + "containedInPlace", SCHEMA + "containsPlace", 62),
        (str(SKOS.topConceptOf), str(SKOS.hasTopConcept), 5),
        (SCHEMA + "inDefinedTermSet", SCHEMA + "hasDefinedTerm", 11),
    ],
)
def test_rules_derive_every_inverse(one: str, other: str, count: int, derived: set[ox.Triple]) -> None:
    stated = {t for path in DATA for t in read(path)}
    inverse = {(t.object, t.subject) for t in stated if t.predicate.value == one}
    assert {(t.subject, t.object) for t in derived if t.predicate.value == other} == inverse
    assert len(inverse) == count


def pairs(derived: set[ox.Triple], predicate: str) -> set[tuple[str, str]]:
    short = SPACE + "id/"
    return {
        (t.subject.value.removeprefix(short), t.object.value.removeprefix(short))
        for t in derived
        if t.predicate.value == predicate
    }


def test_rules_link_works_and_what_they_are_about(derived: set[ox.Triple]) -> None:
    works = pairs(derived, SCHEMA + "subjectOf")
    assert ("initiative/kaina-tv", "account/kaina-tv") in works
    assert ("organization/ville-de-brest", "testimony/brest") in works
    assert len(works) == 21 + 4
    assert {one for one, _ in pairs(derived, SCHEMA + "about")} == {"book/internet-dans-les-quartiers"}
    assert len(pairs(derived, SCHEMA + "about")) == 6


def test_rules_hand_an_axis_down_to_accounts_and_initiatives_only(derived: set[ox.Triple]) -> None:
    axes = pairs(derived, SN + "theme")
    assert {one.partition("/")[0] for one, _ in axes} == {"account", "initiative"}
    assert ("initiative/toit-angevin-numerique", "theme/habitat-social") in axes
    assert len(axes) == 12


def test_rules_name_the_contributors(derived: set[ox.Triple]) -> None:
    found = pairs(derived, SCHEMA + "contributor")
    assert {other.partition("/")[2] for _, other in found} == {
        "observatoire-telecommunications-ville",
        "vecam",
        "initial",
        "creatif",
    }


def test_rules_derive_nothing_else(derived: set[ox.Triple]) -> None:
    schema = {"hasPart", "containsPlace", "hasDefinedTerm", "subjectOf", "about", "contributor"}
    assert {t.predicate.value for t in derived} == {SCHEMA + name for name in schema} | {
        str(SKOS.hasTopConcept),
        SN + "theme",
    }
