"""Errors are honest: the right status, in the form that the client prefers, with nothing of the request in them unescaped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from exchange import FIREFOX, describe, sparql

from solnum_ld.store import Store, open_store
from solnum_ld.web.app import create_app
from solnum_ld.web.site import Site
from support import Server

ERRORS = [
    pytest.param("doc/nothing", {}, 404, id="unknown document"),
    pytest.param("id/nothing", {}, 404, id="unknown name"),
    pytest.param("describe", {}, 400, id="describe nothing"),
    pytest.param(describe("http://nowhere.example/x"), {}, 404, id="describe the unknown"),
    pytest.param("doc/topic?property=x", {}, 400, id="a property that is no IRI"),
    pytest.param("dumps/nothing", {}, 404, id="unknown dump"),
    pytest.param("static/nothing", {}, 404, id="unknown file"),
    pytest.param("shapes/nothing", {}, 404, id="unknown shape"),
    pytest.param("def/9.9.9", {}, 404, id="unknown version"),
    pytest.param("sparql?query=ASK%7B%7D&update=CLEAR+ALL", {}, 400, id="query and update"),
]


@pytest.mark.parametrize(("path", "headers", "status"), ERRORS)
def test_an_error_is_a_problem_for_machines(
    http: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    for accept in ("*/*", "application/json;q=0.5, application/problem+json", "text/turtle", "application/ld+json"):
        answer = http.get(path, headers={"accept": accept, **headers})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["type"]
        assert problem["title"]
        assert problem["detail"]


@pytest.mark.parametrize(("path", "headers", "status"), ERRORS)
def test_an_error_is_a_page_for_browsers(http: httpx.Client, path: str, headers: dict[str, str], status: int) -> None:
    for language in ("fr", "en"):
        answer = http.get(path, headers={"accept": FIREFOX, "accept-language": language, **headers})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}">' in answer.text
        assert str(status) in answer.text


@pytest.mark.parametrize(("path", "headers", "status"), ERRORS)
def test_an_error_is_text_for_those_who_ask_for_text(
    http: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    answer = http.get(path, headers={"accept": "text/plain", **headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(f"{status} ")


def test_not_acceptable_lists_what_is_offered_in_every_form(http: httpx.Client) -> None:
    offers = {"text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples", "text/html"}
    problem = http.get("doc/book", headers={"accept": "image/png"})
    assert problem.status_code == 406
    assert {offer["type"] for offer in problem.json()["offers"]} == offers
    for offer in problem.json()["offers"]:
        answer = http.get(offer["href"], headers={"accept": offer["type"]})
        assert answer.headers["content-type"].partition(";")[0] == offer["type"]
    text = http.get("doc/book", headers={"accept": "text/plain, application/n-triples;q=0"})
    assert text.status_code == 406
    assert all(offer in text.text for offer in offers)


@pytest.mark.parametrize(
    "path", ["", "doc/book", "def", "shapes", "validation", describe("http://elsewhere.example.net/x")]
)
def test_not_acceptable_everywhere_names_addresses_that_answer(
    book_http: httpx.Client, http: httpx.Client, path: str
) -> None:
    client = book_http if path in {"def", "shapes"} else http
    problem = client.get(path, headers={"accept": "image/png"})
    assert problem.status_code == 406
    assert problem.json()["offers"]
    for offer in problem.json()["offers"]:
        answer = client.get(offer["href"], headers={"accept": offer["type"]})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == offer["type"]


def test_a_withdrawn_resource_is_gone_and_says_why(http: httpx.Client) -> None:
    assert http.get("id/gone").status_code == 303
    data, page = http.get("doc/gone"), http.get("doc/gone", headers={"accept": "text/html"})
    assert (data.status_code, page.status_code) == (410, 410)
    for answer in (data, page, http.get("doc/gone.jsonld")):
        assert answer.status_code == 410
        assert "Publi\u00e9 par erreur." in (
            answer.text if "json" not in answer.headers["content-type"] else str(answer.json())
        )
    assert "2026-01-01" in page.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (sparql("SELECT * { SERVICE <http://a.example/> { ?s ?p ?o } }"), "SERVICE n’est pas évalué ici"),
        (sparql("DELETE WHERE { ?s ?p ?o }"), "en lecture seule\u00a0: il ne fait pas de DELETE."),
        ("describe?iri=book", "Le paramètre iri"),
        ("doc/book?property=name", "Le paramètre property"),
        ("recherche?q=a&page=0", "Le paramètre page"),
    ],
)
def test_an_error_says_its_detail_in_french_on_french_pages_only(http: httpx.Client, path: str, said: str) -> None:
    french = http.get(path, headers={"accept": FIREFOX, "accept-language": "fr"}).text
    assert said in french
    assert '<p lang="en">' not in french
    assert said not in http.get(path, headers={"accept": FIREFOX, "accept-language": "en"}).text
    assert said not in http.get(path, headers={"accept": "application/json", "accept-language": "fr"}).text


def test_an_error_keeps_nothing_of_the_request_but_what_it_escapes(http: httpx.Client) -> None:
    mark = "<img/src=x onerror=alert(1)>"
    for path in (f"doc/{mark}", f"describe?iri={mark}", f"doc/book?property={mark}", sparql(mark), f"x?lang={mark}"):
        for accept in ("text/html", "text/plain", "*/*"):
            answer = http.get(path, headers={"accept": accept, "x-mark": mark, "referer": mark, "user-agent": mark})
            assert answer.status_code < 500
            assert answer.headers["content-type"].startswith("text/html") <= ("<img" not in answer.text)
            assert mark not in str(answer.headers)


def test_a_malformed_query_is_shown_its_line_and_column(http: httpx.Client) -> None:
    answer = http.get(sparql("SELECT * WHERE {\n  ?s ?p\n}"))
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Line 3, column ")


def test_the_wrong_media_type_of_a_body_is_unsupported(http: httpx.Client) -> None:
    answer = http.post("sparql", content=b"ASK {}", headers={"content-type": "application/x-ruby"})
    assert answer.status_code == 415
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_query_of_megabytes_is_too_large(http: httpx.Client) -> None:
    answer = http.post("sparql", data={"query": "ASK {}" + " " * 2_000_000})
    assert answer.status_code == 413


# -- what cannot be provoked from outside: a store that fails ----------------------------------------------------------


class Failing:
    """A store whose descriptions fail in a way that nobody foresaw."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def describe(self, *_: object) -> None:
        raise RuntimeError("a secret of the inside")

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def _ask(release: Path, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
    site = Site(lambda: release, lambda path: Failing(open_store(path)))  # type: ignore[arg-type]
    await site.open()
    app = create_app(site)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/doc/book", headers=headers)
    await site.aclose()
    return answer


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/problem+json"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
    ],
)
def test_an_unforeseen_error_is_answered_like_others_and_tells_nothing(server: Server, accept: str, kind: str) -> None:
    release = (server.releases / "current").resolve()
    answer = asyncio.run(_ask(release, {"accept": accept, "origin": "https://a.example"}))
    assert (answer.status_code, answer.headers.get("content-type")) == (500, kind)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "secret" not in answer.text
    if kind == "application/problem+json":
        assert json.loads(answer.content)["status"] == 500
