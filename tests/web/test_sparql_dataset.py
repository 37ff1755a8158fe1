"""The dataset of a query: the default graph, named graphs, FROM and its counterparts of the protocol (SPARQL 1.1 Query, 13)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import rdflib
from endpoint import NEXT, ONE, THREE, TWO, WAYS, P, ask, assert_problem, number, read_graph, rows, send

from support import serving

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
VOID = rdflib.Namespace("http://rdfs.org/ns/void#")
VALUES = f"SELECT ?v {{ ?s <{P}> ?v }} ORDER BY ?v"
COUNT = f"SELECT (COUNT(*) AS ?n) {{ ?s <{P}> ?v }}"


def values(
    client: httpx.Client, dataset: str = "", parameters: list[tuple[str, str]] | None = None, way: str = "form"
) -> list[int]:
    """Return the objects of P in the default graph of a dataset, in order, each as often as it is a solution."""
    query = VALUES.replace("{", f"{dataset} WHERE {{", 1)
    return [int(row["v"]) for row in rows(client, query, parameters or [], way)]


def default(*graphs: str) -> list[tuple[str, str]]:
    return [("default-graph-uri", graph) for graph in graphs]


def named(*graphs: str) -> list[tuple[str, str]]:
    return [("named-graph-uri", graph) for graph in graphs]


# -- no dataset is asked for -----------------------------------------------------------------------------------------------


def test_union_holds_every_triple_once(graphs: httpx.Client) -> None:
    assert values(graphs) == [0, 1, 2, 3, 4, 5, 9]
    assert number(graphs, COUNT) == 7


def test_strict_default_graph_holds_what_the_source_leaves_in_no_graph(strict: httpx.Client) -> None:
    assert values(strict) == [0, 5, 9]
    assert (
        number(
            strict,
            "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(STRSTARTS(STR(?s), STR(?base))) }".replace(
                "STR(?base)", f'"{strict.base_url}id/"'
            ),
        )
        == 5
    )


@pytest.mark.parametrize("name", ["graphs", "strict"])
def test_each_named_graph_holds_its_own(name: str, request: pytest.FixtureRequest) -> None:
    client: httpx.Client = request.getfixturevalue(name)
    query = f"SELECT ?g ?v {{ GRAPH ?g {{ ?s <{P}> ?v }} }}"
    found: dict[str, list[int]] = {}
    for row in rows(client, query):
        found.setdefault(row["g"].replace(str(client.base_url), "/"), []).append(int(row["v"]))
    inside = {ONE: [1, 9], TWO: [2, 9], THREE: [3], "/graph/ours": [4]}
    if name == "graphs":
        assert found.pop("/graph/plain") == [5]
    found.pop("/graph/graphs", None)  # where a build keeps the triples that a file of quads leaves in no graph
    assert {graph: sorted(numbers) for graph, numbers in found.items()} == inside
    assert ask(client, f"ASK {{ GRAPH <{ONE}> {{ ?s <{P}> 1 }} }}")
    assert not ask(client, f"ASK {{ GRAPH <{ONE}> {{ ?s <{P}> 2 }} }}")
    assert not ask(client, "ASK { GRAPH <http://nowhere.example/> { ?s ?p ?o } }")


def test_strict_graphs_are_those_of_the_source_and_none_that_the_build_computes(
    graphs: httpx.Client, strict: httpx.Client
) -> None:
    query = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    stated = {ONE, TWO, THREE, "/graph/ours"}
    computed = {"/graph/catalogue", "/graph/statistics"}
    for client, added in ((graphs, computed), (strict, set[str]())):
        base = str(client.base_url)
        found = {row["g"].replace(base, "/") for row in rows(client, query)}
        assert found & (stated | computed) == stated | added
        described = read_graph(client.get("sparql", headers={"accept": "text/turtle"}).content, "text/turtle")
        named = {
            str(graph) for node in described.objects(None, SD.namedGraph) for graph in described.objects(node, SD.name)
        }
        assert {graph.replace(base, "/") for graph in named} == found
        for graph in computed:
            status = send(client, "form", f"ASK FROM <{base}{graph[1:]}> {{}}").status_code
            assert status == (200 if client is graphs else 403), graph
        statistics = read_graph(
            client.get(".well-known/void", headers={"accept": "text/turtle"}).content, "text/turtle"
        )
        assert any(statistics.triples((None, VOID.classPartition, None)))
        assert client.get("graph/statistics", follow_redirects=True).status_code == 200  # what its parts are named by


def test_a_source_may_call_a_graph_as_the_build_calls_its_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    stated = "<http://data.example.org/graph/statistics> { <http://data.example.org/id/x> <http://e.example/p> 3 }"
    (source / "a.trig").write_text(stated, "utf-8")
    options = ("--default-graph", "strict", "--no-shacl")
    with serving(source, tmp_path / "releases", *options) as server, httpx.Client(base_url=server.base) as client:
        (row,) = rows(client, "SELECT ?g ?n { GRAPH ?g { ?s <http://e.example/p> ?n } }")
        assert row == {"g": f"{client.base_url}graph/statistics", "n": "3"}
        assert ask(client, f"ASK FROM <{row['g']}> {{ ?s <http://e.example/p> 3 }}")
        assert "http://e.example/p> 3" not in client.get(".well-known/void", headers={"accept": "text/turtle"}).text


def test_graphs_of_the_source_are_named_by_the_deployment(graphs: httpx.Client) -> None:
    assert ask(graphs, f"ASK {{ GRAPH <{graphs.base_url}graph/ours> {{ ?s <{P}> 4 }} }}")
    assert not ask(graphs, f"ASK {{ GRAPH <http://data.example.org/graph/ours> {{ ?s <{P}> 4 }} }}")


# -- FROM, FROM NAMED ------------------------------------------------------------------------------------------------------

DATASETS = [
    pytest.param([ONE], [], [1, 9], [], id="one default"),
    pytest.param([ONE, TWO], [], [1, 2, 9], [], id="two defaults"),
    pytest.param([TWO, ONE, ONE], [], [1, 2, 9], [], id="one of them twice"),
    pytest.param([ONE, TWO, THREE], [], [1, 2, 3, 9], [], id="three defaults"),
    pytest.param([], [ONE], [], [1, 9], id="one named"),
    pytest.param([], [ONE, THREE], [], [1, 3, 9], id="two named"),
    pytest.param([], [ONE, TWO], [], [1, 2, 9, 9], id="two named that share a triple"),
    pytest.param([ONE], [TWO], [1, 9], [2, 9], id="one default, one named"),
    pytest.param([ONE], [ONE], [1, 9], [1, 9], id="the same default and named"),
    pytest.param([ONE, TWO], [THREE], [1, 2, 9], [3], id="two defaults, one named"),
]


@pytest.mark.parametrize("name", ["graphs", "strict"])
@pytest.mark.parametrize(("defaults", "nameds", "merged", "apart"), DATASETS)
def test_from_means_exactly_those_graphs(
    defaults: list[str],
    nameds: list[str],
    merged: list[int],
    apart: list[int],
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    client: httpx.Client = request.getfixturevalue(name)
    dataset = "".join(f" FROM <{graph}>" for graph in defaults) + "".join(f" FROM NAMED <{graph}>" for graph in nameds)
    assert values(client, dataset) == merged
    assert number(client, COUNT.replace("{", f"{dataset} WHERE {{", 1)) == len(merged)
    query = f"SELECT ?v {dataset} WHERE {{ GRAPH ?g {{ ?s <{P}> ?v }} }} ORDER BY ?v"
    assert [int(row["v"]) for row in rows(client, query)] == apart


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("defaults", "nameds", "merged", "apart"), DATASETS)
def test_parameters_of_the_protocol_mean_the_same(
    defaults: list[str], nameds: list[str], merged: list[int], apart: list[int], way: str, graphs: httpx.Client
) -> None:
    parameters = [*default(*defaults), *named(*nameds)]
    assert values(graphs, "", parameters, way) == merged
    query = f"SELECT ?v {{ GRAPH ?g {{ ?s <{P}> ?v }} }} ORDER BY ?v"
    assert [int(row["v"]) for row in rows(graphs, query, parameters, way)] == apart


@pytest.mark.parametrize("way", WAYS)
def test_parameters_go_before_what_the_query_says(way: str, graphs: httpx.Client) -> None:
    assert values(graphs, f"FROM <{ONE}>", default(TWO), way) == [2, 9]
    assert values(graphs, f"FROM NAMED <{ONE}>", default(TWO), way) == [2, 9]
    query = f"SELECT ?v FROM <{ONE}> FROM NAMED <{ONE}> {{ GRAPH ?g {{ ?s <{P}> ?v }} }} ORDER BY ?v"
    assert [row["v"] for row in rows(graphs, query, named(THREE), way)] == ["3"]
    assert values(graphs, f"FROM <{ONE}>", named(THREE), way) == []


def test_graphs_of_files_and_of_the_deployment_can_be_asked_for(graphs: httpx.Client) -> None:
    assert values(graphs, f"FROM <{graphs.base_url}graph/plain>") == [5]
    assert values(graphs, f"FROM <{graphs.base_url}graph/ours> FROM <{graphs.base_url}graph/plain>") == [4, 5]


def test_prefixed_and_relative_names_of_graphs(graphs: httpx.Client) -> None:
    query = (
        f"PREFIX g: <http://graphs.example.net/> SELECT ?v FROM g:one FROM NAMED g:two {{ ?s <{P}> ?v }} ORDER BY ?v"
    )
    assert [row["v"] for row in rows(graphs, query)] == ["1", "9"]
    query = f"BASE <http://graphs.example.net/> SELECT ?v FROM <two> {{ ?s <{P}> ?v }} ORDER BY ?v"
    assert [row["v"] for row in rows(graphs, query)] == ["2", "9"]


MERGED = f"FROM <{ONE}> FROM <{TWO}>"
SHAPES = [
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> 9 }}", 1, id="one pattern"),
    pytest.param(f"SELECT (COUNT(?v) AS ?n) {MERGED} {{ ?s <{P}> ?v }}", 3, id="count of a variable"),
    pytest.param(f"SELECT (SUM(?v) AS ?n) {MERGED} {{ ?s <{P}> ?v }}", 12, id="sum"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> 9 . ?t <{P}> 9 }}", 1, id="join"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> ?v . ?t <{P}> ?w }}", 9, id="product"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ {{ ?s <{P}> 9 }} UNION {{ ?s <{P}> 9 }} }}", 2, id="union keeps both arms"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> 1 OPTIONAL {{ ?t <{P}> 9 }} }}", 1, id="optional"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ {{ SELECT * {{ ?s <{P}> 9 }} }} }}", 1, id="subquery"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ {{ SELECT (COUNT(*) AS ?m) {{ ?s <{P}> ?v }} }} FILTER(?m = 3) }}", 1, id="count in a subquery"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s ?any 9 }}", 1, id="any predicate"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s (<{P}>|<http://x/>) 9 }}", 1, id="alternative path"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ 9 ^<{P}> ?s }}", 1, id="inverse path"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{NEXT}>/<{NEXT}> ?t }}", 1, id="sequence path"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{NEXT}>+ ?t }}", 3, id="closure across both"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s !(<http://x/>|a) 9 }}", 1, id="negated set"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> ?v MINUS {{ ?s <{P}> 9 }} }}", 2, id="minus"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> ?v FILTER EXISTS {{ ?s <{P}> 9 }} }}", 1, id="exists"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ ?s <{P}> ?v FILTER NOT EXISTS {{ ?t <{P}> 3 }} }}", 3, id="not exists"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} FROM NAMED <{ONE}> {{ ?s <{P}> 9 GRAPH ?g {{ ?s <{P}> 9 }} }}", 1, id="with a named graph"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ {{ SELECT ?s {{ ?s <{P}> ?v }} ORDER BY ?v LIMIT 3 OFFSET 1 }} }}", 2, id="page"),
    pytest.param(f"SELECT (COUNT(*) AS ?n) {MERGED} {{ {{ SELECT REDUCED ?s {{ ?s <{P}> 9 }} }} }}", 1, id="reduced"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), SHAPES)
def test_a_triple_of_two_graphs_counts_once_when_they_are_merged(
    query: str, expected: int, graphs: httpx.Client
) -> None:
    assert number(graphs, query) == expected
    without = query.replace(MERGED, "", 1)
    if "FROM" not in without:
        assert number(graphs, without, default(ONE, TWO)) == expected


def test_merged_graphs_feed_every_query_form(graphs: httpx.Client) -> None:
    assert ask(graphs, f"ASK {MERGED} {{ ?s <{P}> 1 . ?t <{P}> 2 }}")
    assert not ask(graphs, f"ASK {MERGED} {{ ?s <{P}> 3 }}")
    answer = send(
        graphs,
        "form",
        f"CONSTRUCT {{ ?s <{P}> ?v }} {MERGED} WHERE {{ ?s <{P}> ?v }}",
        headers={"accept": "application/n-triples"},
    )
    assert len(answer.text.splitlines()) == 3
    answer = send(
        graphs, "form", f"DESCRIBE ?s {MERGED} WHERE {{ ?s <{P}> 9 }}", headers={"accept": "application/n-triples"}
    )
    assert len(read_graph(answer.content, "application/n-triples")) >= 1


@pytest.mark.parametrize(
    "graph", ["http://nowhere.example/", "https://example.org/data.ttl", "urn:x:none", "file:///etc/hostname"]
)
def test_unknown_graph_is_refused_by_name(graph: str, graphs: httpx.Client) -> None:
    for dataset in (f"FROM <{graph}>", f"FROM <{ONE}> FROM <{graph}>", f"FROM NAMED <{graph}>"):
        problem = assert_problem(send(graphs, "form", f"SELECT * {dataset} {{ ?s ?p ?o }}"), 400, 403)
        assert graph in problem["detail"]
    for name in ("default-graph-uri", "named-graph-uri"):
        for way in WAYS:
            problem = assert_problem(send(graphs, way, "SELECT * { ?s ?p ?o }", [(name, graph)]), 400, 403)
            assert graph in problem["detail"]


def test_dataset_is_part_of_what_is_kept(graphs: httpx.Client) -> None:
    """Answers by GET come from a cache: another dataset is another answer, in whatever order it is written."""
    one, two = (send(graphs, "get", VALUES, default(graph)) for graph in (ONE, TWO))
    assert one.content != two.content
    assert one.headers["etag"] != two.headers["etag"]
    assert values(graphs, "", default(ONE, TWO), "get") == values(graphs, "", default(TWO, ONE), "get")
    assert values(graphs, "", named(ONE), "get") == []
