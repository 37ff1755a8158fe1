"""SPARQL 1.1 Protocol beyond its test suite: methods, parameters, and a status for each way to be wrong."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import httpx
import pytest
from endpoint import (
    ASK,
    CONSTRUCT,
    CSV,
    DIRECT,
    FORM,
    FORMS,
    JSON,
    PROBLEM,
    SELECT,
    UPDATE,
    WAYS,
    XML,
    ask,
    assert_problem,
    listening,
    media_type,
    number,
    read_boolean,
    rows,
    send,
)
from exchange import FIREFOX, parse_answer, request_bytes, sparql

from support import Server

# -- methods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_head_is_get_without_a_body(form: str, http: httpx.Client) -> None:
    got, head = (send(http, way, FORMS[form]) for way in ("get", "head"))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "vary", "cache-control", "access-control-allow-origin"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_head_of_an_error_is_that_error(http: httpx.Client) -> None:
    head = send(http, "head", "ASK {")
    assert (head.status_code, head.content) == (400, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND", "SEARCH"])
def test_another_method_is_not_allowed_and_learns_which_are(method: str, http: httpx.Client) -> None:
    answer = http.request(method, sparql(ASK))
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "OPTIONS"}


def test_options_tells_the_methods(http: httpx.Client) -> None:
    answer = http.options("sparql")
    assert answer.status_code in {200, 204}
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "OPTIONS"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_preflight_allows_a_script_of_another_site(method: str, http: httpx.Client) -> None:
    headers = {
        "origin": "https://yasgui.example.org",
        "access-control-request-method": method,
        "access-control-request-headers": "accept, content-type",
    }
    answer = http.options("sparql", headers=headers)
    assert answer.status_code in {200, 204}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert "*" in allowed or {"accept", "content-type"} <= allowed
    assert int(answer.headers.get("access-control-max-age", "1")) > 0


@pytest.mark.parametrize("way", WAYS)
def test_a_script_of_another_site_may_read_answers_and_errors(way: str, http: httpx.Client) -> None:
    for query in (ASK, "ASK {"):
        answer = send(http, way, query, headers={"origin": "https://yasgui.example.org"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


# -- parameters --------------------------------------------------------------------------------------------------------


def test_other_parameters_are_let_pass(http: httpx.Client) -> None:
    """Clients send what another engine understands: ``infer``, ``timeout``, ``debug``, ``soft-limit`` and the like."""
    for way in WAYS:
        assert ask(http, ASK, [("infer", "true"), ("timeout", "0"), ("debug", "on"), ("savedqueryname", "")], way)


@pytest.mark.parametrize("way", WAYS)
def test_text_beyond_ascii_arrives_as_written(way: str, http: httpx.Client) -> None:
    text = "Chapitre « un » – été, 日本語, 😀, a+b&c=d;e%20"
    (row,) = rows(http, f'SELECT ("{text}" AS ?x) {{}}', way=way)
    assert row["x"] == text
    label = "Chapitre « un »"
    assert ask(http, f'ASK {{ ?s <http://www.w3.org/2000/01/rdf-schema#label> "{label}"@fr }}', way=way)


def test_content_types_are_read_as_http_says(http: httpx.Client) -> None:
    body = urlencode({"query": ASK}).encode()
    for kind in (f"{FORM}; charset=UTF-8", FORM.upper(), f'{FORM};charset="utf-8"', f"{FORM} ; charset=utf-8"):
        assert read_boolean(http.post("sparql", content=body, headers={"content-type": kind}).content, JSON)
    for kind in (f"{DIRECT}; charset=UTF-8", DIRECT.upper(), f'{DIRECT};charset="utf-8"'):
        assert read_boolean(http.post("sparql", content=ASK.encode(), headers={"content-type": kind}).content, JSON)


def test_a_byte_order_mark_or_a_line_end_is_no_error(http: httpx.Client) -> None:
    for text in ("ASK\r\n{ ?s ?p 47 }\r\n", "\n\n ASK { ?s ?p 47 }\t\n", "# a comment\nASK { ?s ?p 47 } # another"):
        for way in WAYS:
            assert ask(http, text, way=way)


def test_a_query_in_the_form_is_not_read_from_the_address_too(http: httpx.Client) -> None:
    """SPARQL 1.1 Protocol, 2.1.2: parameters are in the body; a second query in the address makes two."""
    answer = http.post(
        sparql("ASK { ?s ?p 4747 }"), content=urlencode({"query": ASK}).encode(), headers={"content-type": FORM}
    )
    assert_problem(answer, 400)
    answer = http.post(sparql("ASK { ?s ?p 4747 }"), content=ASK.encode(), headers={"content-type": DIRECT})
    assert_problem(answer, 400)


def test_answers_of_get_can_be_kept_and_those_of_post_not(http: httpx.Client) -> None:
    for form, query in FORMS.items():
        first = send(http, "get", query)
        assert first.headers["etag"], form
        assert "no-store" not in first.headers["cache-control"]
        address = f"sparql?{urlencode({'query': query})}"
        again = http.get(address, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for way in ("form", "direct"):
            assert send(http, way, query).headers["cache-control"] == "no-store"


def test_each_format_has_a_validator_of_its_own(http: httpx.Client) -> None:
    tags = [send(http, "get", SELECT, headers={"accept": kind}).headers["etag"] for kind in (JSON, XML, CSV)]
    assert len(set(tags)) == 3


@pytest.mark.parametrize("function", ["RAND()", "NOW()", "UUID()", "STRUUID()", "rand()", "Now( )"])
def test_an_answer_that_would_change_is_not_kept(http: httpx.Client, function: str) -> None:
    query = sparql(f"SELECT (STR({function}) AS ?x) {{}}")
    first, second = http.get(query), http.get(query)
    assert first.headers["cache-control"] == "no-store"
    assert first.content != second.content


# -- 400 ---------------------------------------------------------------------------------------------------------------

ABSENT = [
    pytest.param("POST", "", FORM, b"", id="empty form"),
    pytest.param("POST", "", FORM, b"q=ASK%7B%7D", id="another field"),
    pytest.param("POST", "", FORM, b"query", id="name alone"),
    pytest.param("POST", "", FORM, b"query=", id="empty value"),
    pytest.param("POST", "", DIRECT, b"", id="empty body"),
    pytest.param("POST", "", DIRECT, b" \n\t", id="blank body"),
    pytest.param("POST", "?query=ASK%7B%7D", FORM, b"", id="query in the address of a form"),
    pytest.param("GET", "?query=", None, None, id="empty parameter"),
    pytest.param("GET", "?query=%20%0A", None, None, id="blank parameter"),
    pytest.param("GET", "?query=%23%20only%20a%20comment", None, None, id="only a comment"),
]
REPEATED = [
    pytest.param("GET", "?query=ASK%7B%7D&query=ASK%7B%7D", None, None, id="query twice"),
    pytest.param("POST", "", FORM, b"query=ASK%7B%7D&query=ASK%7B%7D", id="query twice in a form"),
    pytest.param("GET", "?query=ASK%7B%7D&update=CLEAR+ALL", None, None, id="query and update"),
    pytest.param("POST", "", FORM, b"query=ASK%7B%7D&update=CLEAR+ALL", id="query and update in a form"),
    pytest.param("POST", "", FORM, b"update=CLEAR+ALL&query=ASK%7B%7D", id="update and query in a form"),
    pytest.param("POST", "?update=CLEAR+ALL", DIRECT, b"ASK {}", id="query in the body, update in the address"),
]
UNREADABLE = [
    pytest.param("GET", "?query=ASK%7B%7D%FF", None, None, id="bad UTF-8"),
    pytest.param("GET", "?query=%C0%80", None, None, id="overlong UTF-8"),
    pytest.param("GET", "?query=ASK+%7B+%3Fs+%3Fp+%22%ED%A0%80%22+%7D", None, None, id="surrogate"),
    pytest.param("POST", "", FORM, b"query=ASK+%7B%7D+%FE", id="bad UTF-8 in a form"),
    pytest.param("POST", "", FORM, b"query=ASK+{} \xff", id="raw bad UTF-8 in a form"),
    pytest.param("POST", "", DIRECT, b"ASK { ?s ?p '\xe9' }", id="Latin-1 body"),
    pytest.param("POST", "", DIRECT, "ASK {}".encode("utf-16"), id="UTF-16 body"),
    pytest.param("GET", "?query=ASK+%7B+%3Fs+%3Fp+%27%00%27+%7D", None, None, id="NUL"),
    pytest.param("POST", "", FORM, b"query=ASK+%7B%7D%00", id="NUL in a form"),
    pytest.param("POST", "", DIRECT, b"ASK {}\0", id="NUL in a body"),
    pytest.param(
        "GET", "?query=ASK%7B%7D&default-graph-uri=http%3A%2F%2Fx%2F%FF", None, None, id="bad UTF-8 in a graph"
    ),
    pytest.param("GET", "?query=ASK%7B%7D&default-graph-uri=http%3A%2F%2Fx%2F%00", None, None, id="NUL in a graph"),
]


@pytest.mark.parametrize(("method", "target", "kind", "body"), [*ABSENT, *REPEATED, *UNREADABLE])
def test_request_that_breaks_the_protocol_is_bad(
    method: str, target: str, kind: str | None, body: bytes | None, http: httpx.Client
) -> None:
    headers = {"content-type": kind} if kind else {}
    assert_problem(http.request(method, f"sparql{target}", content=body, headers=headers), 400)


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize(
    "value", ["", "graph/book", "/graph", "#it", "//host/x", "a b:c", "http://a b/", "<http://x/>", "http://x/\n"]
)
@pytest.mark.parametrize("way", WAYS)
def test_graph_must_be_named_by_an_absolute_iri(way: str, name: str, value: str, http: httpx.Client) -> None:
    problem = assert_problem(send(http, way, ASK, [(name, value)]), 400)
    assert name in problem["detail"]


def test_percent_signs_that_encode_nothing_are_no_fault_of_the_service(http: httpx.Client) -> None:
    for target in ("?query=%", "?query=%zz", "?%=%&&==&query=ASK%7B%7D", "?query=ASK%7B%7D&%FF=%FF"):
        assert http.get(f"sparql{target}").status_code in {200, 400}


SYNTAX = [
    pytest.param("ASK {", 1, id="open group"),
    pytest.param("SELECT *\nWHERE {\n  ?s ?p ;; }", 3, id="third line"),
    pytest.param("SELECT *\r\nWHERE {\r\n  ?s ?p }", 3, id="lines of Windows"),
    pytest.param("SELECT * WHERE { ?s unknown:p ?o }", 1, id="unknown prefix"),
    pytest.param("SELEKT * {}", 1, id="misspelt"),
    pytest.param("hello", 1, id="no query"),
    pytest.param("\n\n\nSELECT ?x { ?x ?y", 4, id="empty lines before"),
    pytest.param("# é😀\nSELECT * {} }", 2, id="one brace too many"),
    pytest.param("SELECT * {} ; DROP ALL", 1, id="two operations"),
    pytest.param("ASK { ?s ?p 'open }", 1, id="open string"),
    pytest.param("ASK { ?s ?p <http://a b> }", 1, id="blank in an IRI"),
    pytest.param("DESCRIBE", 1, id="describe nothing"),
    pytest.param("SELECT (1 AS ?x) (2 AS ?x) {}", 1, id="variable twice"),
    pytest.param("SELECT ?x ?y { ?x ?p ?y } GROUP BY ?x", 1, id="variable that is not grouped"),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("query", "line"), SYNTAX)
def test_syntax_error_has_line_and_column(query: str, line: int, way: str, http: httpx.Client) -> None:
    problem = assert_problem(send(http, way, query), 400)
    lines = query.split("\n")
    assert problem["line"] == line
    assert 1 <= problem["column"] <= len(lines[line - 1].rstrip("\r")) + 1
    assert f"{problem['line']}" in problem["detail"]
    assert f"{problem['column']}" in problem["detail"]


def test_syntax_error_names_what_was_expected_when_that_is_known(http: httpx.Client) -> None:
    problem = assert_problem(send(http, "form", "ASK {"), 400)
    assert "}" in problem["expected"]
    for query in (parameter.values[0] for parameter in SYNTAX):
        expected = assert_problem(send(http, "form", query), 400).get("expected")
        if expected is not None:
            assert isinstance(expected, list)
            assert expected
            assert all(isinstance(token, str) and token and len(token) < 40 for token in expected), expected


def test_column_counts_the_characters_that_were_sent(http: httpx.Client) -> None:
    """Neither the rewriting of schema.org nor characters of several bytes may move it."""
    plain = assert_problem(send(http, "form", "ASK { ?s ?pppppppppp }"), 400)
    wide = assert_problem(send(http, "form", "ASK { ?s ?pppppppppp }".replace("pppppppppp", "é" * 10)), 400)
    assert wide["column"] == plain["column"]
    long = assert_problem(send(http, "form", "ASK { <http://schema.example/x> ?p }"), 400)
    rewritten = assert_problem(
        send(http, "form", "ASK { <http://schema.org/xampl/x> ?p }".replace("xampl/x", "exampx")), 400
    )
    assert long["column"] - rewritten["column"] == len("<http://schema.example/x>") - len("<http://schema.org/exampx>")


def test_errors_are_text_for_curl_and_a_page_for_browsers(http: httpx.Client) -> None:
    text = send(http, "form", "ASK {", headers={"accept": "text/plain"})
    assert (text.status_code, text.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    problem = assert_problem(send(http, "form", "ASK {"), 400)
    for part in ("line", str(problem["line"]), "column", str(problem["column"])):
        assert part in text.text.lower()
    for language, word in (("fr", "ligne"), ("en", "line")):
        page = send(http, "get", "ASK {\n<b>", headers={"accept": FIREFOX, "accept-language": language})
        assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
        assert f'<html lang="{language}">' in page.text
        assert word in page.text.lower()
        assert "<b>" not in page.text.partition("ASK")[2][:40]
    for accept in ("*/*", JSON, "text/turtle", "application/problem+json"):
        assert media_type(send(http, "get", "ASK {", headers={"accept": accept})) == PROBLEM


# -- 403 ---------------------------------------------------------------------------------------------------------------

OPERATIONS = [
    "INSERT DATA { <http://a/> <http://b/> 1 }",
    "DELETE DATA { <http://a/> <http://b/> 1 }",
    "DELETE WHERE { ?s ?p ?o }",
    "DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
    "PREFIX a: <http://a/> DROP ALL",
    "CLEAR ALL",
    "CREATE GRAPH <http://a/>",
    "COPY DEFAULT TO <http://a/>",
    "MOVE DEFAULT TO <http://a/>",
    "ADD DEFAULT TO <http://a/>",
    "LOAD <file:///etc/passwd>",
    "LOAD SILENT <http://127.0.0.1:9/> INTO GRAPH <http://a/>",
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_update_is_forbidden_however_it_is_sent(operation: str, http: httpx.Client) -> None:
    before = number(http, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    form = http.post("sparql", content=urlencode({"update": operation}).encode(), headers={"content-type": FORM})
    direct = http.post("sparql", content=operation.encode(), headers={"content-type": UPDATE})
    for answer in (form, direct):
        assert "read-only" in assert_problem(answer, 403)["detail"]
    for way in WAYS:
        assert_problem(send(http, way, operation), 400, 403)
    assert number(http, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == before


SECRET = "http://secret.example/told"


def reaching(address: str, file: str) -> list[str]:
    """Return queries that would make an engine call an address or read a file."""
    body = "{ ?s ?p ?o }"
    return [
        f"SELECT * {{ SERVICE <{address}> {body} }}",
        f"SELECT * {{ SERVICE SILENT <{address}> {body} }}",
        f"SELECT * {{ service<{address}>{body} }}",
        f"SELECT * {{ VALUES ?g {{ <{address}> }} SERVICE ?g {body} }}",
        f"SELECT * {{ VALUES ?g {{ <{address}> }} SERVICE SILENT ?g {body} }}",
        f"PREFIX a: <{address}> SELECT * {{ SERVICE a: {body} }}",
        f"SELECT * {{ OPTIONAL {{ SERVICE <{address}> {body} }} }}",
        f"SELECT * {{ {{ SELECT * {{ SERVICE <{address}> {body} }} }} }}",
        f"ASK {{ FILTER EXISTS {{ SERVICE <{address}> {body} }} }}",
        f"ASK {{ FILTER NOT EXISTS {{ SERVICE <{address}> {body} }} }}",
        f"ASK {{ {{}} UNION {{ SERVICE <{address}> {body} }} }}",
        f"ASK {{ MINUS {{ SERVICE <{address}> {body} }} }}",
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ SERVICE <{address}> {body} }}",
        f"DESCRIBE ?s WHERE {{ SERVICE <{address}> {body} }}",
        f"SELECT (EXISTS {{ SERVICE <{address}> {body} }} AS ?x) {{}}",
        f"SELECT * {{ SERVICE # a comment\n <{address}> {body} }}",
        f"SELECT * {{ SERVICESILENT<{address}>{body} }}",
        f'ASK {{ FILTER(1<2#> """\n) SERVICE <{address}> {body} # """\n }}',
        f"ASK {{ FILTER(1<2&&'>' != '<') SERVICE <{address}> {body} }}",
        f"PREFIX : <{address}> ASK {{ SERVICE:x {body} }}",
        f"PREFIX e: <{address}> ASK {{ ?s ?p true.SERVICESILENTe:x {body} }}",
        f"SELECT * FROM <{address}> {body}",
        f"SELECT * FROM NAMED <{address}> {{ GRAPH ?g {body} }}",
        f"CONSTRUCT WHERE {body}".replace("WHERE", f"FROM <{address}> WHERE"),
        f"DESCRIBE <{address}> FROM <{address}>",
        f"SELECT * FROM <{file}> {body}",
        f"SELECT * FROM NAMED <{file}> {{ GRAPH ?g {body} }}",
        f"ASK FROM <{file}> {body}",
    ]


