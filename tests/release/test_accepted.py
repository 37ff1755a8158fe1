"""What must pass: every RDF format, compressed or not, odd names and line ends, and a folder that says nothing of itself."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from release.building import (
    GOOD,
    LABEL,
    LOCAL,
    SPACE,
    Files,
    assert_whole,
    build_into,
    catalog,
    labelled,
    rules_of,
    triples_of,
    write,
)

THING = ox.Triple(ox.NamedNode(f"{LOCAL}id/good"), ox.NamedNode(LABEL), ox.Literal("Bon", language="fr"))
RDF_XML = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
<rdf:Description rdf:about="{SPACE}id/good"><rdfs:label xml:lang="fr">Bon</rdfs:label></rdf:Description></rdf:RDF>"""
JSON_LD = (
    f'{{"@context": {{"label": {{"@id": "{LABEL}", "@language": "fr"}}}}, "@id": "{SPACE}id/good", "label": "Bon"}}'
)
SAME_THING: dict[str, str] = {
    "ttl": f'@prefix d: <{SPACE}id/> .\nd:good <{LABEL}> "Bon"@fr .',
    "nt": GOOD,
    "nq": GOOD,
    "trig": f"{{ {GOOD} }}",
    "rdf": RDF_XML,
    "owl": RDF_XML,
    "xml": RDF_XML,
    "jsonld": JSON_LD,
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("suffix", SAME_THING)
def test_every_format_gives_the_same_statement_in_the_graph_of_its_file(
    suffix: str, compressed: bool, tmp_path: Path
) -> None:
    content = SAME_THING[suffix].encode()
    name = f"some/thing.{suffix}"
    files: Files = (
        {"catalog.ttl": catalog(), f"{name}.gz": gzip.compress(content)}
        if compressed
        else {"catalog.ttl": catalog(), name: content}
    )
    built = build_into(tmp_path / "releases", write(tmp_path / "source", files))
    quads = list(ox.parse(path=str(built.release.path / "dumps/dataset.nq"), format=ox.RdfFormat.N_QUADS))
    assert ox.Quad(*THING, ox.NamedNode(f"{LOCAL}graph/some/thing")) in quads
    assert_whole(built.release.path)


def test_xml_that_is_no_rdf_is_passed_over(tmp_path: Path) -> None:
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"a.ttl": GOOD, "sitemap.xml": "<urlset/>"}))
    assert built.release.manifest.counts["triples"] == 1


def test_a_byte_order_mark_is_warned_about(tmp_path: Path) -> None:
    built = build_into(
        tmp_path / "releases",
        write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": b"\xef\xbb\xbf" + GOOD.encode()}),
    )
    found = [f for f in built.findings if f.rule == "bom"]
    assert [(f.severity, f.file, f.line) for f in found] == [("warning", "a.ttl", 1)]
    assert THING in triples_of(built.release.path / "dumps/dataset.nt")


def test_a_mended_warning_leaves_the_report(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": b"\xef\xbb\xbf" + GOOD.encode()})
    assert build_into(tmp_path / "releases", source).release.manifest.findings["warning"] == 1
    write(source, {"a.ttl": GOOD})
    mended = build_into(tmp_path / "releases", source).release
    assert mended.manifest.findings["warning"] == 0
    assert json.loads((mended.path / "validation/report.json").read_text("utf-8"))["counts"]["warning"] == 0


@pytest.mark.parametrize("ending", ["\r\n", "\r"], ids=["windows", "old-mac"])
def test_line_ends_of_other_systems_give_the_same_content(ending: str, tmp_path: Path) -> None:
    files = {
        "catalog.ttl": catalog(),
        "a.ttl": f'@prefix d: <{SPACE}id/> .\n# a comment\n\nd:good\n  <{LABEL}> "Bon"@fr .\n',
    }
    unix = build_into(tmp_path / "unix", write(tmp_path / "a" / "source", files))
    other = build_into(
        tmp_path / "other",
        write(tmp_path / "b" / "source", {name: text.replace("\n", ending) for name, text in files.items()}),
    )
    assert unix.release.manifest.content == other.release.manifest.content


def test_paths_with_spaces_and_accents_are_read_and_name_their_graphs(tmp_path: Path) -> None:
    source = write(
        tmp_path / "mes données" / "été 2011", {"catalog.ttl": catalog(), "où ça/les départements (01 % 95).ttl": GOOD}
    )
    built = build_into(tmp_path / "les sorties", source)
    quads = set(ox.parse(path=str(built.release.path / "dumps/dataset.nq"), format=ox.RdfFormat.N_QUADS))
    graph = f"{LOCAL}graph/o%C3%B9%20%C3%A7a/les%20d%C3%A9partements%20(01%20%25%2095)"
    assert ox.Quad(*THING, ox.NamedNode(graph)) in quads
    assert_whole(built.release.path)


@pytest.mark.parametrize("name", ["a.ttl", "a.nt", "a.nq", "a.trig"])
def test_zero_triples_are_warned_about(name: str, tmp_path: Path) -> None:
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {name: ""}))
    assert ("warning", "empty") in rules_of(built.findings)
    assert built.release.manifest.counts["triples"] == 0
    assert_whole(built.release.path)


