"""``solnum-ld fmt``: one form for every graph, the same bytes everywhere, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import XSD

from release.building import command_line, write
from solnum_ld.errors import SourceError
from solnum_ld.turtle import comments, format_file, format_turtle
from support import ROOT, run

UNTIDY = '@prefix x: <http://x.example.net/> . @prefix schema: <https://schema.org/> .\nx:b schema:name "B" . x:a x:p x:b, "z"@fr , 3 ; a schema:Book .'

NAMES = st.text("abcXYZ019éà-._~%:#/?()'!,;", min_size=0, max_size=8)
IRIS = st.one_of(
    NAMES.map(lambda name: URIRef("http://x.example.net/" + name)),
    st.sampled_from(
        [
            "https://schema.org/name",
            "https://w3id.org/solnum/def#Section",
            "http://www.wikidata.org/entity/Q90",
            "urn:x:y",
            "https://w3id.org/solnum/id/a.b",
        ]
    ).map(URIRef),
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
LITERALS = st.one_of(
    TEXTS.map(Literal),
    st.tuples(TEXTS, st.sampled_from(["fr", "en", "zh-Hant"])).map(lambda pair: Literal(pair[0], lang=pair[1])),
    st.integers().map(Literal),
    st.booleans().map(Literal),
    st.sampled_from(["01", "+1", "1.0", "1e3", "INF", "x", ""]).flatmap(
        lambda text: st.sampled_from(
            [XSD.integer, XSD.decimal, XSD.double, XSD.boolean, XSD.date, URIRef("http://x.example.net/type")]
        ).map(lambda kind: Literal(text, datatype=kind))
    ),
)
TRIPLES = st.tuples(IRIS, IRIS, st.one_of(IRIS, LITERALS))


def graph_of(triples: list[tuple[URIRef, URIRef, URIRef | Literal]]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add(triple)
    return graph


@given(st.lists(TRIPLES, max_size=8))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_the_form_is_stable_and_keeps_every_statement(triples: list[tuple[URIRef, URIRef, URIRef | Literal]]) -> None:
    text = graph_of(triples).serialize(format="nt")
    once = format_turtle(text)
    assert format_turtle(once) == once
    assert set(Graph().parse(data=once, format="turtle")) == set(Graph().parse(data=text, format="nt"))


@pytest.mark.parametrize(
    "text",
    [
        "<http://x.example.net/a> <http://x.example.net/p> [ <http://x.example.net/q> [ <http://x.example.net/r> 1 ] ] .",
        "<http://x.example.net/a> <http://x.example.net/p> ( 1 ( 2 3 ) <http://x.example.net/b> ) .",
        "<http://x.example.net/a> <http://x.example.net/p> _:b . _:b <http://x.example.net/p> _:c . _:c <http://x.example.net/p> _:b .",
        "<http://x.example.net/a> <http://x.example.net/p> _:b . <http://x.example.net/c> <http://x.example.net/p> _:b . _:b <http://x.example.net/q> 1 .",
    ],
    ids=["nested", "lists", "circle", "shared"],
)
def test_blank_nodes_keep_their_shape(text: str) -> None:
    once = format_turtle(text)
    assert format_turtle(once) == once
    assert isomorphic(Graph().parse(data=once, format="turtle"), Graph().parse(data=text, format="turtle"))
    assert any(isinstance(term, BNode) for triple in Graph().parse(data=once, format="turtle") for term in triple)


def test_the_order_of_statements_does_not_matter() -> None:
    lines = [
        "<http://x.example.net/a> <http://x.example.net/p> 1, 2, 3 .",
        '<http://x.example.net/b> <http://x.example.net/p> "x"@fr .',
        "<http://x.example.net/0> a <http://x.example.net/C> .",
    ]
    assert format_turtle("\n".join(lines)) == format_turtle("\n".join(reversed(lines)))


def test_prefixes_are_those_of_the_table_and_only_those_used() -> None:
    formatted = format_turtle(
        '@prefix other: <https://schema.org/> . @prefix own: <http://own.example.net/> .\nown:a other:name "A" .'
    )
    assert "PREFIX schema: <https://schema.org/>" in formatted
    assert "PREFIX own: <http://own.example.net/>" in formatted
    assert "skos" not in formatted
    assert "other:" not in formatted


def test_no_prefix_is_used_that_is_not_declared() -> None:
    formatted = format_turtle("<http://x.example.net/> <http://x.example.net/0.> <http://x.example.net/:> .")
    assert formatted.startswith("<http://x.example.net/>\n    <http://x.example.net/0.> <http://x.example.net/:> ;")


def test_the_same_bytes_come_under_every_hash_seed(tmp_path: Path) -> None:
    made = set()
    for seed in ("0", "1", "2", "20110"):
        path = tmp_path / f"{seed}.ttl"
        path.write_text(UNTIDY + '\nx:c x:p [ x:q "1" ], [ x:q "2" ] ; x:l ( x:a x:b ) .', "utf-8")
        assert run("fmt", path, PYTHONHASHSEED=seed).returncode == 0
        made.add(path.read_bytes())
    assert len(made) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# a", ["# a"]),
        ("<http://x.example.net/#a> <a:b> '#c' . # yes", ["# yes"]),
        ('<a:a> <a:b> """# no\n"# no""" . #yes\n# too', ["#yes", "# too"]),
        ("<a:a> <a:b> '''it's # no''' .", []),
        ('<a:a> <a:b> "\\"# no" .', []),
        ("<a:a> <a:b> x:a\\#b .", []),
    ],
)
def test_comments_are_told_from_what_only_looks_like_them(text: str, found: list[str]) -> None:
    assert comments(text) == found


