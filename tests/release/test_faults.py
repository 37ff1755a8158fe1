"""What must not pass: each fault alone stops the build, is told with its place and its cure, and leaves the live release as it was."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from release.building import GOOD, LABEL, SPACE, Files, build_into, bytes_of, catalog, command_line, labelled, write
from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Finding, Severity
from solnum_ld.release.inspection import Silent, inspect
from support import run

RDF_XML = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
BOMB = f"""<?xml version="1.0"?>
<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<rdf:RDF {RDF_XML} xmlns:x="http://x.example.net/"><rdf:Description rdf:about="http://x.example.net/a"><x:p>&c;</x:p></rdf:Description></rdf:RDF>
"""
SHAPES = f"""\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
<{SPACE}shapes/Thing> a sh:NodeShape ; sh:targetSubjectsOf rdfs:label ; sh:property <{SPACE}shapes/Thing-name>, <{SPACE}shapes/Thing-position> .
<{SPACE}shapes/Thing-name> sh:path schema:name ; sh:maxCount 1 ; sh:message "Un seul nom."@fr, "One name."@en .
<{SPACE}shapes/Thing-position> sh:path schema:position ; sh:minInclusive 1 ; sh:message "On compte à partir de 1."@fr, "Count from 1."@en .
"""


def link(name: str, target: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        write(folder.parent, {"outside.ttl": GOOD})
        (folder / name).symlink_to(target)

    return make


def name_in_latin_1(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.ttl")).write_text(GOOD)


def gzip_bomb(folder: Path) -> None:
    (folder / "a.nt.gz").write_bytes(gzip.compress(b"\n" * (66 << 20), 1))


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    rule: str
    files: Files = field(default_factory=dict)
    file: str | None = None
    line: int | None = None
    value: str | None = None
    iri: str | None = None
    label: str | None = None
    prepare: Callable[[Path], None] | None = None

    def write(self, folder: Path, *, strict: bool) -> Path:
        write(folder, {"catalog.ttl": catalog(strict=strict), **self.files})
        if self.prepare:
            self.prepare(folder)
        return folder


FAULTS = (
    Fault(
        "turtle-syntax",
        "syntax",
        {"a.ttl": GOOD + "<http://x.example.net/a> <http://x.example.net/b> .\n"},
        "a.ttl",
        2,
        "<http://x.example.net/a> <http://x.example.net/b> .",
    ),
    Fault(
        "open-string",
        "syntax",
        {"a.ttl": GOOD + '\n<http://x.example.net/a> <http://x.example.net/b> "c\n'},
        "a.ttl",
        3,
    ),
    Fault(
        "triple-term",
        "rdf-1.2",
        {"a.ttl": f'{GOOD}<{SPACE}id/a> <{LABEL}> "A"@fr {{| <{SPACE}p> "q" |}} .\n'},
        "a.ttl",
        2,
    ),
    Fault(
        "base-direction",
        "rdf-1.2",
        {"a.nt": f'{GOOD}<{SPACE}id/a> <{LABEL}> "A"@ar--rtl .\n'},
        "a.nt",
        2,
    ),
    Fault(
        "context-json", "context", {"ontology/context.jsonld": '{"@context": {\n"a": }}'}, "ontology/context.jsonld", 2
    ),
    Fault("context-absent", "context", {"a.ttl": GOOD, "ontology/context.jsonld": "[]"}, "ontology/context.jsonld"),
    Fault(
        "context-remote",
        "context",
        {"ontology/context.jsonld": '{"@context": {"@version": 1.1, "@import": "http://x.example.net/c"}}'},
        "ontology/context.jsonld",
    ),
    Fault(
        "context-wrong",
        "context",
        {"ontology/context.jsonld": '{"@context": {"a": {"@id": 7}}}'},
        "ontology/context.jsonld",
    ),
    Fault("n-triples-syntax", "syntax", {"a.nt": GOOD + "gibberish\n"}, "a.nt", 2, "gibberish"),
    Fault(
        "n-quads-syntax",
        "syntax",
        {"a.nq": GOOD + GOOD.replace(" .", " <http://g.example.net/> <http://h.example.net/> .")},
        "a.nq",
        2,
    ),
    Fault("trig-syntax", "syntax", {"a.trig": "<http://g.example.net/> {\n" + GOOD + "} }\n"}, "a.trig", 3),
    Fault("xml-not-well-formed", "syntax", {"a.rdf": f"<rdf:RDF {RDF_XML}>\n<rdf:Description></rdf:RDF>"}, "a.rdf", 2),
    Fault(
        "json-syntax",
        "syntax",
        {"a.jsonld": '{"@id": "http://x.example.net/a",\n"http://x.example.net/p": }'},
        "a.jsonld",
        2,
    ),
    Fault("empty-json", "syntax", {"a.jsonld": ""}, "a.jsonld", 1),
    Fault("latin-1", "encoding", {"a.ttl": (GOOD + labelled("b", "é")).encode("latin-1")}, "a.ttl", 2),
    Fault("utf-16", "encoding", {"a.ttl": GOOD.encode("utf-16")}, "a.ttl", 1),
    Fault(
        "xml-says-latin-1",
        "encoding",
        {"a.rdf": f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<rdf:RDF {RDF_XML}/>'},
        "a.rdf",
        1,
    ),
    Fault(
        "space-in-iri",
        "invalid-iri",
        {"a.ttl": GOOD + '<http://x.example.net/a b> <http://x.example.net/p> "c" .\n'},
        "a.ttl",
        2,
    ),
    Fault(
        "invalid-iri-json",
        "invalid-iri",
        {
            "a.jsonld": '{"@id": "http://x.example.net/a",\n"http://x.example.net/p": {"@id": "http://x.example.net/a b"}}'
        },
        "a.jsonld",
        2,
    ),
    Fault(
        "relative-iri",
        "relative-iri",
        {"a.ttl": GOOD + '<a> <http://x.example.net/p> "c" .\n'},
        "a.ttl",
        2,
        '<a> <http://x.example.net/p> "c" .',
    ),
    Fault(
        "relative-iri-json",
        "relative-iri",
        {"a.jsonld": '{\n"@id": "a", "http://x.example.net/p": "b"}'},
        "a.jsonld",
        2,
        "a",
    ),
    Fault(
        "relative-iri-xml",
        "relative-iri",
        {
            "a.rdf": f'<rdf:RDF {RDF_XML}>\n<rdf:Description rdf:about="a"><rdf:value>b</rdf:value></rdf:Description></rdf:RDF>'
        },
        "a.rdf",
        2,
    ),
    Fault(
        "unknown-prefix",
        "unknown-prefix",
        {"a.ttl": GOOD + '\nx:a <http://x.example.net/p> "c" .\n'},
        "a.ttl",
        3,
        'x:a <http://x.example.net/p> "c" .',
    ),
    Fault(
        "schema-org-mix",
        "schema-org-mix",
        {
            "a.ttl": GOOD
            + f'<{SPACE}id/good> <https://schema.org/name> "a" ; <https://schema.org/url> <http://x.example.net/> .\n',
            "b.ttl": f'\n<{SPACE}id/good> <http://schema.org/name> "b" .\n',
        },
        "b.ttl",
        2,
        "http://schema.org/name",
    ),
    Fault(
        "link-out-of-the-folder",
        "link",
        {"a.ttl": GOOD},
        "b.ttl",
        value="../outside.ttl",
        prepare=link("b.ttl", "../outside.ttl"),
    ),
    Fault("linked-folder-outside", "link", {"a.ttl": GOOD}, "b", value="..", prepare=link("b", "..")),
    Fault("link-in-a-circle", "link", {"a.ttl": GOOD}, "b.ttl", prepare=link("b.ttl", "b.ttl")),
    Fault("entity-bomb", "dtd", {"a.rdf": BOMB}, "a.rdf", 2),
    Fault(
        "external-entity", "dtd", {"a.rdf": BOMB.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/hostname"')}, "a.rdf", 2
    ),
    Fault("gzip-bomb", "gzip-bomb", file="a.nt.gz", prepare=gzip_bomb),
    Fault("not-gzip", "gzip", {"a.nt.gz": GOOD}, "a.nt.gz"),
    Fault(
        "truncated-gzip",
        "gzip",
        {"a.nt.gz": gzip.compress(GOOD.encode())[:-6], "b.ttl": f'<{SPACE}id/b> <http://x.example.net/p> "c" .'},
        "a.nt.gz",
    ),
    Fault("damaged-gzip", "gzip", {"a.nt.gz": gzip.compress(GOOD.encode() * 99)[:30] + b"\xff" * 40}, "a.nt.gz"),
    Fault(
        "remote-context",
        "remote-context",
        {"a.jsonld": '{\n"@context": "https://schema.org/", "@id": "http://x.example.net/a", "name": "b"}'},
        "a.jsonld",
        2,
    ),
    Fault("file-name-in-latin-1", "file-name", {"a.ttl": GOOD}, "caf\\xe9.ttl", prepare=name_in_latin_1),
    Fault(
        "uri-space-without-slash",
        "uri-space",
        {"a.ttl": GOOD, "catalog.ttl": catalog().replace(f'"{SPACE}"', '"http://data.example.org"')},
        "catalog.ttl",
    ),
    Fault(
        "broken-catalogue",
        "unknown-prefix",
        {"a.ttl": GOOD, "catalog.ttl": catalog() + "x:y x:z x:w .\n"},
        "catalog.ttl",
        6,
    ),
    Fault(
        "rule-is-not-sparql",
        "rule",
        {"a.ttl": GOOD, "ontology/rules/r.rq": "CONSTRUCT {\n?s ?p"},
        "ontology/rules/r.rq",
    ),
    Fault(
        "rule-is-no-construct",
        "rule",
        {"a.ttl": GOOD, "ontology/rules/r.rq": "SELECT * { ?s ?p ?o }"},
        "ontology/rules/r.rq",
    ),
    Fault(
        "rule-calls-a-service",
        "rule",
        {
            "a.ttl": GOOD,
            "ontology/rules/r.rq": "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <http://x.example.net/> { ?s ?p ?o } }",
        },
        "ontology/rules/r.rq",
    ),
    Fault(
        "shapes-import",
        "shape",
        {
            "a.ttl": GOOD,
            "shapes/s.ttl": SHAPES
            + f"<{SPACE}shapes/> <http://www.w3.org/2002/07/owl#imports> <http://x.example.net/> .\n",
        },
        "shapes/s.ttl",
        7,
        iri=f"{SPACE}shapes/",
    ),
    Fault(
        "shape-calls-a-service",
        "shape",
        {
            "a.ttl": GOOD,
            "shapes/s.ttl": SHAPES
            + f'<{SPACE}shapes/Thing> sh:sparql [\n sh:select "SELECT $this {{ SERVICE <http://x.example.net/> {{ $this ?p ?o }} }}" ] .\n',
        },
        "shapes/s.ttl",
        iri=f"{SPACE}shapes/Thing",
    ),
    Fault(
        "shape-violation",
        "shacl",
        {"a.ttl": labelled("a", "Un") + f"<{SPACE}id/a> <https://schema.org/position> 0 .\n", "shapes/s.ttl": SHAPES},
        "a.ttl",
        2,
        "0",
        f"{SPACE}id/a",
        "Un",
    ),
    Fault(
        "two-values-in-one-file",
        "shacl",
        {
            "a.ttl": labelled("a", "Un") + f'<{SPACE}id/a> <https://schema.org/name> "X", "Y" .\n',
            "shapes/s.ttl": SHAPES,
        },
        "a.ttl",
        2,
        iri=f"{SPACE}id/a",
        label="Un",
    ),
    Fault(
        "files-contradict-each-other",
        "contradiction",
        {
            "a.ttl": labelled("a", "Un") + f'<{SPACE}id/a> <https://schema.org/name> "X" .\n',
            "b.ttl": f'\n<{SPACE}id/a> <https://schema.org/name> "Y" .\n',
            "shapes/s.ttl": SHAPES,
        },
        "a.ttl",
        2,
        iri=f"{SPACE}id/a",
        label="Un",
    ),
)
STRICT_FAULTS = (
    Fault(
        "blank-node",
        "blank-node",
        {"a.ttl": GOOD + f'<{SPACE}id/good> <https://schema.org/about>\n [ <{LABEL}> "x" ] .\n'},
        "a.ttl",
        3,
    ),
    Fault("blank-subject", "blank-node", {"a.nt": GOOD + f'_:b <{LABEL}> "x" .\n'}, "a.nt", 2),
    Fault(
        "misspelt-schema-org-property",
        "unknown-term",
        {"a.ttl": labelled("a", "Un") + f'<{SPACE}id/a> <https://schema.org/nmae> "x" .\n'},
        "a.ttl",
        2,
        "https://schema.org/nmae",
    ),
    Fault(
        "misspelt-schema-org-class",
        "unknown-term",
        {"a.ttl": labelled("a", "Un") + f"<{SPACE}id/a> a\n <https://schema.org/Chpater> .\n"},
        "a.ttl",
        3,
        "https://schema.org/Chpater",
    ),
    Fault(
        "misspelt-own-term",
        "unknown-term",
        {"a.ttl": labelled("a", "Un") + f'\n<{SPACE}id/a> <{SPACE}def#Stauts> "x" .\n'},
        "a.ttl",
        3,
        f"{SPACE}def#Stauts",
    ),
    Fault(
        "label-missing",
        "label-missing",
        {"a.ttl": GOOD + f'<{SPACE}id/b> <https://schema.org/position> "1" .\n'},
        "a.ttl",
        2,
        iri=f"{SPACE}id/b",
    ),
    Fault(
        "dangling-iri",
        "dangling-iri",
        {"a.ttl": GOOD + f"<{SPACE}id/good> <https://schema.org/about>\n <{SPACE}id/nowhere> .\n"},
        "a.ttl",
        3,
        iri=f"{SPACE}id/nowhere",
    ),
)
by_name = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
strict_by_name = pytest.mark.parametrize("fault", STRICT_FAULTS, ids=lambda fault: fault.name)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A folder with a live release."""
    build_into(tmp_path / "releases", write(tmp_path / "before", {"catalog.ttl": catalog(), "a.ttl": GOOD}))
    return tmp_path / "releases"


