"""The headers of answers: what they vary on, validators, links, CORS, methods; RFC 9110 and RFC 8288."""

from __future__ import annotations

import itertools

import httpx
import pytest
from exchange import FORMATS, describe, linked, links, parse_answer, request_bytes, sparql

from support import Server

ASK = sparql("ASK { ?s ?p ?o }")
ANSWERS = [
    pytest.param("doc/book", 200, id="document"),
    pytest.param("doc/book.ttl", 200, id="fixed"),
    pytest.param("doc/book.html", 200, id="page"),
    pytest.param("", 200, id="home"),
    pytest.param("id/book", 303, id="name"),
    pytest.param("doc/nothing", 404, id="unknown"),
    pytest.param("doc/gone", 410, id="withdrawn"),
    pytest.param(describe("http://elsewhere.example.net/x"), 200, id="describe"),
    pytest.param("describe", 400, id="bad request"),
    pytest.param("sparql", 200, id="form"),
    pytest.param(ASK, 200, id="query"),
    pytest.param("validation", 200, id="validation"),
    pytest.param("health/live", 200, id="live"),
    pytest.param("health/ready", 200, id="ready"),
    pytest.param("version", 200, id="version"),
    pytest.param("dumps/dataset.ttl", 200, id="dump"),
    pytest.param("dumps/SHA256SUMS", 200, id="sums"),
]
EXPOSED = {"content-location", "etag", "link", "location"}


def words(value: str | None) -> set[str]:
    return {word.strip().lower() for word in (value or "").split(",") if word.strip()}


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_answer_may_be_read_from_any_origin_without_credentials(
    http: httpx.Client, path: str, status: int
) -> None:
    answer = http.get(path, headers={"origin": "https://app.example.net", "cookie": "a=b"})
    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in answer.headers
    assert words(answer.headers["access-control-expose-headers"]) >= EXPOSED
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_head_answers_as_get_without_a_body(http: httpx.Client, path: str, status: int) -> None:
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (status, b"")
    for name in ("content-type", "content-length", "etag", "vary", "link", "location", "content-location", "allow"):
        assert head.headers.get(name) == get.headers.get(name), name


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_options_tells_the_methods_and_allows_preflights(http: httpx.Client, path: str, status: int) -> None:
    asked = {
        "origin": "https://a.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "accept",
    }
    answer = http.request("OPTIONS", path, headers=asked)
    expected = {"get", "head", "options"} | ({"post"} if "sparql" in path else set())
    assert answer.status_code in {200, 204}
    assert words(answer.headers["allow"]) == expected
    assert words(answer.headers["access-control-allow-methods"]) >= {"get", "head"}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.content == b""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *itertools.product(
            ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"], ["", "doc/book", "id/book", "sparql", "def"]
        ),
        ("POST", "doc/book"),
        ("POST", ""),
        ("POST", "dumps/dataset.ttl"),
    ],
)
def test_other_methods_are_refused_with_what_is_allowed(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path, headers={"x-secret": "s3cret"})
    assert answer.status_code == 405
    assert words(answer.headers["allow"]) == words(http.request("OPTIONS", path).headers["allow"])
    assert "s3cret" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["doc/book", "", "id/book", "doc/nothing", "doc/gone", "doc/graph/things"])
@pytest.mark.parametrize("accept", ["text/turtle", "text/html", "application/ld+json"])
def test_negotiated_answers_vary_on_accept_and_language(http: httpx.Client, path: str, accept: str) -> None:
    assert words(http.get(path, headers={"accept": accept}).headers["vary"]) >= {"accept", "accept-language"}


def test_not_acceptable_and_not_modified_vary_alike(http: httpx.Client) -> None:
    first = http.get("doc/book")
    again = http.get("doc/book", headers={"if-none-match": first.headers["etag"]})
    refused = http.get("doc/book", headers={"accept": "image/png"})
    assert (again.status_code, refused.status_code) == (304, 406)
    assert words(again.headers["vary"]) == words(first.headers["vary"])
    assert words(refused.headers["vary"]) >= {"accept"}


def test_a_fixed_representation_does_not_vary_on_accept(http: httpx.Client) -> None:
    for suffix in FORMATS:
        vary = words(http.get(f"doc/book.{suffix}").headers.get("vary"))
        assert "accept" not in vary
        assert ("accept-language" in vary) == (suffix == "html")


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_text_says_its_charset(http: httpx.Client, path: str, status: int) -> None:
    for accept in ("*/*", "text/html,*/*;q=0.5", "text/plain,*/*;q=0.5"):
        answer = http.get(path, headers={"accept": accept})
        kind = answer.headers["content-type"]
        assert kind.startswith("text/") == kind.endswith("; charset=utf-8"), kind
        assert answer.headers["x-content-type-options"] == "nosniff"


# -- validators --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["doc/book", "doc/book.nt", "doc/book.html", "", "validation", "sparql", "dumps/dataset.ttl"]
)
@pytest.mark.parametrize(
    "condition",
    ["{0}", "W/{0}", '"other", {0}', '"a,b" , W/{0}, "c"', "*", '"x"\t,{0}'],
    ids=lambda c: c.replace("{0}", "ETAG"),
)
def test_if_none_match_that_matches_is_not_modified(http: httpx.Client, path: str, condition: str) -> None:
    first = http.get(path)
    for method in ("GET", "HEAD"):
        answer = http.request(method, path, headers={"if-none-match": condition.format(first.headers["etag"])})
        assert (answer.status_code, answer.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "content-location"):
            assert answer.headers.get(name) == first.headers.get(name), name
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "content-type" not in answer.headers
        assert answer.headers.get("content-length", "0") in {"0", first.headers["content-length"]}