def test_one_empty_file_among_others_is_nothing_to_say(tmp_path: Path) -> None:
    built = build_into(
        tmp_path / "releases",
        write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD, "b.ttl": "", "c.jsonld": "[]"}),
    )
    assert rules_of(built.findings) == set()


def test_a_folder_without_catalogue_is_published_with_defaults_that_are_said(tmp_path: Path) -> None:
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"a.ttl": GOOD + labelled("b")}))
    said = " ".join(f.message() for f in built.findings if f.rule == "default")
    assert f"under {SPACE} are taken" in said
    assert "title" in said
    assert "licence" in said
    assert built.release.manifest.dataset.title == {"": "source"}
    assert built.release.manifest.space == SPACE
    assert {f.severity for f in built.findings} == {"info"}


def test_files_that_look_like_rdf_and_are_not_read_are_told(tmp_path: Path) -> None:
    flat = write(
        tmp_path / "flat", {"catalog.ttl": catalog(), "a.ttl": GOOD, "b.n3": GOOD, "c.csv": "a,b", "d.json": "{}"}
    )
    found = [f for f in build_into(tmp_path / "one", flat).findings if f.rule == "not-read"]
    assert [(f.severity, f.file) for f in found] == [("warning", "b.n3")]
    divided = {"catalog.ttl": catalog(), "data/a.ttl": GOOD, "b.ttl": GOOD, "c.nt": GOOD, "notes.txt": "x"}
    found = list(build_into(tmp_path / "two", write(tmp_path / "divided", divided)).findings)
    assert [f.message() for f in found] == ["Beside the folder data/ RDF files are not read: b.ttl and 1 more."]
    assert found[0].message("fr").endswith("des fichiers RDF ne sont pas lus\u00a0: b.ttl et 1 de plus.")


def test_a_source_without_names_of_its_own_is_still_published(tmp_path: Path) -> None:
    lines = "".join(f'<urn:uuid:{n:08}-0000-4000-8000-000000000000> <{LABEL}> "x" .\n' for n in range(5))
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"a.nt": lines}))
    assert built.release.manifest.space == ""
    assert built.release.manifest.counts["triples"] == 5
    assert ("info", "served-elsewhere") in rules_of(built.findings)


@pytest.mark.parametrize("suffix", ["nq", "trig"])
def test_named_graphs_are_kept_as_they_are(suffix: str, tmp_path: Path) -> None:
    mine, theirs = f"{SPACE}graph/mine", "http://elsewhere.example.net/graph"
    triple = GOOD.strip().removesuffix(" .")
    text = (
        f"{triple} <{mine}> .\n{triple} <{theirs}> .\n{triple} .\n"
        if suffix == "nq"
        else f"<{mine}> {{ {triple} }} <{theirs}> {{ {triple} }} {triple} ."
    )
    built = build_into(
        tmp_path / "releases", write(tmp_path / "source", {"catalog.ttl": catalog(), f"own.{suffix}": text})
    )
    store = ox.Store.read_only(str(built.release.path / "store"))
    graphs = {quad.graph_name for quad in store.quads_for_pattern(*THING, None)}
    assert graphs == {
        ox.DefaultGraph(),
        ox.NamedNode(f"{LOCAL}graph/mine"),
        ox.NamedNode(theirs),
        ox.NamedNode(f"{LOCAL}graph/own"),
    }


def test_a_graph_named_by_a_blank_node_is_kept(tmp_path: Path) -> None:
    text = GOOD.replace(" .", " _:g .") + f'_:g <{LABEL}> "a graph" _:g .\n'
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"catalog.ttl": catalog(), "own.nq": text}))
    graphs = {
        quad.graph_name
        for quad in ox.parse(path=str(built.release.path / "dumps/dataset.nq"), format=ox.RdfFormat.N_QUADS)
    }
    assert any(isinstance(graph, ox.BlankNode) for graph in graphs)
    assert THING in triples_of(built.release.path / "dumps/dataset.nt")
    assert_whole(built.release.path)