def assert_told(fault: Fault, results: list[dict[str, object]]) -> None:
    """Assert that the fault's violation is there with all that mends it."""
    found = [result for result in results if result["rule"] == fault.rule and result["severity"] == "violation"]
    assert found, results
    first = found[0]
    assert (first.get("file"), first.get("line")) == (fault.file, fault.line or first.get("line"))
    assert len(str(first["messages"]["en"]).split()) >= 2  # type: ignore[index]  # a sentence by language
    assert first["remedy"]
    if fault.value is not None:
        assert first["value"] == fault.value
    if fault.iri is not None:
        assert first["iri"] == fault.iri
    if fault.label is not None:
        assert first["label"] == fault.label


def check(fault: Fault, tmp_path: Path, releases: Path, *, strict: bool) -> None:
    source = fault.write(tmp_path / "source", strict=strict)
    before = bytes_of(releases)
    done = command_line("build", source, "--releases", releases, "--json")
    assert done.exit_code == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["conforms"] is False
    assert_told(fault, answer["results"])
    after = bytes_of(releases)
    assert {name: content for name, content in after.items() if name != "lock"} == {
        name: content for name, content in before.items() if name != "lock"
    }
    assert not list(releases.glob(".building-*"))


@by_name
def test_a_fault_stops_the_build_and_leaves_the_live_release(fault: Fault, tmp_path: Path, releases: Path) -> None:
    check(fault, tmp_path, releases, strict=False)


