"""A release: its identities, what it holds, how it takes the place of the one before, and what is kept of both."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import IO

import pyoxigraph as ox
import pytest

from release.building import (
    FORMATS,
    GOOD,
    LABEL,
    LOCAL,
    PUBLIC,
    SPACE,
    assert_served_release_is_whole,
    assert_whole,
    build_into,
    bytes_of,
    catalog,
    labelled,
    rules_of,
    triples_of,
    write,
)
from solnum_ld.errors import NoRelease, ReleaseError, SettingsError, SourceInvalid
from solnum_ld.findings import Finding, Severity
from solnum_ld.iris import Names
from solnum_ld.release.dumps import default_formats
from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.release.report import write_report
from solnum_ld.store.index import NAME as INDEX
from solnum_ld.store.index import ReleaseIndex

WITHDRAWAL = f'<{SPACE}id/b> a <https://w3id.org/solnum/def#Withdrawal> ; <{LABEL}> "Retiré"@fr ; <https://w3id.org/solnum/def#withdrawnOn> "2026-01-01"^^<http://www.w3.org/2001/XMLSchema#date> .\n'
RULE = "CONSTRUCT {{ ?s <http://x.example.net/derived> '{0}' }} WHERE {{ ?s <http://www.w3.org/2000/01/rdf-schema#label> ?l }}"
TRICKY = f"""\
<{SPACE}id/a> <{LABEL}> "A"@fr ; <http://x.example.net/p> "a\\r\\nb\\tc & <d> ]]> \\u0085 é \\U0001F600"@en, " x ", "", "01"^^<http://www.w3.org/2001/XMLSchema#integer>,
  "<{SPACE}id/z>", "q \\" <{SPACE}id/z> \\" q", <http://q.example.net/?a=b&c=d> , [ <http://x.example.net/q> [ <http://x.example.net/r> 1, 2.50, true ] ], ( 1 2 ) .
"""


def source_at(folder: Path, **more: str) -> Path:
    files = {
        "catalog.ttl": catalog(),
        "a.ttl": GOOD,
        "b/tricky.ttl": TRICKY,
        "r.rdf": RDF_XML,
        "j.jsonld": JSON_LD,
        "g.trig": GRAPH,
        "ontology/rules/r.rq": RULE.format("1"),
    }
    return write(folder, {**files, **more})


RDF_XML = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x.example.net/">
<rdf:Description rdf:about="{SPACE}id/x"><x:k rdf:parseType="Resource"><x:l>1</x:l><x:m rdf:parseType="Resource"><x:l>2</x:l></x:m></x:k></rdf:Description></rdf:RDF>"""
JSON_LD = f'{{"@id": "{SPACE}id/j", "http://x.example.net/z": {{"http://x.example.net/y": [{{"http://x.example.net/w": 1}}, {{"http://x.example.net/w": 2}}]}}}}'
GRAPH = f"<{SPACE}graph/own> {{ <{SPACE}id/t> <http://x.example.net/p> [ <http://x.example.net/q> _:c ] }}"


# -- identities and reproducibility ------------------------------------------------------------------------------------