def test_named_graphs_can_be_left_out_of_the_store(tmp_path: Path) -> None:
    built = build_into(
        tmp_path / "releases", write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD}), named_graphs=False
    )
    store = ox.Store.read_only(str(built.release.path / "store"))
    assert {quad.graph_name for quad in store.quads_for_pattern(*THING, None)} == {ox.DefaultGraph()}


def test_the_default_graph_holds_each_triple_once(tmp_path: Path) -> None:
    files = {
        "catalog.ttl": catalog(),
        "a.ttl": GOOD * 3,
        "b.nt": GOOD,
        "c.nq": GOOD.replace(" .", " <http://g.example.net/> ."),
    }
    built = build_into(tmp_path / "releases", write(tmp_path / "source", files))
    store = ox.Store.read_only(str(built.release.path / "store"))
    answer = store.query(f"SELECT (COUNT(*) AS ?n) {{ ?s <{LABEL}> 'Bon'@fr }}")
    assert [row["n"].value for row in answer] == ["1"]  # type: ignore[union-attr]
    assert len(list(store.quads_for_pattern(*THING, None))) == 4
    assert (built.release.path / "dumps/dataset.nt").read_text("utf-8").count('"Bon"@fr') == 1


def test_a_source_is_validated_against_its_own_shapes(tmp_path: Path) -> None:
    shape = f"""@prefix sh: <http://www.w3.org/ns/shacl#> .
<{SPACE}shapes/S> a sh:NodeShape ; sh:targetSubjectsOf <{LABEL}> ; sh:severity sh:Warning ;
  sh:property [ sh:path <https://schema.org/url> ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "An address is missing."@en ] ."""
    built = build_into(
        tmp_path / "releases",
        write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD, "shapes/s.ttl": shape}),
    )
    found = [f for f in built.findings if f.rule == "shacl"]
    assert [(f.severity, f.file, f.line, f.message(), f.shape) for f in found] == [
        ("warning", "a.ttl", 1, "An address is missing.", f"{SPACE}shapes/S")
    ]


def test_a_release_built_without_shacl_says_so(tmp_path: Path) -> None:
    files = {
        "catalog.ttl": catalog(),
        "a.ttl": GOOD,
        "shapes/s.ttl": f"<{SPACE}shapes/S> a <http://www.w3.org/ns/shacl#NodeShape> .",
    }
    built = build_into(tmp_path / "releases", write(tmp_path / "source", files), shacl=False)
    assert ("warning", "unvalidated") in rules_of(built.findings)


def test_beside_a_data_folder_other_folders_take_no_part(tmp_path: Path) -> None:
    files = {
        "catalog.ttl": catalog(),
        "data/a.ttl": GOOD,
        "tests/wrong.ttl": "not RDF",
        ".git/x.ttl": "not RDF",
        "readme.ttl": "not RDF",
    }
    built = build_into(tmp_path / "releases", write(tmp_path / "source", files))
    assert THING in triples_of(built.release.path / "dumps/dataset.nt")


def test_hidden_files_and_pipes_are_passed_over(tmp_path: Path) -> None:
    import os

    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD, ".hidden.ttl": "not RDF"})
    os.mkfifo(source / "pipe.ttl")
    assert build_into(tmp_path / "releases", source).fresh


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "kept/a.txt": GOOD})
    (source / "a.ttl").symlink_to("kept/a.txt")
    assert THING in triples_of(build_into(tmp_path / "releases", source).release.path / "dumps/dataset.nt")


@pytest.mark.parametrize(
    ("opening", "closing"), [("[ <http://x.example.net/p> ", " ]"), ("( ", " )")], ids=["blank nodes", "lists"]
)
def test_deep_nesting_is_no_danger(opening: str, closing: str, tmp_path: Path) -> None:
    depth = 20_000
    text = f"<{SPACE}id/a> <http://x.example.net/p> {opening * depth}1{closing * depth} ."
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"a.ttl": text}), dumps=("nq",))
    assert built.release.manifest.counts["triples"] >= depth


def test_what_looks_like_rdf_1_2_and_is_none_passes(tmp_path: Path) -> None:
    text = f'{GOOD}<{SPACE}id/a> <{LABEL}> "a--rtl", "<<( x@en--ltr" ; <{SPACE}p> "b"^^<{SPACE}d--ltr> .\n'
    built = build_into(tmp_path / "releases", write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": text}))
    assert "rdf-1.2" not in {rule for _, rule in rules_of(built.findings)}
