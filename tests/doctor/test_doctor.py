"""The doctor finds each ailment, blames it on the right rule, and finds nothing wrong with the healthy."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parent))

from patient import Answer, Answers, answers_with, catalogue_says, patient

from solnum_ld.cli import app
from solnum_ld.doctor.examination import Report, examine
from solnum_ld.doctor.rules import CKAN, RULES, UDATA, Verdict
from solnum_ld.errors import SettingsError, Unreachable
from support import ROOT

STUB = "<BASEdataset/stub> a dcat:Dataset .\n<BASEtheme> a"
NEXT = "<BASEcatalog?page=1> a hydra:PartialCollectionView ; hydra:next <BASEcatalog?page=2> .\n<BASEtheme> a"
FILE = "dcat:downloadURL <BASEdump.csv>"
ETALAB = "<https://www.etalab.gouv.fr/licence-ouverte-open-licence>"

Ailment = Callable[[Answers, str], None]


def visit(*ailments: Ailment, **options: object) -> Report:
    with patient(*ailments) as base:
        return examine(base, seconds=5, **options)  # type: ignore[arg-type]


def broken(report: Report) -> dict[str, str]:
    """Return the rules that are not kept, with their verdicts."""
    bad = {Verdict.LOSS, Verdict.RISK}
    return {outcome.rule.name: str(outcome.verdict) for outcome in report.outcomes if outcome.verdict in bad}


def reasons(report: Report, rule: str) -> str:
    return " ".join(text["en"] for outcome in report.outcomes if outcome.rule.name == rule for text in outcome.reasons)


def redirected(answers: Answers, base: str) -> None:
    answers["/moved.ttl"] = answers["/catalog"]
    answers["/catalog"] = Answer("", "text/plain", 302, 302, {"Location": f"{base}moved.ttl"})


@pytest.mark.parametrize(
    ("ailment", "udata", "ckan"),
    [
        (catalogue_says("a dcat:Dataset", "a dcat:Dataset"), (1, 2, 1), (1, 2)),
        (answers_with("/catalog", head=405), (0, 0, 0), (1, 2)),
        (catalogue_says("<BASEtheme> a", STUB), (1, 2, 1), (0, 0)),
        (catalogue_says(FILE, "dcat:downloadURL <BASEdump.ttl>"), (1, 1, 1), (1, 2)),
        (catalogue_says(FILE, f'{FILE} ; spdx:checksum [ spdx:checksumValue "00"^^xsd:hexBinary ]'), (0, 0, 1), (1, 2)),
        (catalogue_says(FILE, f"{FILE} ; dcat:accessService <BASEservice>"), (1, 2, 0), (1, 2)),
        (catalogue_says('dct:identifier "BASEservice"', 'dct:identifier "BASEdataset/a"'), (0, 0, 0), (1, 2)),
    ],
)
def test_what_portals_would_take_is_counted(ailment: Ailment, udata: tuple[int, ...], ckan: tuple[int, ...]) -> None:
    takes = visit(ailment).takes
    assert tuple(takes[UDATA].values()) == udata
    assert tuple(takes[CKAN].values())[:2] == ckan


def test_nothing_is_wrong_with_the_healthy() -> None:
    report = visit()
    assert broken(report) == {}
    assert report.healthy
    assert report.counts["kept"] > 30
    assert {o.rule.name for o in report.outcomes if o.verdict is Verdict.ABSENT} >= {
        "oai-identify",
        "sparql-query",
        "paging",
    }


@pytest.mark.parametrize(
    ("rule", "ailment", "reason"),
    [
        ("head", answers_with("/catalog", head=405), "405"),
        ("redirect", redirected, "redirects"),
        ("charset", answers_with("/catalog", kind="text/turtle"), "text/turtle"),
        ("stub", catalogue_says("<BASEtheme> a", STUB), "dataset/stub"),
        ("paging", catalogue_says("<BASEtheme> a", NEXT), "page=2"),
        (
            "checksum",
            catalogue_says(FILE, f'{FILE} ; spdx:checksum [ spdx:checksumValue "00"^^xsd:hexBinary ]'),
            "hexBinary",
        ),
        ("access-service", catalogue_says(FILE, f"{FILE} ; dcat:accessService <BASEservice>"), "service"),
        ("identifier", catalogue_says('dct:identifier "BASEservice"', 'dct:identifier "BASEdataset/a"'), "2 nodes"),
        (
            "temporal",
            catalogue_says("dcat:theme <BASEtheme> ;", "dcat:theme <BASEtheme> ; dct:temporal <BASEtime> ;"),
            "time",
        ),
        ("download-urls", catalogue_says(FILE, "dcat:downloadURL <BASEdump.ttl>"), "2 distributions"),
        ("licence", catalogue_says(ETALAB, "<https://creativecommons.org/licenses/by/4.0/>"), "creativecommons"),
    ],
)
def test_each_of_the_eleven_faults_is_found(rule: str, ailment: Ailment, reason: str) -> None:
    report = visit(ailment)
    found = broken(report)
    assert found.pop(rule) == "loss"
    assert reason in reasons(report, rule)
    assert set(found) <= {"total-items", "vary"} if rule == "paging" else found == {}


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("any-media-type", Answer("<html></html>", "text/html; charset=utf-8")),
        ("media-type", Answer("<a> a ; ; . oops", "text/plain; charset=utf-8")),
        ("well-formed", Answer("<a> a ; ; . oops")),
        ("remote-context", Answer('{"@context": "https://schema.org/", "@id": "x"}', "application/ld+json")),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_told(rule: str, answer: Answer) -> None:
    def ailment(answers: Answers, base: str) -> None:
        answers["/catalog"] = answer

    with patient(ailment) as base:
        report = examine(base, catalogue=f"{base}catalog", seconds=5)
    assert broken(report).get(rule) == "loss"


@pytest.mark.parametrize(
    ("rule", "verdict", "ailment"),
    [
        ("description", "loss", catalogue_says('dct:description "Un jeu."@fr, "A set."@en ; ', "")),
        ("french", "risk", catalogue_says('"Le jeu A"@fr', '"Das A"@de')),
        ("publisher", "risk", catalogue_says('foaf:name "Réinventer"', "dct:extent 1")),
        ("theme-labels", "risk", catalogue_says("skos:prefLabel", "skos:altLabel")),
        ("format-labels", "risk", catalogue_says('rdfs:label "Turtle"', 'rdfs:comment "Turtle"')),
        ("labels-of-codes", "risk", catalogue_says("<BASEtheme> a", f'{ETALAB} rdfs:label "LO" .\n<BASEtheme> a')),
        ("dates", "risk", catalogue_says('"2026-01-01"', '"2999-01-01"')),
        ("schemas", "risk", catalogue_says("dcat:theme <BASEtheme> ;", "dcat:theme <BASEtheme> ; dct:hasPart <BASEpart> ;")),
        ("distribution-iris", "risk", catalogue_says("dcat:distribution ", 'dcat:distribution [ a dcat:Distribution ; dcat:accessURL <BASEb> ; dct:license <BASEl> ] , ')),
        ("access-url", "loss", catalogue_says("dcat:accessURL <BASEpage/a> ; dcat:downloadURL <BASEdump.csv>", "dcat:downloadURL <BASEdump.csv>")),
        ("landing-page", "risk", catalogue_says("; dcat:landingPage <BASEpage/a>", "; dct:source <BASEpage/a>")),
        ("services", "risk", catalogue_says("dcat:servesDataset", "dct:relation")),
        ("contact-point", "risk", catalogue_says("vcard:hasEmail", "vcard:note")),
        ("formats", "risk", answers_with("/catalog.ttl", body="<http://a.example/> a <http://www.w3.org/ns/dcat#Catalog> .")),
        ("formats", "risk", answers_with("/catalog.nt", body="<a> .", kind="application/n-triples")),
        ("dereferencing", "risk", answers_with("/dataset/a", status=404)),
        ("dereferencing", "risk", answers_with("/dataset/a", body="<a> <b> <c> .")),
        ("signposting", "risk", answers_with("/page/a", headers={})),
        ("not-empty", "loss", catalogue_says("a dcat:Dataset", "a dcat:Resource")),
        ("absolute-iris", "loss", catalogue_says("<BASEorg> a foaf:Agent", "<org2> a foaf:Agent ; foaf:name 'x' . <BASEorg> a foaf:Agent")),
        ("catalogue-described", "loss", catalogue_says('dct:description "Tout."@fr ;', "")),
        ("downloads", "loss", answers_with("/dump.csv", head=404)),
        ("download-facts", "risk", catalogue_says("dcat:byteSize 5", "dcat:byteSize 6")),
        ("cors", "risk", answers_with("/catalog", headers={"Access-Control-Allow-Origin": "https://one.example"})),
        ("schema-org", "loss", answers_with("/page/a", body="<!doctype html><title>A</title><p>A")),
        ("robots", "loss", answers_with("/robots.txt", body="User-agent: *\nDisallow: /page\nSitemap: BASEsitemap.xml\n")),
        ("sitemap", "risk", answers_with("/sitemap.xml", body="<urlset/>")),
        ("void", "risk", answers_with("/.well-known/void", status=404)),
    ],
)  # fmt: skip
def test_other_ailments_are_found_too(rule: str, verdict: str, ailment: Ailment) -> None:
    assert broken(visit(ailment)).get(rule) == verdict


SECOND = """\
<BASEcatalog> a dcat:Catalog ; hydra:totalItems 2 ; dcat:dataset <BASEdataset/b> .
<BASEcatalog?page=2> a hydra:PartialCollectionView ; hydra:previous <BASEcatalog> .
<BASEdataset/b> a dcat:Dataset ; dct:identifier "BASEdataset/b" ; dct:title "B"@fr ; dct:description "B"@fr ;
  dct:publisher <BASEorg> ; dcat:contactPoint <BASEcontact> ; dcat:landingPage <BASEpage/a> ;
  dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> .