def test_a_file_with_comments_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(UNTIDY + "\n# why", "utf-8")
    done = command_line("fmt", path)
    assert done.exit_code == 1
    assert "# why" in done.stderr
    assert "skos:editorialNote" in done.stderr
    assert path.read_text("utf-8") == UNTIDY + "\n# why"
    assert command_line("fmt", "--drop-comments", path).exit_code == 0
    assert "# why" not in path.read_text("utf-8")


def test_check_tells_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(UNTIDY, "utf-8")
    done = command_line("fmt", "--check", tmp_path)
    assert (done.exit_code, done.stdout) == (1, f"not canonical: {path}\n")
    assert path.read_text("utf-8") == UNTIDY
    done = command_line("fmt", tmp_path)
    assert (done.exit_code, done.stdout) == (0, f"formatted: {path}\n")
    done = command_line("fmt", "--check", tmp_path)
    assert (done.exit_code, done.stdout) == (0, "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.ttl"]


@pytest.mark.parametrize(
    "content",
    [
        b"not turtle at all",
        b"<a:a> <a:b> .",
        "<a:a> <a:b> 'é' .".encode("latin-1"),
        "<a:a> <a:b> 'é' .".encode("utf-16"),
    ],
    ids=["words", "syntax", "latin-1", "utf-16"],
)
def test_what_is_not_turtle_is_told_by_name_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path, sound = tmp_path / "a.ttl", tmp_path / "b.ttl"
    path.write_bytes(content)
    sound.write_text(UNTIDY, "utf-8")
    done = command_line("fmt", tmp_path)
    assert done.exit_code == 1
    assert str(path) in done.stderr
    assert path.read_bytes() == content
    assert format_file(sound, check=True)  # the others are done


def test_a_file_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    assert command_line("fmt", tmp_path / "nowhere.ttl").exit_code == 2


def test_a_byte_order_mark_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_bytes(b"\xef\xbb\xbf" + format_turtle(UNTIDY).encode())
    format_file(path, check=False)
    assert path.read_text("utf-8") == format_turtle(UNTIDY)


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(UNTIDY, "utf-8")
    path.chmod(0o640)
    format_file(path, check=False)
    assert path.stat().st_mode & 0o777 == 0o640


def test_frozen_versions_are_passed_over_and_a_parent_of_that_name_is_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "releases" / "source", {"a.ttl": UNTIDY, "ontology/releases/1.0.0/v.ttl": UNTIDY})
    assert command_line("fmt", folder).exit_code == 0
    assert format_file(folder / "a.ttl", check=True)
    assert (folder / "ontology/releases/1.0.0/v.ttl").read_text("utf-8") == UNTIDY


@pytest.mark.parametrize("text", ["", " ", "@prefix x: <http://x.example.net/> ."])
def test_a_file_without_statements_has_a_stable_form(text: str) -> None:
    assert format_turtle(format_turtle(text)) == format_turtle(text)


def test_a_syntax_error_is_one_sentence() -> None:
    with pytest.raises(SourceError) as caught:
        format_turtle("<a:a> <a:b>")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["ontology", "shapes"])
def test_our_own_files_are_in_canonical_form(folder: str) -> None:
    done = command_line("fmt", "--check", ROOT / folder)
    assert done.exit_code == 0, done.stdout + done.stderr
