"""The doctor at a repository of records and at a SPARQL endpoint: ours is healthy, and spoilt in one way it is found ill in one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from patient import Exchange, spoilt

from solnum_ld.doctor.asking import Asker
from solnum_ld.doctor.programs import examine_endpoint
from solnum_ld.doctor.records import examine_records
from solnum_ld.doctor.rules import Verdict
from support import Server

Spoil = Callable[[Exchange], None]


def records_of(server: Server, spoil: Spoil) -> dict[str, Verdict]:
    with spoilt(server.base, spoil) as base, Asker(20) as asker:
        return {outcome.rule.name: outcome.verdict for outcome in examine_records(asker, f"{base}oai")}


def endpoint_of(server: Server, spoil: Spoil) -> dict[str, Verdict]:
    with spoilt(server.base, spoil) as base, Asker(20) as asker:
        return {outcome.rule.name: outcome.verdict for outcome in examine_endpoint(asker, f"{base}sparql")}


def ill(found: dict[str, Verdict]) -> dict[str, str]:
    return {name: str(verdict) for name, verdict in found.items() if verdict is not Verdict.KEPT}


def nothing(_: Exchange) -> None:
    pass


def text(pattern: str, replacement: str, target: str = "") -> Spoil:
    """Return the spoiling of a text in the answers to requests that hold ``target``."""

    def spoil(exchange: Exchange) -> None:
        if target in exchange.target:
            exchange.body = re.sub(pattern.encode(), replacement.encode(), exchange.body)

    return spoil


def status(code: int, target: str = "", method: str = "") -> Spoil:
    """Return the spoiling of the status of answers to requests that hold ``target`` and come by ``method``."""

    def spoil(exchange: Exchange) -> None:
        if target in exchange.target and method in ("", exchange.method):
            exchange.status, exchange.body = code, b""

    return spoil


def endless(exchange: Exchange) -> None:
    """Give the same token again and again."""
    exchange.body = re.sub(rb"(<resumptionToken[^>]*>)[^<]+<", rb"\1again<", exchange.body)
    if "resumptionToken=again" in exchange.target:
        exchange.body = re.sub(rb"<error.*?</error>", b"<ListRecords><record><header><identifier>oai:x:1</identifier></header></record><resumptionToken>again</resumptionToken></ListRecords>", exchange.body)  # fmt: skip


def bare_type(exchange: Exchange) -> None:
    exchange.kind = "application/xml"


def test_our_repository_and_our_endpoint_are_healthy(server: Server) -> None:
    assert ill(records_of(server, nothing)) == {}
    assert ill(endpoint_of(server, nothing)) == {}


@pytest.mark.parametrize("spoil", [text(r"(?s).*", "", "resumptionToken="), endless])
def test_a_list_that_does_not_go_on_or_does_not_end_is_found(server: Server, spoil: Spoil) -> None:
    assert ill(records_of(server, spoil))["oai-tokens"] == "loss"


@pytest.mark.parametrize(
    ("rule", "verdict", "spoil"),
    [
        ("oai-identify", "loss", text("<baseURL>[^<]*<", "<baseURL>http://other.example/oai<")),
        ("oai-identify", "loss", text("<adminEmail>[^<]*</adminEmail>", "")),
        ("oai-identify", "loss", text(">2.0<", ">1.1<")),
        ("oai-identify", "loss", bare_type),
        ("oai-dc", "loss", status(500, "ListRecords&metadataPrefix=oai_dc")),
        ("oai-dc", "loss", text("<dc:title.*?</dc:title>", "")),
        ("oai-errors", "risk", status(400, "Nonsense")),
        ("oai-errors", "risk", text("idDoesNotExist", "badArgument")),
        ("oai-dates", "loss", status(500, "from=")),
        ("oai-deleted", "risk", text(">persistent<", ">no<")),
        ("oai-post", "risk", status(405, method="POST")),
        (
            "oai-plain",
            "risk",
            text("<dc:identifier", "<dc:description>&lt;p&gt;a&lt;/p&gt;</dc:description><dc:identifier"),
        ),
    ],
)
def test_each_fault_of_a_repository_is_found(book: Server, rule: str, verdict: str, spoil: Spoil) -> None:
    assert ill(records_of(book, spoil)) == {rule: verdict}


@pytest.mark.parametrize(
    ("expected", "spoil"),
    [
        ({"sparql-query": "loss"}, status(405, method="POST")),
        ({"sparql-query": "loss"}, text('"boolean": ?true', '"boolean":false')),
        ({"sparql-query": "loss"}, lambda exchange: exchange.headers.clear()),
        ({"sparql-errors": "risk"}, status(200, "query=SELECT")),
        ({"sparql-description": "risk"}, text("sd:Service|sparql-service-description#Service", "sd:Other")),
    ],
)
def test_each_fault_of_an_endpoint_is_found(server: Server, expected: dict[str, str], spoil: Spoil) -> None:
    assert ill(endpoint_of(server, spoil)) == expected


def test_what_is_not_offered_is_no_fault(server: Server) -> None:
    assert set(ill(records_of(server, status(404))).values()) == {"absent"}
    assert set(ill(endpoint_of(server, status(404))).values()) == {"absent"}