@strict_by_name
def test_a_strict_source_is_held_to_the_rules_of_our_own_data(fault: Fault, tmp_path: Path, releases: Path) -> None:
    check(fault, tmp_path, releases, strict=True)


@strict_by_name
def test_the_rules_of_our_own_data_are_warnings_for_a_foreign_source(fault: Fault, tmp_path: Path) -> None:
    built = build_into(tmp_path / "releases", fault.write(tmp_path / "source", strict=False))
    found = [finding for finding in built.findings if finding.rule == fault.rule]
    assert [finding.severity for finding in found] == [Severity.WARNING]
    assert (found[0].file, found[0].line) == (fault.file, fault.line)
    assert found[0].remedy


def test_a_folder_without_rdf_stops_the_build(tmp_path: Path, releases: Path) -> None:
    source = write(tmp_path / "source", {"readme.md": "nothing here"})
    done = command_line("build", source, "--releases", releases, "--json")
    results = json.loads(done.stdout)["results"]
    assert done.exit_code == 1
    assert [result["rule"] for result in results if result["severity"] == "violation"] == ["no-rdf"]
    assert ".ttl" in results[0]["remedy"]
    assert releases.joinpath("current", "manifest.json").is_file()


def test_contradicting_statements_are_told_with_every_place_and_value(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.rule == "contradiction")
    finding = next(
        f for f in inspected(fault.write(tmp_path / "source", strict=True), tmp_path) if f.rule == "contradiction"
    )
    assert "a.ttl:2" in finding.message("en")
    assert "b.ttl:2" in finding.message("en")
    assert finding.message("fr").startswith("Un seul nom")
    assert {"X", "Y"} <= set(str(finding.value).replace('"', " ").replace(",", " ").split())