def test_builds_in_other_folders_at_other_times_are_byte_for_byte_the_same(tmp_path: Path) -> None:
    one = source_at(tmp_path / "here" / "source")
    two = tmp_path / "somewhere else" / "another name"
    two.mkdir(parents=True)
    for path in sorted(one.rglob("*"), reverse=True):  # another order on disk, other times
        if path.is_file():
            (two / path.relative_to(one)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, two / path.relative_to(one))
            os.utime(two / path.relative_to(one), (1, 1))
    first = build_into(tmp_path / "r1", one).release
    second = build_into(tmp_path / "r2", two).release
    assert first.id == second.id
    for name in ("dumps", "validation", "ontology"):
        assert bytes_of(first.path / name) == bytes_of(second.path / name), name
    for name in ("manifest.json", "records.tsv", "statistics.json"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes(), name
    assert_whole(first.path)


def test_blank_nodes_have_the_same_labels_in_a_forced_rebuild(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    first = build_into(tmp_path / "releases", source).release
    quads = (first.path / "dumps/dataset.nq").read_bytes()
    assert b"_:" in quads
    shutil.rmtree(first.path)
    assert (
        build_into(tmp_path / "releases", source, force=True).release.path / "dumps/dataset.nq"
    ).read_bytes() == quads


def test_blank_nodes_of_two_files_are_never_one(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a.nt": f'_:x <{LABEL}> "a" .\n', "b.nt": f'_:x <{LABEL}> "b" .\n'})
    stated = triples_of(build_into(tmp_path / "releases", source).release.path / "dumps/dataset.nt")
    assert len({triple.subject for triple in stated}) == 2


def test_content_is_the_same_for_every_base_and_the_release_is_not(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    here = build_into(tmp_path / "r1", source).release.manifest
    there = build_into(tmp_path / "r2", source, "http://localhost:9000/").release.manifest
    assert here.content == there.content
    assert here.release != there.release


@pytest.mark.parametrize(
    "change",
    [
        {"a.ttl": GOOD + labelled("new")},
        {"renamed.ttl": GOOD},
        {"ontology/rules/r.rq": RULE.format("2")},
        {"ontology/rules/second.rq": RULE.format("second")},
        {"ontology/releases/1.0.0/v.ttl": GOOD},
        {"ontology/context.jsonld": '{"@context": {}}'},
    ],
    ids=["data", "graph", "rule", "another rule", "frozen vocabulary", "context"],
)
def test_a_change_of_any_part_of_the_source_gives_another_release(change: dict[str, str], tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    first = build_into(tmp_path / "releases", source).release
    write(source, change)
    second = build_into(tmp_path / "releases", source).release
    assert first.id != second.id
    assert assert_served_release_is_whole(tmp_path / "releases") == second.id


def test_a_changed_rule_changes_what_is_derived(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    build_into(tmp_path / "releases", source)
    write(source, {"ontology/rules/r.rq": RULE.format("2")})
    stated = triples_of(build_into(tmp_path / "releases", source).release.path / "dumps/dataset.nt")
    assert {t.object.value for t in stated if t.predicate.value.endswith("derived")} == {"2"}


def test_a_second_build_with_nothing_changed_does_nothing(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    first = build_into(tmp_path / "releases", source)
    before = bytes_of(tmp_path / "releases")
    second = build_into(tmp_path / "releases", source)
    assert (first.fresh, second.fresh) == (True, False)
    assert second.release.id == first.release.id
    assert bytes_of(tmp_path / "releases") == before


def test_a_source_that_goes_back_gives_the_release_it_had(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source")
    first = build_into(tmp_path / "releases", source).release.id
    write(source, {"a.ttl": GOOD + labelled("new")})
    assert build_into(tmp_path / "releases", source).release.id != first
    write(source, {"a.ttl": GOOD})
    assert build_into(tmp_path / "releases", source).release.id == first
    assert assert_served_release_is_whole(tmp_path / "releases") == first


def test_a_release_does_not_depend_on_what_was_live_before(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD + labelled("b")})
    build_into(tmp_path / "used", source)
    write(source, {"a.ttl": GOOD})
    after, alone = (build_into(tmp_path / name, source).release for name in ("used", "fresh"))
    assert after.id == alone.id
    for name in ("manifest.json", "dumps/dataset.nq", "records.tsv", "statistics.json"):
        assert (after.path / name).read_bytes() == (alone.path / name).read_bytes(), name


# -- dumps and report --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_dump_states_the_same_triples(suffix: str, tmp_path: Path) -> None:
    release = build_into(tmp_path / "releases", source_at(tmp_path / "source")).release
    assert {dump.name for dump in release.manifest.dumps} == {f"dataset.{name}" for name in FORMATS}
    expected = triples_of(release.path / "dumps/dataset.nt")
    assert len(expected) == release.manifest.counts["triples"]
    got = triples_of(release.path / "dumps" / f"dataset.{suffix}")
    labels = not any(isinstance(term, ox.BlankNode) for triple in expected ^ got for term in triple)
    assert got == expected if labels else canonical(got) == canonical(expected)


def canonical(triples: set[ox.Triple]) -> ox.Dataset:
    dataset = ox.Dataset(ox.Quad(*triple) for triple in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def test_the_dump_holds_source_and_derived_triples_and_no_catalogue(tmp_path: Path) -> None:
    release = build_into(tmp_path / "releases", source_at(tmp_path / "source")).release
    graphs = {
        quad.graph_name.value
        for quad in ox.parse(path=str(release.path / "dumps/dataset.nq"), format=ox.RdfFormat.N_QUADS)
    }
    assert f"{LOCAL}graph/derived" in graphs
    assert f"{LOCAL}graph/catalogue" not in graphs
    assert release.manifest.counts["derived"] == 2


def test_rdfxml_is_left_out_where_it_cannot_say_a_property(tmp_path: Path) -> None:
    source = source_at(tmp_path / "source", **{"odd.nt": f'<{SPACE}id/a> <http://x.example.net/1> "x" .\n'})
    release = build_into(tmp_path / "releases", source).release
    assert {dump.name.rpartition(".")[2] for dump in release.manifest.dumps} == set(FORMATS) - {"rdf"}
    assert_whole(release.path)


def test_only_the_dumps_that_are_asked_for_are_written(tmp_path: Path) -> None:
    release = build_into(tmp_path / "releases", source_at(tmp_path / "source"), dumps=("nq", "ttl")).release
    assert set(os.listdir(release.path / "dumps")) == {
        *("dataset.nq", "dataset.nq.gz", "dataset.ttl", "dataset.ttl.gz", "SHA256SUMS")
    }


def test_a_large_release_has_two_dumps_by_default() -> None:
    assert [form.suffix for form in default_formats(1_000_000)] == ["nq", "ttl", "nt", "jsonld", "rdf"]
    assert [form.suffix for form in default_formats(1_000_001)] == ["nq", "ttl"]


def test_the_validation_report_says_the_same_as_rdf_json_and_text(tmp_path: Path) -> None:
    findings = [
        Finding(
            Severity.WARNING,
            "label-missing",
            {"en": "No label.", "fr": "Sans nom."},
            "Name it.",
            file="a.ttl",
            line=3,
            iri=f"{SPACE}id/a",
            value="v",
        ),
        Finding(Severity.INFO, "default", {"en": "No title."}),
    ]
    write_report(tmp_path, findings, f"{LOCAL}validation")
    text = (tmp_path / "report.txt").read_text("utf-8")
    data = json.loads((tmp_path / "report.json").read_text("utf-8"))
    store = ox.Store()
    store.load(path=str(tmp_path / "report.ttl"))
    rows = list(
        store.query(
            "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?severity ?focus ?message { [] sh:result ?r . ?r sh:resultSeverity ?severity ; sh:resultMessage ?message OPTIONAL { ?r sh:focusNode ?focus } }"
        )
    )  # type: ignore[arg-type]
    assert data["conforms"] is True
    assert [result["messages"]["en"] for result in data["results"]] == ["No label.", "No title."]
    assert {row["message"].value for row in rows} == {"No label.", "Sans nom.", "No title."}
    assert {row["severity"].value.rpartition("#")[2] for row in rows} == {"Warning", "Info"}
    assert [row["focus"].value for row in rows if row["focus"] and row["message"].language == "fr"] == [f"{SPACE}id/a"]
    assert store.query("PREFIX sh: <http://www.w3.org/ns/shacl#> ASK { ?r a sh:ValidationReport ; sh:conforms true }")
    assert "a.ttl:3: warning: No label." in text
    assert "Name it." in text


# -- rebase ------------------------------------------------------------------------------------------------------------

NAMED = f"""\
<{SPACE}id/a> <{SPACE}p> <{SPACE}id/b> <{SPACE}graph/g> .
<{SPACE}id/a> <{SPACE}def#Kind> <{SPACE}def> <{SPACE}def/g> .
<{SPACE}def#Kind> <{SPACE}shapes/P> <{SPACE}definition> <{SPACE}shapes/G> .
<{SPACE}id/a> <http://x.example.net/p> "<{SPACE}id/a>" .
<{SPACE}id/a> <http://x.example.net/p> "say \\"<{SPACE}id/a>\\" {SPACE}id/a"@en .
<{SPACE}id/a> <http://x.example.net/p> "{SPACE}id/a"^^<http://www.w3.org/2001/XMLSchema#anyURI> .
<{SPACE}id/a> <http://x.example.net/p> "x"^^<{SPACE}def#Datatype> .
<http://data.example.org:80/id/a> <http://x.example.net/p> <http://other.example.net/?u={SPACE}id/a> .
"""


def test_rebase_names_what_lies_under_the_space_and_keeps_vocabulary_shapes_and_literals(tmp_path: Path) -> None:
    built = build_into(
        tmp_path / "releases",
        write(tmp_path / "source", {"catalog.ttl": catalog(), "a.nq": NAMED}),
        PUBLIC,
        contact="a@b.example",
    )
    lines = set((built.release.path / "dumps/dataset.nq").read_text("utf-8").splitlines())
    own = f"<{PUBLIC}graph/a> ."
    assert lines >= {
        f"<{PUBLIC}id/a> <{PUBLIC}p> <{PUBLIC}id/b> <{PUBLIC}graph/g> .",
        f"<{PUBLIC}id/a> <{SPACE}def#Kind> <{SPACE}def> <{SPACE}def/g> .",
        f"<{SPACE}def#Kind> <{SPACE}shapes/P> <{PUBLIC}definition> <{SPACE}shapes/G> .",
        f'<{PUBLIC}id/a> <http://x.example.net/p> "<{SPACE}id/a>" {own}',
        f'<{PUBLIC}id/a> <http://x.example.net/p> "say \\"<{SPACE}id/a>\\" {SPACE}id/a"@en {own}',
        f'<{PUBLIC}id/a> <http://x.example.net/p> "{SPACE}id/a"^^<http://www.w3.org/2001/XMLSchema#anyURI> {own}',
        f'<{PUBLIC}id/a> <http://x.example.net/p> "x"^^<{SPACE}def#Datatype> {own}',
        f"<http://data.example.org:80/id/a> <http://x.example.net/p> <http://other.example.net/?u={SPACE}id/a> {own}",
    }


def test_the_datatype_of_a_literal_keeps_its_name(tmp_path: Path) -> None:
    literal = f'"x"^^<{SPACE}datatype/code>'
    source = write(
        tmp_path / "source", {"catalog.ttl": catalog(), "a.nt": f"<{SPACE}id/a> <http://x.example.net/p> {literal} .\n"}
    )
    assert literal in (build_into(tmp_path / "releases", source).release.path / "dumps/dataset.nt").read_text("utf-8")


@pytest.mark.parametrize(
    "iri", ["id/a", "p", "def", "def#K", "def/x", "definition", "shapes", "shapes/S", "shapesque", "graph/g", ""]
)
def test_lines_are_rebased_as_single_names_are(iri: str, tmp_path: Path) -> None:
    names = Names(SPACE, LOCAL, LOCAL)
    source = write(
        tmp_path / "source", {"catalog.ttl": catalog(), "a.nt": f'<{SPACE}{iri}> <http://x.example.net/marked> "x" .\n'}
    )
    stated = triples_of(build_into(tmp_path / "releases", source).release.path / "dumps/dataset.nt")
    assert [t.subject.value for t in stated if t.predicate.value.endswith("marked")] == [names.rebase(SPACE + iri)]


# -- what must not happen in silence --------------------------------------------------------------------------------------


def test_what_lies_under_the_base_already_keeps_its_name_without_a_declaration(tmp_path: Path) -> None:
    base = "https://birds.example.org/"
    birds = f"""<{base}id/a> <{LABEL}> "A"@fr ; <http://x.example.net/p> <{base}a> .
<{base}id/b> <{LABEL}> "B"@fr ."""
    source = write(tmp_path / "source", {"a.ttl": birds})
    built = build_into(tmp_path / "releases", source, base, contact="a@b.example")
    assert built.release.manifest.space == base
    stated = {term.value for triple in triples_of(built.release.path / "dumps/dataset.nt") for term in triple}
    assert {f"{base}id/a", f"{base}id/b", f"{base}a"} <= stated
    said = next(finding for finding in built.findings if "void:uriSpace" in finding.message("en"))
    assert said.message("en").endswith(f"the IRIs under {base} are taken as its own, and published under {base}.")
    assert said.message("fr").endswith(f"et publiés sous {base}.")


def test_two_things_do_not_become_one_by_their_new_names(tmp_path: Path) -> None:
    both = f'{GOOD}<{SPACE}id/b> <{LABEL}> "B"@fr ; <http://x.example.net/p> <{LOCAL}id/good> , <{LOCAL}id/other> .\n'
    source = write(tmp_path / "source", {"a.ttl": both.replace("good", "dataset/good").replace("id/", "")})
    with pytest.raises(SourceInvalid) as caught:
        build_into(tmp_path / "releases", source)
    merged = [(f.rule, f.iri, f.file, f.line) for f in caught.value.findings if f.severity is Severity.VIOLATION]
    assert merged == [("merged", f"{LOCAL}dataset/good", "a.ttl", 2)]
    write(source, {"catalog.ttl": catalog(), "a.ttl": both})
    told = [f for f in build_into(tmp_path / "releases", source).findings if f.rule == "merged"]
    assert [(f.severity, f.iri) for f in told] == [(Severity.WARNING, f"{LOCAL}id/good")]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A source of two things, published for a public base."""
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD + labelled("b")})
    build_into(tmp_path / "public", source, PUBLIC, contact="a@b.example")
    build_into(tmp_path / "local", source)
    return source


def test_a_public_base_needs_a_contact(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a.ttl": GOOD})
    with pytest.raises(SettingsError, match="--contact"):
        build_into(tmp_path / "releases", source, PUBLIC)
    assert not (tmp_path / "releases").exists()
    assert build_into(tmp_path / "releases", source, PUBLIC, contact="a@b.example").fresh


def test_content_that_changes_under_one_version_warns(published: Path, tmp_path: Path) -> None:
    write(published, {"a.ttl": GOOD + labelled("b") + labelled("c")})
    assert ("warning", "version") in rules_of(build_into(tmp_path / "local", published).findings)


def test_content_that_changes_under_one_version_is_refused_for_a_public_base(published: Path, tmp_path: Path) -> None:
    write(published, {"a.ttl": GOOD + labelled("b") + labelled("c")})
    live = assert_served_release_is_whole(tmp_path / "public")
    with pytest.raises(SourceInvalid) as caught:
        build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example")
    assert ("violation", "version") in rules_of(caught.value.findings)
    assert any("--accept-changes" in f.remedy for f in caught.value.findings)
    assert assert_served_release_is_whole(tmp_path / "public") == live
    accepted = build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example", accept_changes=True)
    assert ("warning", "version") in rules_of(accepted.findings)


def test_a_new_version_lets_content_change(published: Path, tmp_path: Path) -> None:
    write(published, {"catalog.ttl": catalog(version="1.1"), "a.ttl": GOOD + labelled("b") + labelled("c")})
    built = build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example")
    assert not {rule for _, rule in rules_of(built.findings)} & {"version", "vanished"}


def test_an_iri_that_vanishes_warns(published: Path, tmp_path: Path) -> None:
    write(published, {"catalog.ttl": catalog(version="1.1"), "a.ttl": GOOD})
    found = [f for f in build_into(tmp_path / "local", published).findings if f.rule == "vanished"]
    assert [(f.severity, f.iri) for f in found] == [("warning", f"{LOCAL}id/b")]
    assert "withdrawal" in found[0].remedy


def test_an_iri_that_vanishes_is_refused_for_a_public_base(published: Path, tmp_path: Path) -> None:
    write(published, {"catalog.ttl": catalog(version="1.1"), "a.ttl": GOOD})
    with pytest.raises(SourceInvalid) as caught:
        build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example")
    assert [f.iri for f in caught.value.findings if f.rule == "vanished"] == [f"{PUBLIC}id/b"]
    assert build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example", accept_changes=True).fresh


def test_a_declared_withdrawal_is_no_vanishing(published: Path, tmp_path: Path) -> None:
    write(published, {"catalog.ttl": catalog(version="1.1"), "a.ttl": GOOD + WITHDRAWAL})
    built = build_into(tmp_path / "public", published, PUBLIC, contact="a@b.example")
    assert "vanished" not in {rule for _, rule in rules_of(built.findings)}
    assert built.release.manifest.counts["withdrawn"] == 1


def test_a_withdrawn_iri_is_gone_in_the_history(published: Path, tmp_path: Path) -> None:
    write(published, {"catalog.ttl": catalog(version="1.1"), "a.ttl": GOOD + WITHDRAWAL})
    build_into(tmp_path / "local", published)
    assert ("gone", f"{LOCAL}id/b") in [(e["event"], e.get("iri")) for e in history(tmp_path / "local")]


def test_the_release_of_another_base_is_not_compared_with(published: Path, tmp_path: Path) -> None:
    try:
        built = build_into(tmp_path / "local", published, "http://localhost:9000/")
    except ReleaseError as refused:
        assert LOCAL in str(refused)
    else:
        assert "vanished" not in {rule for _, rule in rules_of(built.findings)}


def test_a_source_that_begins_to_describe_itself_stays_in_its_folder(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a.ttl": GOOD})
    build_into(tmp_path / "releases", source)
    write(source, {"catalog.ttl": catalog()})
    assert build_into(tmp_path / "releases", source).release.manifest.dataset.version == "1.0"


# -- releases side by side -----------------------------------------------------------------------------------------------


def history(releases: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (releases / "history.jsonl").read_text("utf-8").splitlines()]


def several(tmp_path: Path, count: int, keep: int = 3) -> list[str]:
    source = write(tmp_path / "source", {"catalog.ttl": catalog()})
    return [
        build_into(tmp_path / "releases", write(source, {"a.ttl": labelled("a", f"number {n}")}), keep=keep).release.id
        for n in range(count)
    ]


def test_old_releases_are_pruned_and_the_newest_stay(tmp_path: Path) -> None:
    made = several(tmp_path, 5, keep=2)
    assert [release.id for release in ReleaseFolder(tmp_path / "releases").releases()] == [made[4], made[3]]


def test_a_release_that_is_served_is_never_pruned(tmp_path: Path) -> None:
    made = several(tmp_path, 1)
    folder = ReleaseFolder(tmp_path / "releases")
    source = write(tmp_path / "source", {"a.ttl": GOOD})
    with folder.hold(made[0]):
        for n in range(3):
            build_into(folder.path, write(source, {"a.ttl": labelled("a", f"other {n}")}), keep=1)
        assert assert_whole(folder.path / made[0]) == made[0]
    build_into(folder.path, write(source, {"a.ttl": labelled("a", "last")}), keep=1)
    assert not (folder.path / made[0]).exists()


def test_the_current_release_is_never_pruned(tmp_path: Path) -> None:
    made = several(tmp_path, 3)
    folder = ReleaseFolder(tmp_path / "releases")
    folder.activate(folder.named(made[0]))
    folder.prune(1)
    assert assert_served_release_is_whole(folder.path) == made[0]


def test_a_release_in_a_folder_that_cannot_be_written_is_served_and_not_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = several(tmp_path, 3)
    folder = ReleaseFolder(tmp_path / "releases")

    def no_writing(path: Path, mode: str = "r", *arguments: object, **named: object) -> IO[str]:
        if mode[0] in "aw":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, mode, *arguments, **named)

    opened = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", no_writing)
        held = folder.hold(made[0])
        with pytest.raises(SettingsError, match=r"releases cannot be written: Permission denied\."), folder.exclusive():
            pass
    with held:
        assert folder.prune(1) == [made[1]]
    assert folder.prune(1) == [made[0]]


def test_pruning_that_is_cut_off_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = several(tmp_path, 3)
    folder = ReleaseFolder(tmp_path / "releases")

    def only_the_store(path: Path, *_: object, **__: object) -> None:
        real(Path(path) / "store")
        raise KeyboardInterrupt

    real = shutil.rmtree
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", only_the_store)
        with pytest.raises(KeyboardInterrupt):
            folder.prune(2)
    assert [release.id for release in folder.releases()] == [made[2], made[1]]
    source = write(tmp_path / "source", {"a.ttl": labelled("a", "number 0")})
    assert build_into(folder.path, source).release.id == made[0]
    assert assert_served_release_is_whole(folder.path) == made[0]


def test_going_back_and_forth_between_releases(tmp_path: Path) -> None:
    made = several(tmp_path, 3)
    folder = ReleaseFolder(tmp_path / "releases")
    folder.activate(folder.before_current())
    assert folder.current().id == made[1]
    folder.activate(folder.named(made[2][:6]))
    assert folder.current().id == made[2]
    assert [release for _, release in folder.live_since()] == [*made, made[1], made[2]]
    with pytest.raises(NoRelease, match="no release 'zz'"):
        folder.named("zz")
    with pytest.raises(NoRelease):
        folder.named("")


def test_what_was_rolled_back_does_not_come_back_by_itself(tmp_path: Path) -> None:
    old, new = several(tmp_path, 2)
    source, folder = tmp_path / "source", ReleaseFolder(tmp_path / "releases")
    folder.roll_back(folder.before_current())
    unchanged = build_into(folder.path, source)
    os.utime(source / "a.ttl")  # another fingerprint of the same content
    touched = build_into(folder.path, source)
    assert [(b.release.id, b.fresh, b.held) for b in (unchanged, touched)] == [(old, False, new)] * 2
    write(source, {"a.ttl": labelled("a", "mended")})
    mended = build_into(folder.path, source)
    assert mended.fresh
    assert folder.current().id == mended.release.id not in {old, new}
    write(source, {"a.ttl": labelled("a", "number 1")})
    assert build_into(folder.path, source).held == new


def test_one_goes_forward_to_what_was_rolled_back_by_name_or_by_force(tmp_path: Path) -> None:
    old, new = several(tmp_path, 2)
    source, folder = tmp_path / "source", ReleaseFolder(tmp_path / "releases")
    for forward in (lambda: folder.roll_back(folder.named(new)), lambda: build_into(folder.path, source, force=True)):
        folder.roll_back(folder.named(old))
        forward()
        assert folder.current().id == new
        assert build_into(folder.path, source).held is None
        assert folder.current().id == new


def test_there_is_nothing_to_go_back_to_at_first(tmp_path: Path) -> None:
    several(tmp_path, 1)
    with pytest.raises(NoRelease, match="no earlier release"):
        ReleaseFolder(tmp_path / "releases").before_current()


def test_the_history_says_what_is_new_changed_and_gone(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a.ttl": labelled("a") + labelled("b"), "catalog.ttl": catalog()})
    first = build_into(tmp_path / "releases", source).release.id
    old = history(tmp_path / "releases")
    write(source, {"a.ttl": labelled("a", "autre") + labelled("c")})
    second = build_into(tmp_path / "releases", source).release.id
    entries = history(tmp_path / "releases")
    assert entries[: len(old)] == old
    assert [(e["event"], e.get("iri", e.get("release"))) for e in old] == [
        ("new", f"{LOCAL}dataset/small"),
        ("new", f"{LOCAL}id/a"),
        ("new", f"{LOCAL}id/b"),
        ("live", first),
    ]
    assert [(e["event"], e.get("iri", e.get("release"))) for e in entries[len(old) :]] == [
        ("changed", f"{LOCAL}id/a"),
        ("new", f"{LOCAL}id/c"),
        ("gone", f"{LOCAL}id/b"),
        ("live", second),
    ]
    assert all(len(e["at"]) == len("2026-01-01T00:00:00Z") for e in entries)


def test_a_torn_last_line_of_the_history_is_mended(tmp_path: Path) -> None:
    several(tmp_path, 1)
    path = tmp_path / "releases/history.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at": "2026-01-01T0')
    source = write(tmp_path / "source", {"a.ttl": labelled("a", "more")})
    build_into(tmp_path / "releases", source)
    assert path.read_bytes().startswith(whole)
    assert history(tmp_path / "releases")[-1]["event"] == "live"


def test_a_release_folder_inside_the_source_is_never_read_as_source(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD})
    try:
        first = build_into(source / "releases", source).release
    except (SettingsError, ReleaseError) as refused:
        assert str(source) in str(refused)
    else:
        assert build_into(source / "releases", source, force=True).release.id == first.id


def test_a_folder_that_cannot_hold_releases_is_refused_in_words(tmp_path: Path) -> None:
    write(tmp_path, {"file": "not a folder"})
    with pytest.raises((SettingsError, ReleaseError), match="file"):
        build_into(tmp_path / "file", write(tmp_path / "source", {"a.ttl": GOOD}))


def test_examples_of_a_term_are_its_first_things_with_a_value_in_each_language(tmp_path: Path) -> None:
    lines = [
        f'<{SPACE}id/{n}> a <{SPACE}def#Kind> ; <{LABEL}> "{n}"@fr , "{n}"@en , "a{n}"@en ; <{SPACE}def#next> <{SPACE}id/{n + 1}> .'
        for n in range(1, 6)
    ]
    lines.append(f'[] a <{SPACE}def#Kind> ; <{SPACE}def#only> "of a blank node" .')
    release = build_into(
        tmp_path / "releases", write(tmp_path / "source", {"a.ttl": "\n".join(lines), "catalog.ttl": catalog()})
    )
    index = ReleaseIndex(release.release.path / INDEX)
    assert index.examples(f"{SPACE}def#Kind", is_class=True) == {f"{LOCAL}id/{n}": [] for n in (1, 2, 3)}
    assert index.examples(LABEL, is_class=False) == {f"{LOCAL}id/{n}": [f'"{n}"@en', f'"{n}"@fr'] for n in (1, 2, 3)}
    assert index.examples(f"{SPACE}def#next", is_class=False)[f"{LOCAL}id/1"] == [f"<{LOCAL}id/2>"]
    assert index.examples(f"{SPACE}def#only", is_class=False) == {}
    index.close()
