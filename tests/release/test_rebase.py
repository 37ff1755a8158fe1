"""Names are rewritten a text at a time where that is safe, and give what rewriting line by line gives."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from solnum_ld.iris import Names
from solnum_ld.rdf import to_bytes
from solnum_ld.release.rebase import Rebaser

SPACE = "http://s.example/"
DEPLOYMENTS = st.sampled_from(["http://b.example/", "http://s.example/b/", "http://s/", SPACE])
ENDS = st.sampled_from(["", "id/a", "def", "def#K", "def/x", "define", "shapes", "shapes/S", "shape", "graph/g"])
IRIS = st.builds(
    ox.NamedNode,
    st.builds(
        str.__add__, st.sampled_from([SPACE] * 9 + ["http://b.example/", "http://s.example/b/", "http://x/?u="]), ENDS
    ),
)
TEXTS = st.lists(
    st.sampled_from(
        [f"<{SPACE}id/a>", SPACE, '"', "\\", "> ", ' "', "^^<", "é", "\n", f'"^^<{SPACE}', "<http://b.example/"]
    ),
    max_size=5,
).map("".join)
LITERALS = (
    st.builds(ox.Literal, TEXTS)
    | st.builds(lambda text: ox.Literal(text, language="fr"), TEXTS)
    | st.builds(lambda text, kind: ox.Literal(text, datatype=kind), TEXTS, IRIS)
)
PREDICATES = (
    st.sampled_from([ox.NamedNode(f"{SPACE}p")] * 5 + [ox.NamedNode("http://rdfs.org/ns/void#uriSpace")]) | IRIS
)
QUADS = st.builds(ox.Quad, IRIS, PREDICATES, LITERALS | IRIS, IRIS)


@settings(max_examples=400)
@given(st.lists(QUADS, min_size=1, max_size=2), DEPLOYMENTS)
def test_a_text_is_rewritten_as_its_terms_are(quads: list[ox.Quad], base: str) -> None:
    names = Names(SPACE, base, base)

    def moved(term: ox.NamedNode | ox.Literal, predicate: str = "") -> ox.NamedNode | ox.Literal:
        if isinstance(term, ox.NamedNode):
            return ox.NamedNode(names.rebase(term.value))
        declares = predicate == "http://rdfs.org/ns/void#uriSpace" and term == ox.Literal(SPACE)
        return ox.Literal(base) if declares else term

    expected = [
        ox.Quad(moved(q.subject), moved(q.predicate), moved(q.object, q.predicate.value), moved(q.graph_name))
        for q in quads
    ]
    text = to_bytes(quads, ox.RdfFormat.N_QUADS)
    assert Rebaser(names).apply(text) == to_bytes(expected, ox.RdfFormat.N_QUADS)


def test_where_nothing_is_to_be_renamed_nothing_is() -> None:
    text = f'<{SPACE}id/a> <{SPACE}p> "<{SPACE}>" <{SPACE}g> .\n'.encode()
    assert Rebaser(Names(SPACE, SPACE, SPACE)).apply(text) == text