def test_a_misspelt_term_is_told_with_the_right_spelling(tmp_path: Path) -> None:
    fault = next(fault for fault in STRICT_FAULTS if fault.name == "misspelt-schema-org-property")
    finding = next(
        f for f in inspected(fault.write(tmp_path / "source", strict=True), tmp_path) if f.rule == "unknown-term"
    )
    assert "https://schema.org/name" in finding.remedy


def test_the_report_of_a_forbidden_shape_is_the_same_in_every_run(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "shape-calls-a-service")
    source = fault.write(tmp_path / "source", strict=False)
    first, second = ([finding.as_dict() for finding in inspected(source, tmp_path)] for _ in range(2))
    assert first == second


def test_every_syntax_error_of_every_file_is_reported_in_one_run(tmp_path: Path) -> None:
    wrong = '<a> <http://x.example.net/p> "c" .\n'
    source = write(
        tmp_path / "source",
        {
            "a.ttl": wrong + GOOD + wrong + "x:y x:z x:w .\n" + GOOD,
            "b.nt": GOOD + "gibberish\n" + GOOD + "gibberish\n",
            "c.ttl": "\xff",
        },
    )
    places = {(f.file, f.line, f.rule) for f in inspected(source, tmp_path) if f.severity is Severity.VIOLATION}
    assert places >= {
        ("a.ttl", 1, "relative-iri"),
        ("a.ttl", 3, "relative-iri"),
        ("a.ttl", 4, "unknown-prefix"),
        ("b.nt", 2, "syntax"),
        ("b.nt", 4, "syntax"),
    }
    assert any(file == "c.ttl" for file, _, _ in places)