@pytest.mark.parametrize("condition", ['"other"', 'W/"other", "x"', "nonsense", "", '"*"'])
def test_if_none_match_that_does_not_match_is_answered_in_full(http: httpx.Client, condition: str) -> None:
    answer = http.get("doc/book", headers={"if-none-match": condition})
    assert answer.status_code == 200
    assert answer.content


def test_several_lines_of_if_none_match_are_one_list(http: httpx.Client) -> None:
    etag = http.get("doc/book").headers["etag"]
    assert http.get("doc/book", headers=[("if-none-match", '"a"'), ("if-none-match", etag)]).status_code == 304


@pytest.mark.parametrize("path", ["id/book", "doc/nothing", "doc/gone"])
def test_only_representations_are_conditional(http: httpx.Client, path: str) -> None:
    plain, conditional = http.get(path), http.get(path, headers={"if-none-match": "*"})
    assert plain.status_code == conditional.status_code


def test_each_representation_has_an_etag_of_its_own_that_lasts(http: httpx.Client) -> None:
    asked = [{"accept": media_type} for media_type in FORMATS.values()]
    asked += [{"accept": "text/html", "accept-language": "en"}, {"accept": "text/turtle", "accept-encoding": "gzip"}]
    etags = [http.get("doc/book", headers=headers).headers["etag"] for headers in asked]
    assert len(set(etags)) == len(asked)
    assert [http.get("doc/book", headers=headers).headers["etag"] for headers in asked] == etags
    assert all(etag.startswith('"') and etag.endswith('"') for etag in etags)


def test_gzip_bytes_are_those_of_the_identity(http: httpx.Client) -> None:
    plain = http.get("doc/topic")
    packed = http.get("doc/topic", headers={"accept-encoding": "gzip"})
    assert (plain.headers.get("content-encoding"), packed.headers.get("content-encoding")) == (None, "gzip")
    assert packed.content == plain.content  # httpx decodes
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "accept-encoding" in words(plain.headers["vary"]) & words(packed.headers["vary"])
    again = {"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]}
    assert http.get("doc/topic", headers=again).status_code == 200


@pytest.mark.parametrize("path", ["doc/book", "doc/book.ttl", "id/book", "", "doc/nothing", "doc/gone"])
def test_answers_of_a_release_may_be_cached(http: httpx.Client, path: str) -> None:
    control = words(http.get(path).headers["cache-control"])
    assert "public" in control
    assert any(word.startswith("max-age=") for word in control)


@pytest.mark.parametrize("path", ["health/live", "health/ready", "version", "describe"])
def test_answers_of_the_moment_are_not_cached(http: httpx.Client, path: str) -> None:
    assert http.get(path).headers["cache-control"] == "no-store"


# -- links -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "media_type"), FORMATS.items())
def test_a_document_links_its_other_representations_by_type(http: httpx.Client, suffix: str, media_type: str) -> None:
    answer = http.get("doc/book", headers={"accept": media_type})
    alternates = {p["type"]: target for target, p in links(answer) if p["rel"] == "alternate"}
    others = {t: f"{http.base_url}doc/book.{s}" for s, t in FORMATS.items() if s != suffix}
    assert {t: a for t, a in alternates.items() if t != media_type} == others
    for kind, address in alternates.items():
        assert http.get(address).headers["content-type"].partition(";")[0] == kind


@pytest.mark.parametrize("path", ["doc/book", "doc/book.ttl", "doc/book.html"])
def test_a_document_links_its_canonical_address_its_dataset_and_licence(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert linked(answer, "canonical") == [f"{http.base_url}doc/book"]
    assert linked(answer, "license") == ["https://www.etalab.gouv.fr/licence-ouverte-open-licence"]
    assert [http.get(target).status_code for target in linked(answer, "collection")] == [200]


def test_every_link_header_is_ascii_and_absolute(http: httpx.Client) -> None:
    for path in ("doc/book", "doc/topic", "doc/caf%C3%A9/%C3%A0%2Fb", "id/caf%C3%A9/%C3%A0%2Fb", ""):
        answer = http.get(path)
        assert links(answer)
        for name in ("link", "location", "content-location"):
            assert answer.headers.get(name, "").isascii()
        assert all(target.startswith(("http://", "https://")) for target, _ in links(answer))


def test_rdf_xml_is_neither_linked_nor_served_where_it_cannot_be_written(http: httpx.Client) -> None:
    answer = http.get("doc/odd")
    assert "application/rdf+xml" not in answer.headers["link"]
    assert http.get("doc/odd.rdf").status_code in {404, 406}
    refused = http.get("doc/odd", headers={"accept": "application/rdf+xml"})
    assert refused.status_code == 406
    assert "application/rdf+xml" not in {offer["type"] for offer in refused.json()["offers"]}


# -- what only raw bytes can ask ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "media_type"),
    [
        (["Accept: image/png", "Accept: application/n-triples"], "application/n-triples"),
        (
            ["Accept: text/html;q=0.1", "accept: text/turtle;q=0.2", "ACCEPT: application/ld+json;q=0.3"],
            "application/ld+json",
        ),
        (["Accept:"], "text/turtle"),
        (["Accept: ,"], "text/turtle"),
        (["Accept: caf\u00e9"], "text/turtle"),
        ([f"Accept: {'x/y, ' * 600}text/html"], "text/html"),
    ],
)
def test_several_accept_lines_are_one_list(server: Server, lines: list[str], media_type: str) -> None:
    answer = parse_answer(server.raw(request_bytes("/doc/book", *lines)))
    assert (answer.status, (answer.header("content-type") or "").partition(";")[0]) == (200, media_type)


def test_options_of_the_server_itself_is_answered(server: Server) -> None:
    answer = parse_answer(server.raw(request_bytes("*", method="OPTIONS")))
    assert answer.status in {200, 204}
