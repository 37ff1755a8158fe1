"""Sources are untrusted: a build reaches out to nobody, whatever the source names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release.building import GOOD, SPACE, assert_served_release_is_whole, write
from support import run

DENIED = """\
import os, socket
def refuse(*args, **kwargs):
    with open(os.environ["TRIED"], "a") as out:
        out.write(repr(args) + "\\n")
    raise OSError("the network is denied in this test")
class Denied(socket.socket):
    def __init__(self, *args, **kwargs):
        refuse("socket", *args)
socket.socket = Denied
for name in ("create_connection", "getaddrinfo", "gethostbyname"):
    setattr(socket, name, refuse)
"""
REMOTE = "http://remote.example.net/"
SHAPE = f"""@prefix sh: <http://www.w3.org/ns/shacl#> .
<{SPACE}shapes/S> a sh:NodeShape ; sh:targetSubjectsOf <http://www.w3.org/2000/01/rdf-schema#label> """
HARMLESS = {
    "imports.ttl": f"<{SPACE}onto> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://www.w3.org/2002/07/owl#imports> <{REMOTE}onto> .\n",
    "see.ttl": f"<{SPACE}id/a> <http://www.w3.org/2000/01/rdf-schema#seeAlso> <{REMOTE}a.ttl> ; <http://xmlns.com/foaf/0.1/page> <{REMOTE}> .\n"
    + GOOD,
    "schema.rdf": f'<?xml-stylesheet href="{REMOTE}x.xsl"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{REMOTE} {REMOTE}x.xsd"/>',
    "shapes/s.ttl": SHAPE + f"; sh:property [ sh:path <http://x.example.net/p> ; sh:class <{REMOTE}Class> ] .\n",
}
REFUSED = {
    "context.jsonld": (
        f'{{"@context": "{REMOTE}context.jsonld", "@id": "{SPACE}id/a", "name": "x"}}',
        "remote-context",
    ),
    "contexts.jsonld": (
        f'[{{"@context": [{{"x": "{REMOTE}"}}, "{REMOTE}context.jsonld"], "@id": "{SPACE}id/a", "name": "x"}}]',
        "remote-context",
    ),
    "import.jsonld": (
        f'{{"@context": {{"@import": "{REMOTE}context.jsonld"}}, "@id": "{SPACE}id/a", "name": "x"}}',
        "remote-context",
    ),
    "entity.rdf": (
        f'<!DOCTYPE r [<!ENTITY e SYSTEM "{REMOTE}e">]>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
        "dtd",
    ),
    "dtd.rdf": (
        f'<!DOCTYPE rdf:RDF SYSTEM "{REMOTE}rdf.dtd">\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
        "dtd",
    ),
    "parameter.rdf": (
        f'<!DOCTYPE r [<!ENTITY % e SYSTEM "{REMOTE}e"> %e;]>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
        "dtd",
    ),
    "ontology/rules/service.rq": (
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ service silent <{REMOTE}sparql> {{ ?s ?p ?o }} }}",
        "rule",
    ),
    "ontology/rules/hidden.rq": (
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ # a comment\n SERVICE#x\n<{REMOTE}sparql> {{ ?s ?p ?o }} }}",
        "rule",
    ),
    "ontology/rules/from.rq": (f"CONSTRUCT {{ ?s ?p ?o }} FROM <{REMOTE}data> WHERE {{ ?s ?p ?o }}", "rule"),
    "shapes/service.ttl": (
        SHAPE + f'; sh:sparql [ sh:select "SELECT $this {{ SERVICE <{REMOTE}sparql> {{ $this ?p ?o }} }}" ] .',
        "shape",
    ),
    "shapes/imports.ttl": (f"<{SPACE}shapes/> <http://www.w3.org/2002/07/owl#imports> <{REMOTE}shapes> .", "shape"),
    "shapes/script.ttl": (
        SHAPE + f'; sh:js [ sh:jsFunctionName "f" ; sh:jsLibrary [ sh:jsLibraryURL "{REMOTE}x.js" ] ] .',
        "shape",
    ),
}


@pytest.fixture
def without_network(tmp_path: Path) -> dict[str, str]:
    """Environment of a process that cannot open a socket, and notes when it tries."""
    write(tmp_path / "denied", {"sitecustomize.py": DENIED})
    return {"PYTHONPATH": str(tmp_path / "denied"), "TRIED": str(tmp_path / "tried")}


def test_a_source_that_names_remote_things_is_built_without_network(
    tmp_path: Path, without_network: dict[str, str]
) -> None:
    source = write(tmp_path / "source", HARMLESS)
    done = run("build", source, "--releases", tmp_path / "releases", **without_network)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "tried").exists()
    assert_served_release_is_whole(tmp_path / "releases")


def test_the_book_is_built_without_network(tmp_path: Path, without_network: dict[str, str]) -> None:
    done = run("build", "--no-shacl", "--releases", tmp_path / "releases", **without_network)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "tried").exists()


def test_what_would_be_fetched_is_refused_by_name_and_not_fetched(
    tmp_path: Path, without_network: dict[str, str]
) -> None:
    source = write(tmp_path / "source", {**HARMLESS, **{name: text for name, (text, _) in REFUSED.items()}})
    done = run("validate", source, "--json", **without_network)
    assert done.returncode == 1, done.stderr
    assert not (tmp_path / "tried").exists()
    told = {
        (result.get("file"), result["rule"])
        for result in json.loads(done.stdout)["results"]
        if result["severity"] == "violation"
    }
    expected = {(name, rule) for name, (_, rule) in REFUSED.items()}
    assert expected <= told, expected - told


def test_the_network_is_indeed_denied(tmp_path: Path, without_network: dict[str, str]) -> None:
    run(
        "serve",
        write(tmp_path / "source", {"a.ttl": GOOD}),
        "--port",
        "0",
        "--releases",
        tmp_path / "releases",
        **without_network,
    )
    assert (tmp_path / "tried").exists()