def test_validate_and_build_tell_the_same(tmp_path: Path) -> None:
    every = {f"{fault.name}/{name}": content for fault in STRICT_FAULTS for name, content in fault.files.items()}
    source = write(tmp_path / "source", {"catalog.ttl": catalog(strict=True), **every, "broken.ttl": "x:a x:b x:c .\n"})
    validated = command_line("validate", source, "--json")
    built = command_line("build", source, "--releases", tmp_path / "releases", "--json")
    assert (validated.exit_code, built.exit_code) == (1, 1)
    told = [result for result in json.loads(validated.stdout)["results"] if result["severity"] != "info"]
    assert told == [result for result in json.loads(built.stdout)["results"] if result["severity"] != "info"]
    assert {result["rule"] for result in told} >= {"blank-node", "label-missing", "unknown-term", "unknown-prefix"}


def test_validate_in_words_names_place_resource_property_value_and_cure(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "shape-violation")
    done = run("validate", fault.write(tmp_path / "source", strict=False))
    assert done.returncode == 1
    assert done.stdout == ""
    for words in (
        "a.ttl:2",
        "Count from 1.",
        "Un <http://data.example.org/id/a>",
        "https://schema.org/position",
        "value:",
        "to mend:",
    ):
        assert words in done.stderr


def test_validate_speaks_the_language_of_the_terminal(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "shape-violation")
    done = run("validate", fault.write(tmp_path / "source", strict=False), LC_ALL="fr_FR.UTF-8")
    assert "On compte à partir de 1." in done.stderr


def test_strict_validation_fails_on_warnings(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": b"\xef\xbb\xbf" + GOOD.encode()})
    assert command_line("validate", source).exit_code == 0
    assert command_line("validate", source, "--strict").exit_code == 1


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be somebody whom file permissions bind: root becomes nobody for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["closed.ttl", "closed"])
def test_what_cannot_be_read_stops_the_build(name: str, tmp_path: Path) -> None:
    inspected(write(tmp_path / "warm", {"a.ttl": GOOD}), tmp_path)  # every module is loaded before rights are given up
    with tempfile.TemporaryDirectory() as place:
        source = write(Path(place) / "source", {"catalog.ttl": catalog(), "closed.ttl": GOOD, "closed/b.ttl": GOOD})
        if os.geteuid() == 0:
            for path in (Path(place), *Path(place).rglob("*")):
                shutil.chown(path, 65534, 65534)
        (source / name).chmod(0)
        try:
            with ordinary_user():
                findings = inspected(source, Path(place))
        finally:
            (source / name).chmod(0o700)
    finding = next(f for f in findings if f.rule == "unreadable")
    assert (finding.severity, finding.file) == (Severity.VIOLATION, name)
    assert finding.remedy


def inspected(source: Path, work: Path) -> list[Finding]:
    with tempfile.TemporaryDirectory(dir=work) as folder:
        return inspect(source, Path(folder), Silent()).findings


def test_rules_that_do_not_come_to_rest_stop_the_build(tmp_path: Path, releases: Path) -> None:
    counting = f"""CONSTRUCT {{ ?s <http://x.example.net/n> ?n }} WHERE {{ ?s <{LABEL}> ?l
      OPTIONAL {{ SELECT ?s (MAX(?k) AS ?m) WHERE {{ ?s <http://x.example.net/n> ?k }} GROUP BY ?s }} BIND(COALESCE(?m, 0) + 1 AS ?n) }}"""
    source = write(tmp_path / "small", {"a.ttl": GOOD, "ontology/rules/r.rq": counting})
    live = os.readlink(releases / "current")
    with pytest.raises(SourceInvalid) as caught:
        build_into(releases, source)
    assert caught.value.findings[0].rule == "rule"
    assert os.readlink(releases / "current") == live
    assert not list(releases.glob(".building-*"))
