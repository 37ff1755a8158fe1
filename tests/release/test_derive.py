"""Rules are run until nothing new comes."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from solnum_ld.errors import SourceInvalid
from solnum_ld.release import derive as derive_module
from solnum_ld.release.derive import MAX_ROUNDS, check_rules, derive

X = "http://x.example.net/"
GRAPH = f"{X}graph/derived"


def chain(length: int) -> ox.Store:
    store = ox.Store()
    store.extend(
        ox.Quad(ox.NamedNode(f"{X}{n}"), ox.NamedNode(f"{X}next"), ox.NamedNode(f"{X}{n + 1}")) for n in range(length)
    )
    return store


def rules(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{n}.rq" for n in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return paths


CLOSURE = f"CONSTRUCT {{ ?a <{X}next> ?c }} WHERE {{ ?a <{X}next> ?b . ?b <{X}next> ?c }}"
INVERSE = f"CONSTRUCT {{ ?b <{X}before> ?a }} WHERE {{ ?a <{X}next> ?b }}"


def test_rules_feed_one_another_until_they_rest(tmp_path: Path) -> None:
    store = chain(6)
    derived = derive(store, rules(tmp_path, INVERSE, CLOSURE), GRAPH)
    pairs = {(a, b) for a in range(7) for b in range(a + 1, 7)}
    stated = {
        (q.subject.value, q.object.value)
        for q in store.quads_for_pattern(None, ox.NamedNode(f"{X}before"), None, ox.DefaultGraph())
    }
    assert stated == {(f"{X}{b}", f"{X}{a}") for a, b in pairs}
    assert len(derived) == 2 * len(pairs) - 6
    assert derived == sorted(set(derived))
    assert derive(store, rules(tmp_path, INVERSE, CLOSURE), GRAPH) == []


def test_what_is_derived_is_also_in_its_graph(tmp_path: Path) -> None:
    store = chain(2)
    derived = derive(store, rules(tmp_path, INVERSE), GRAPH)
    held = set(store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH)))
    assert set(ox.parse(input=b"\n".join(derived) + b"\n", format=ox.RdfFormat.N_QUADS)) == held
    assert len(held) == 2


def test_what_is_stated_is_not_derived_again(tmp_path: Path) -> None:
    assert derive(chain(3), rules(tmp_path, f"CONSTRUCT WHERE {{ ?a <{X}next> ?b }}"), GRAPH) == []


@pytest.mark.parametrize(
    "rule",
    [
        f"CONSTRUCT {{ [] <{X}mark> ?a }} WHERE {{ ?a <{X}next> ?b }}",
        f'CONSTRUCT {{ ?b <{X}next> ?n }} WHERE {{ ?a <{X}next> ?b BIND(IRI(CONCAT(STR(?b), "x")) AS ?n) }}',
    ],
    ids=["blank nodes", "new names"],
)
def test_rules_that_never_rest_are_refused(rule: str, tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="rest") as caught:
        derive(chain(1), rules(tmp_path, rule), GRAPH)
    assert str(MAX_ROUNDS) in caught.value.findings[0].message()
    assert "0.rq" in caught.value.findings[0].message()


PAIRS = f"CONSTRUCT {{ ?a <{X}with> ?c }} WHERE {{ ?a <{X}next> ?b . ?c <{X}next> ?d }}"


def test_what_rules_may_derive_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derive_module, "MAX_GROWTH", 2)
    monkeypatch.setattr(derive_module, "MAX_FREE", 1)
    at_the_limit = chain(2)  # 4 pairs of 2 statements, of 5 that are allowed
    assert len(derive(at_the_limit, rules(tmp_path, PAIRS), GRAPH)) == 4
    with pytest.raises(SourceInvalid) as caught:
        derive(chain(3), rules(tmp_path, PAIRS), GRAPH)  # 9 pairs, of 7
    assert "more than 7 triples" in caught.value.findings[0].message()


def test_derivation_stops_at_the_bound_not_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derive_module, "MAX_FREE", 0)
    store = chain(500)
    assert len(list(derive_module._fresh(store, [PAIRS], 10))) == 10
    with pytest.raises(SourceInvalid, match="rest"):
        derive(store, rules(tmp_path, PAIRS), GRAPH)  # 250,000 pairs, of 5,000
    assert len(store) == 500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * { ?s ?p ?o }", "CONSTRUCT"),
        ("ASK { ?s ?p ?o }", "CONSTRUCT"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { SERVICE ?s { ?s ?p ?o } }", "SERVICE"),
        ("CONSTRUCT { ?s ?p ?o } FROM NAMED <http://x.example.net/> WHERE { ?s ?p ?o }", "FROM"),
        ("CONSTRUCT {", "SPARQL"),
        ("INSERT DATA { <a:a> <a:a> <a:a> }", "SPARQL"),
    ],
)
def test_a_rule_that_cannot_be_one_is_told_with_its_file(text: str, words: str, tmp_path: Path) -> None:
    findings = check_rules(rules(tmp_path, CLOSURE, text), tmp_path)
    assert [(f.rule, f.file, f.severity) for f in findings] == [("rule", "1.rq", "violation")]
    assert words in findings[0].message()
    assert findings[0].remedy
    assert len(findings[0].message()) < 200


@pytest.mark.parametrize(
    "text",
    [
        "# no SERVICE here\n" + CLOSURE,
        "CONSTRUCT { ?s ?p 'SERVICE FROM' } WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } # FROM me",
    ],
    ids=["comment", "literal", "comment at the end"],
)
def test_words_that_are_no_keywords_do_not_matter(text: str, tmp_path: Path) -> None:
    assert check_rules(rules(tmp_path, text), tmp_path) == []


def test_a_rule_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.rq").write_bytes(b"\xe9")
    assert [f.rule for f in check_rules([tmp_path / "r.rq"], tmp_path)] == ["rule"]
