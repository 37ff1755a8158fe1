"""Virtuoso's own ways: how it loads files, limits, fails, and what it takes that no standard knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from solnum_ld.errors import EngineFault, MalformedQuery, SolnumError
from solnum_ld.sparql.grammar import GrammarLeft, explain
from solnum_ld.sparql.kept import kept
from solnum_ld.sparql.scan import position, rewrite_iris, undeclared_prefix
from solnum_ld.store.faults import error_of, fault_of, moved
from solnum_ld.store.remote.engine import Engine, Reader, late
from solnum_ld.store.remote.layout import MERGED
from solnum_ld.store.remote.virtuoso.literals import kept_as_they_are
from solnum_ld.store.remote.virtuoso.reading import VirtuosoReader
from solnum_ld.store.remote.virtuoso.wording import (
    NOTHING,
    names_of,
    parsed,
    sent,
    unevaluated,
)


class Virtuoso(Engine):
    """Virtuoso 7, open source.

    It answers ASK with a row, and wrongly, writes blank nodes as IRIs and booleans as numbers, ends a query at its time limit with what
    it has found so far, in good order and with status 200 or 500, and takes much that is not SPARQL, functions of its database too.
    """

    name = "Virtuoso"
    server = "Virtuoso/"
    graph_store = "/sparql-graph-crud-auth"
    loader = "/sparql-auth"
    digest = True
    sorts_by_kind = True

    def loading(self, file: Path) -> Iterator[str]:
        """Yield the steps of its bulk loader, as functions in SPARQL; it keeps no log of what it loads, so that it is told to save.

        What it has loaded it never loads again under the same name, until the name is off its list; what a push that was killed
        left there it would load with the next.
        """
        off_the_list = f"bif:exec(\"delete from DB.DBA.LOAD_LIST where ll_file = '{file}'\")"  # noqa: S608 - a name of ours
        for call in (
            off_the_list,
            f'sql:ld_dir("{file.parent}", "{file.name}", "{MERGED}")',
            "sql:rdf_loader_run()",
            off_the_list,
            'bif:exec("checkpoint")',
        ):
            yield f"SELECT ({call} AS ?done) {{}}"

    def parameters(self, seconds: float) -> dict[str, str]:
        """Return the time limit in milliseconds; it is looked at every two seconds."""
        return {"timeout": str(int(seconds * 1000))}

    def worded(self, query: str, rows: int, graphs: Sequence[str], base: str, kinds: Mapping[str, str]) -> str:
        """Say what it would misread in other words, and bound the result, all of which it computes before it sends any."""
        return sent(query, rows, frozenset(graphs), base, tuple(sorted(kinds.items())))

    def written(self, lines: bytes) -> bytes:
        """Keep literals from it that it would not give back."""
        return kept_as_they_are(lines)

    def check(self, query: str) -> None:
        """Let nothing through that is not SPARQL 1.1."""
        _check(query)

    def check_headers(self, headers: Mapping[str, str], seconds: float) -> None:
        """Refuse what was cut at the time limit, or at a number of rows that its configuration has."""
        if headers.get("x-sql-state"):
            raise late(seconds)
        if headers.get("x-sparql-maxrows"):
            raise EngineFault("The engine cuts answers at a number of rows; its configuration is to be without.")

    def reader(self, query: str) -> Reader:
        """Return what mends its answer to a query line by line."""
        asked, truths = _read(query)
        return VirtuosoReader(asked=asked, truths=truths)

    def refusal(self, status: int, message: str, query: str, seconds: float) -> SolnumError:
        """Tell a function that is not known, and the time limit, from what the engine could not do."""
        if status == 500 and "Undefined procedure DB.DBA." in message:
            name = message.partition("Undefined procedure DB.DBA.")[2].split("\n")[0].rstrip(".")
            return MalformedQuery(f"The function <{name[:300]}> is not known here.")
        if status == 500 and (message.lstrip().startswith('{ "head"') or "S1TAT" in message or "S1T00" in message):
            return late(seconds)
        state = _STATE.match(message)
        return (_inability(state[1], message) if state else None) or super().refusal(status, message, query, seconds)


_STATE = re.compile(r"\s*Virtuoso (\w{5}) Error")
_OTHER_KIND = frozenset(("22003", "22005", "22007", "22023"))
_NOT_PLANNED = frozenset(("37000", "42000"))


def _inability(state: str, message: str) -> EngineFault | None:
    """Return what it means that the engine ends in this state over a query that is SPARQL; it is given no others."""
    if "transitive start not given" in message:
        return EngineFault(
            "The engine follows a path of any length (+ or *) only from a thing that is known. "
            "Name one of its ends, or bind one before."
        )
    if state == "22012":
        return EngineFault(
            "The engine stops over a division by zero, where the row should have no value. Keep it away with IF or FILTER."
        )
    if state in _OTHER_KIND:
        return EngineFault(
            "The engine stops where an expression meets a value of another kind, as a text among numbers, where the row "
            "should have no value. Ask for the kind before, with isNumeric() or isLiteral()."
        )
    if state in _NOT_PLANNED:
        return EngineFault(
            "The query is SPARQL, but the engine cannot put it into its own language. Ask in smaller steps, or nest less."
        )
    return None


@kept
def _check(query: str) -> None:
    missing = undeclared_prefix(query)
    try:
        parsed(query)
    except GrammarLeft:
        raise explain(query) or error_of(fault_of(SyntaxError(""), query).to_json()) from None
    if missing is not None:
        raise error_of(fault_of(SyntaxError(""), query).to_json())
    rewrite_iris(query, _no_builtin)
    _check_names(query)


@kept
def _read(query: str) -> tuple[bool, frozenset[str]]:
    """Return whether a query is an ASK, and its columns that are truth values."""
    taken = parsed(query)
    return taken.form == "ASK", taken.truths


def _check_names(query: str) -> None:
    """Raise MalformedQuery for a SELECT, right by its grammar, that groups, counts or names as SPARQL does not allow."""
    if parsed(query).form != "SELECT":
        return
    try:
        names_of(query)
    except RuntimeError:  # a function that is not known
        return
    except SyntaxError as error:
        start, end = parsed(query).pattern
        told = moved(str(error), *position(unevaluated(query), end + len(NOTHING)), 1)
        told = moved(told, *position(query, start), len(NOTHING))
        raise error_of(fault_of(SyntaxError(told), query).to_json()) from None


def _no_builtin(iri: str) -> str:
    if iri.lower().startswith(
        ("bif:", "sql:", "nodeid:", "http://www.openlinksw.com/schemas/bif#", "http://www.openlinksw.com/schemas/sql#")
    ):
        raise MalformedQuery("Functions and names of the engine's own are not known here.")
    return iri