def test_no_query_reaches_the_network_or_a_file(http: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("secret") / "secret.nt"
    file.write_text(f"<{SECRET}> <{SECRET}> <{SECRET}> .\n", "utf-8")
    with listening() as listener:
        queries = reaching(listener.address, file.as_uri())
        for query in queries:
            problem = assert_problem(send(http, "form", query), 400, 403)
            if "service" in query.lower() and "FROM" not in query:
                assert "SERVICE" in problem["detail"] or ("<2" in query and "after <" in problem["detail"]), query
        for name in ("default-graph-uri", "named-graph-uri"):
            for graph in (listener.address, file.as_uri()):
                assert_problem(send(http, "get", "SELECT * { ?s ?p ?o }", [(name, graph)]), 400, 403)
        escaped = f"SELECT * {{ \\u0053ERVICE <{listener.address}> {{ ?s ?p ?o }} }}"
        assert_problem(send(http, "form", escaped), 400, 403)
        for graph in (listener.address, file.as_uri()):
            answer = send(http, "form", f"SELECT * {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
            assert answer.status_code == 200
            assert SECRET.encode() not in answer.content
        assert listener.calls() == []


@pytest.mark.parametrize(
    "query",
    [
        'SELECT ("SERVICE <http://x/> { } FROM <file:///x>" AS ?x) {}',
        "SELECT ('''SERVICE <http://x/> LOAD''' AS ?x) {} # SERVICE <http://x/> {}",
        "PREFIX service: <http://x/> SELECT ?SERVICE { ?SERVICE service:SERVICE ?load OPTIONAL { ?load <http://x/FROM> ?from } }",
        "PREFIX FROM: <http://x/> SELECT * { ?s FROM:SERVICE ?o }",
        "SELECT * { ?s ?p 'a'@service }",
        "SELECT * { _:SERVICE ?p ?o } LIMIT 1",
    ],
)
def test_words_that_only_look_like_reaching_out_are_answered(query: str, http: httpx.Client) -> None:
    assert send(http, "form", query).status_code == 200


# -- 406 and format= ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("query", "accept"), [(SELECT, "text/turtle"), (ASK, "image/png"), (CONSTRUCT, JSON), (SELECT, "*/*;q=0")]
)
def test_what_the_query_form_lacks_is_not_acceptable(query: str, accept: str, way: str, http: httpx.Client) -> None:
    problem = assert_problem(send(http, way, query, headers={"accept": accept}), 406)
    assert problem["offers"]
    for offer in problem["offers"]:
        assert send(http, way, query, headers={"accept": offer["type"]}).status_code == 200
        if way == "get":
            assert http.get(offer["href"], headers={"accept": "image/png"}).status_code == 200


@pytest.mark.parametrize("name", ["ttl", "text/turtle", "nonsense"])
def test_format_that_the_query_form_lacks_is_refused(name: str, http: httpx.Client) -> None:
    assert_problem(send(http, "form", SELECT, [("format", name)]), 400, 406)


# -- 413, 414, 415, 431, Host ------------------------------------------------------------------------------------------


def test_body_is_limited_in_every_way(server: Server, http: httpx.Client) -> None:
    large = ("ASK {} #" + "x" * 10_000_000).encode()
    for kind, body in ((DIRECT, large), (FORM, b"query=" + large)):
        assert_problem(http.post("sparql", content=body, headers={"content-type": kind}), 413)
    head = request_bytes("/sparql", f"Content-Type: {DIRECT}", "Transfer-Encoding: chunked", method="POST")
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    chunked = head + piece * 160 + b"0\r\n\r\n"
    assert first_status(server, chunked) == 413


def test_length_that_is_only_claimed_is_refused_before_it_is_sent(server: Server) -> None:
    claimed = request_bytes("/sparql", f"Content-Type: {DIRECT}", "Content-Length: 100000000000", method="POST")
    assert first_status(server, claimed) == 413


def first_status(server: Server, request: bytes) -> int:
    """Send a request whose rest the server may refuse to read, and return the status of the answer."""
    try:
        return parse_answer(server.raw(request)).status
    except (BrokenPipeError, ConnectionResetError):
        return 0


def test_address_is_limited(server: Server) -> None:
    answer = parse_answer(server.raw(request_bytes("/sparql?query=" + quote("ASK {} #" + "x" * 300_000))))
    assert answer.status == 414


def test_long_query_is_answered_by_either_method(http: httpx.Client) -> None:
    query = ASK + " #" + "x" * 6_000
    for way in WAYS:
        assert ask(http, query, way=way)
    assert ask(http, ASK + " #" + "x" * 500_000)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/json", "multipart/form-data; boundary=x", "application/sparql", "x", "", "text/turtle"],
)
def test_body_of_another_type_is_not_supported(kind: str, http: httpx.Client) -> None:
    answer = http.post("sparql", content=b"query=ASK%7B%7D", headers={"content-type": kind})
    problem = assert_problem(answer, 415)
    assert DIRECT in problem["detail"]
    assert FORM in problem["detail"]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