"""
WHOLE = """<BASEorg> foaf:name "R" .
<BASEcontact> a vcard:Kind ; vcard:fn "C" ; vcard:hasEmail <mailto:a@b.example> .
"""


def paged(second: str, next_page: str = "BASEcatalog?page=2", total: str = "hydra:totalItems 2") -> Ailment:
    """Return the state of a catalogue of two pages."""

    def ailment(answers: Answers, base: str) -> None:
        prefixes = "\n".join(line for line in answers["/catalog"].body.splitlines() if line.startswith("@prefix"))
        view = (
            f"<BASEcatalog?page=1> a hydra:PartialCollectionView ; hydra:next <{next_page}> . <BASEcatalog> {total} .\n"
        )
        answers["/catalog"].body += view.replace("BASE", base)
        answers["/catalog?page=2"] = Answer(f"{prefixes}\n{second}".replace("BASE", base))
        answers["/dataset/b"] = Answer(f"<{base}dataset/b> a <http://www.w3.org/ns/dcat#Dataset> .")

    return ailment


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (paged(SECOND + WHOLE), {}),
        (paged(SECOND), {"self-contained": "loss"}),
        (paged(SECOND + WHOLE, total="dct:extent 2"), {"total-items": "loss"}),
        (paged(SECOND + WHOLE, next_page="/catalog?page=2"), {"absolute-iris": "loss"}),
        (paged(SECOND + WHOLE, next_page="http://[broken"), {"paging": "loss"}),
        (paged("broken"), {"well-formed": "loss", "total-items": "loss"}),
        (paged(SECOND + WHOLE + "<BASEcatalog?page=2> hydra:next <BASEcatalog> ."), {"paging": "loss"}),
        (paged(SECOND + WHOLE, next_page="http://127.0.0.1:9/catalog"), {"paging": "loss", "total-items": "loss"}),
    ],
)
def test_a_catalogue_of_two_pages_is_judged_as_a_whole(state: Ailment, expected: dict[str, str]) -> None:
    assert broken(visit(state)) == expected


def test_addresses_that_are_none_break_nothing() -> None:
    report = visit(catalogue_says("dcat:downloadURL <BASEdump.csv>", "dcat:downloadURL <http://[broken>, <urn:x:y>"))
    assert report.catalogue
    assert broken(report).get("downloads") is None


def test_what_is_no_server_is_told_and_fails() -> None:
    with patient(lambda answers, base: answers.clear()) as base:
        report = examine(base, seconds=5)
    assert (report.catalogue, report.healthy) == ("", False)
    assert broken(report)["catalogue"] == "loss"
    with pytest.raises(Unreachable, match=r"does not answer: .*refused"):  # it has ended
        examine(base, seconds=2)


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "data.example.org", "http://", "file:///etc/passwd", "http://[broken", "http://a:b/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        examine(url)


def test_an_endless_answer_is_cut_off() -> None:
    from solnum_ld.doctor.asking import Asker

    with patient(answers_with("/big", body="x" * 300_000)) as base, Asker(5, most_bytes=100_000) as asker:
        reply = asker.ask(f"{base}big")
        assert not reply.ok
        assert len(reply.body) < 250_000
        around = asker.ask(f"{base}big", "HEAD")
        assert around.ok


def test_redirects_end() -> None:
    from solnum_ld.doctor.asking import Asker

    loop = answers_with("/loop", status=302, headers={"Location": "/loop"})
    out = answers_with("/out", status=302, headers={"Location": "file:///etc/passwd"})
    with patient(loop, out) as base, Asker(5) as asker:
        assert "redirects" in asker.ask(f"{base}loop", follow=True).error
        assert "out of the web" in asker.ask(f"{base}out", follow=True).error


def command_line(*arguments: str, language: str = "C.UTF-8") -> Result:
    return CliRunner(env={"NO_COLOR": "1", "LC_ALL": language}).invoke(app, ["doctor", *arguments])


def test_the_command_line_tells_in_words_and_as_json_and_by_its_exit_code() -> None:
    with patient(answers_with("/catalog", head=405)) as base:
        words = command_line(base, language="fr_FR.UTF-8")
        assert words.exit_code == 1
        assert "HEAD" in words.stdout
        assert "remède" in words.stdout
        told = command_line(base, "--json")
        data = json.loads(told.stdout)
        assert (told.exit_code, data["healthy"], data["counts"]["loss"]) == (1, False, 1)
    with patient(answers_with("/.well-known/void", status=404)) as base:
        assert command_line(base).exit_code == 0
        assert command_line(base, "--strict").exit_code == 1
    assert command_line("nonsense").exit_code == 2


def test_every_rule_is_told_in_french_and_in_english() -> None:
    for rule in RULES.values():
        assert set(rule.loses) == set(rule.remedy) == {"fr", "en"}
        assert rule.clients


def test_french_is_set_with_its_own_signs() -> None:
    texts = [text["fr"] for rule in RULES.values() for text in (rule.loses, rule.remedy)]
    assert [text for text in texts if re.search(r" [:;!?»]|« |\w'\w", text)] == []


def test_no_rule_is_without_use() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "src/solnum_ld/doctor").glob("*.py"))
    assert [name for name in RULES if code.count(f'"{name}"') < 2] == []
