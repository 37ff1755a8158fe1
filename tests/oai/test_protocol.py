"""Requests of OAI-PMH 2.0: what is one, what is none, and by which error it is answered."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solnum_ld.oai.protocol import Fault, Verb, parse_request
from solnum_ld.oai.tokens import Token, read_token, write_token

LIST = [("verb", "ListRecords"), ("metadataPrefix", "oai_dc")]
TOKEN = Token("ListRecords", "oai_dc", "book", "2026-01-01T00:00:00Z", "", "1-abc", 100)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "badVerb"),
        ([("verb", "Nonsense")], "badVerb"),
        ([("verb", "identify")], "badVerb"),
        ([("verb", "Identify"), ("verb", "Identify")], "badVerb"),
        ([("verb", "Identify"), ("x", "1")], "badArgument"),
        ([("verb", "Identify"), ("resumptionToken", "x")], "badArgument"),
        ([("verb", "ListRecords")], "badArgument"),
        ([("verb", "GetRecord"), ("identifier", "oai:a:b")], "badArgument"),
        ([("verb", "GetRecord"), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([*LIST, ("metadataPrefix", "oai_dc")], "badArgument"),
        ([*LIST, ("resumptionToken", write_token(TOKEN))], "badArgument"),
        ([*LIST, ("from", "yesterday")], "badArgument"),
        ([*LIST, ("set", "a b")], "badArgument"),
        ([*LIST, ("set", "")], "badArgument"),
        ([("verb", "ListRecords"), ("metadataPrefix", "\x01")], "badArgument"),
        ([*LIST, ("from", "2026-02-30")], "badArgument"),
        ([*LIST, ("from", "2026-1-1")], "badArgument"),
        ([*LIST, ("from", "2026-01-01T00:00:00+01:00")], "badArgument"),
        ([*LIST, ("from", "2026-01-01T00:00:00.5Z")], "badArgument"),
        ([*LIST, ("from", "2026-01-01"), ("until", "2026-01-02T00:00:00Z")], "badArgument"),
        ([*LIST, ("from", "2026-01-02"), ("until", "2026-01-01")], "badArgument"),
        ([("verb", "ListRecords"), ("resumptionToken", "x")], "badResumptionToken"),
        ([("verb", "ListRecords"), ("resumptionToken", "")], "badResumptionToken"),
        ([("verb", "ListIdentifiers"), ("resumptionToken", write_token(TOKEN))], "badResumptionToken"),
        ([("verb", "ListRecords"), ("resumptionToken", encoded(["ListRecords", "oai_dc"]))], "badResumptionToken"),
        ([("verb", "ListRecords"), ("resumptionToken", encoded({"a": 1}))], "badResumptionToken"),
        (
            [("verb", "ListRecords"), ("resumptionToken", encoded(["ListRecords", *"abcde", True]))],
            "badResumptionToken",
        ),
        ([("verb", "ListRecords"), ("resumptionToken", encoded(["ListRecords", *"abcde", -1]))], "badResumptionToken"),
        (
            [("verb", "ListRecords"), ("resumptionToken", encoded(["ListRecords", "oai_dc", "\ud800", *"cde", 1]))],
            "badResumptionToken",
        ),
    ],
)
def test_a_request_out_of_order_is_a_fault_of_this_code(arguments: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_request(arguments)
    assert caught.value.code == code
    assert str(caught.value)


def test_a_day_means_all_its_seconds() -> None:
    asked = parse_request([*LIST, ("from", "2026-01-01"), ("until", "2026-01-01"), ("set", "book")])
    assert (asked.verb, asked.prefix, asked.set) == (Verb.LIST_RECORDS, "oai_dc", "book")
    assert (asked.start, asked.end) == ("2026-01-01T00:00:00Z", "2026-01-01T23:59:59Z")


def test_seconds_are_taken_as_they_are() -> None:
    asked = parse_request([*LIST, ("from", "2026-01-01T10:00:00Z"), ("until", "2026-01-01T10:00:00Z")])
    assert (asked.start, asked.end) == ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z")


def test_a_token_stands_for_all_that_was_asked() -> None:
    asked = parse_request([("verb", "ListRecords"), ("resumptionToken", write_token(TOKEN))])
    assert (asked.prefix, asked.set, asked.start, asked.token) == ("oai_dc", "book", TOKEN.start, TOKEN)


NAMES = ["verb", "metadataPrefix", "identifier", "set", "from", "until", "resumptionToken"]
VALUES = [*Verb, "oai_dc", "2026-01-01", "2026-01-01T00:00:00Z", write_token(TOKEN), encoded([1] * 7), encoded("x")]


@settings(max_examples=300, database=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), st.sampled_from(VALUES) | st.text())))
def test_any_request_is_in_order_or_a_fault(arguments: list[tuple[str, str]]) -> None:
    try:
        asked = parse_request(arguments)
    except Fault as fault:
        assert fault.code in {"badVerb", "badArgument", "badResumptionToken"}
    else:
        assert asked.verb in Verb


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_mangled_token_is_none(cut: int) -> None:
    text = write_token(TOKEN)
    assert read_token(text[:-cut]) is None
    assert read_token(text[:cut] + "é" + text[cut:]) is None