def test_coded_body_is_not_supported(coding: str, http: httpx.Client) -> None:
    headers = {"content-type": DIRECT, "content-encoding": coding}
    assert_problem(http.post("sparql", content=b"\x1f\x8b\x08\x00", headers=headers), 415)


@pytest.mark.parametrize("kind", [f"{DIRECT}; charset=ISO-8859-1", f"{FORM}; charset=utf-16", f"{DIRECT}; charset=x"])
def test_another_charset_is_not_supported(kind: str, http: httpx.Client) -> None:
    assert_problem(http.post("sparql", content=b"query=ASK%7B%7D", headers={"content-type": kind}), 415)


def test_header_fields_are_limited_in_size_and_number(server: Server, http: httpx.Client) -> None:
    one = request_bytes(sparql(ASK), "X-Long: " + "x" * 100_000)
    many = request_bytes(sparql(ASK), *(f"X-{n}: y" for n in range(2_000)))
    for request in (one, many):
        assert first_status(server, request) == 431
    assert http.get(sparql(ASK), headers={f"x-{n}": "y" * 50 for n in range(40)}).status_code == 200


@pytest.mark.parametrize("hosts", [(), ("a.example", "b.example"), ("a.example", "a.example"), ("a b",)])
def test_a_request_names_exactly_one_host(hosts: tuple[str, ...], server: Server) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    request = f"GET {sparql(ASK)} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()
    assert parse_answer(server.raw(request)).status == 400


# -- faults of queries are not faults of the service ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (<http://x.example/f>(1) AS ?y) {}",
        "ASK { FILTER(<http://x.example/f>()) }",
        "SELECT (<http://x.example/agg>(DISTINCT ?s) AS ?y) { ?s ?p ?o }",
        "SELECT * { ?s ?p ?o FILTER(REGEX(STR(?s), '[')) }",
        "SELECT (REPLACE('a', '(', 'b') AS ?x) {}",
        "SELECT (1/0 AS ?x) (STRDT('x', <http://www.w3.org/2001/XMLSchema#integer>) + 1 AS ?y) {}",
        "SELECT (IRI('a b') AS ?x) (STRLANG('x', 'not a tag') AS ?y) (SUBSTR('x', -5, 1e300) AS ?z) {}",
        "SELECT (SUM(?o) AS ?x) (AVG(?o) AS ?y) { ?s ?p ?o }",
        "SELECT * {} LIMIT 99999999999999999999999",
        "SELECT * {} OFFSET 99999999999999999999999",
        "SELECT (9223372036854775807 + 1 AS ?x) (-9223372036854775808 / -1 AS ?y) (ABS(-9223372036854775808) AS ?z) {}",
        "SELECT (YEAR('9999999999999-01-01T00:00:00Z'^^<http://www.w3.org/2001/XMLSchema#dateTime>) AS ?x) {}",
        "SELECT * { ?s ?p ?o } ORDER BY <http://x.example/f>(?s)",
        "SELECT * { VALUES (?x ?y) { (1) } }",
        "SELECT * { BIND(1 AS ?x) BIND(2 AS ?x) }",
        "CONSTRUCT { ?o ?p ?s } WHERE { ?s ?p ?o } LIMIT 5",
        "CONSTRUCT { [] ?p [] . ?s a [] } WHERE { ?s ?p ?o } LIMIT 5",
    ],
)
def test_a_query_that_cannot_be_evaluated_is_never_an_internal_error(query: str, http: httpx.Client) -> None:
    for accept in ("*/*", "text/csv, text/turtle", "application/sparql-results+xml, application/rdf+xml"):
        answer = send(http, "form", query, headers={"accept": accept})
        assert answer.status_code in {200, 400, 406}, (
            answer.text
        )  # 406: what the format cannot write, such as control characters
        if answer.status_code != 200:
            assert_problem(answer, answer.status_code)
