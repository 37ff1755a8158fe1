"""``query``: ask the current release without a server; ``doctor``: visit a deployment."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from solnum_ld.cli.building import read_settings
from solnum_ld.cli.options import BaseOption, HostOption, JsonOption, PortOption, ReleasesOption
from solnum_ld.cli.output import err, exit_codes, fail, language, out, said
from solnum_ld.config import DEFAULT_HOST, DEFAULT_PORT, Settings
from solnum_ld.errors import MalformedQuery, NotAcceptable
from solnum_ld.messages import listed


def query(
    text: Annotated[
        str | None,
        typer.Argument(metavar="QUERY", help="The query; - or nothing reads it from stdin.", show_default=False),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--source",
            metavar="DIR",
            help="Folder of RDF files; the bundled book when it is left out.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the query from a file.", show_default=False)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="json, xml, csv or tsv; ttl, nt, rdf, jsonld, trig or nq for graphs. Default: a table on a terminal, else CSV or Turtle.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    releases: ReleasesOption = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=86_400, metavar="SECONDS", help="Seconds the query may take.")
    ] = 300.0,
) -> None:
    """Ask the current release a SPARQL query, without a server.

    [bold]Examples[/]

      solnum-ld query 'SELECT ?s { ?s a <https://schema.org/Chapter> }'
      solnum-ld query --file question.rq --format csv > answer.csv
    """
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            fail(f"{file} cannot be read: {reason}.", as_json=as_json, code=2)
    elif text in (None, "-"):
        text = sys.stdin.read()
    with exit_codes(as_json=as_json):
        settings = read_settings(directory, host, port, base_uri, None, releases, None)
        try:
            asyncio.run(_ask(text or "", settings, "json" if as_json else form, timeout))
        except MalformedQuery as error:
            fail(_in_words(error), as_json=as_json, code=2)
        except NotAcceptable as error:
            fail(str(error), as_json=as_json, code=2)


def _in_words(error: MalformedQuery) -> str:
    """Return what is wrong with a query and what could stand there, in the language of messages."""
    mistake, _, expected = str(error).partition("; expected is ")
    if not expected:
        return mistake
    return f"{said(mistake)}{said('; expected is')} {listed(error.expected, language())}"


async def _ask(text: str, settings: Settings, form: str | None, timeout: float) -> None:  # noqa: ASYNC109 - the query's own limit
    """Print the answer of the current release to a query, block by block as it comes."""
    from solnum_ld.mediatypes import CSV, SPARQL_JSON, TURTLE
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.resources.describing import describe_query
    from solnum_ld.resources.jsonld import Context
    from solnum_ld.resources.representation import serialise
    from solnum_ld.sparql import QueryForm, parse_query
    from solnum_ld.store import open_store
    from solnum_ld.store.protocol import Limits

    query = parse_query(text)
    rows = query.form in (QueryForm.SELECT, QueryForm.ASK)
    table = form is None and out.is_terminal and query.form is QueryForm.SELECT
    default = SPARQL_JSON if table or query.form is QueryForm.ASK else CSV if rows else TURTLE
    names = {"json": "srj", "xml": "srx"} if rows else {"json": "jsonld", "xml": "rdf"}
    suffix = names.get(form, form) if form else default.suffix
    chosen = next((offer for offer in query.offers if offer.suffix == suffix), None)
    if chosen is None:
        known = ", ".join({"srj": "json", "srx": "xml"}.get(offer.suffix, offer.suffix) for offer in query.offers)
        raise NotAcceptable((), f"A {query.form} query can be printed as {known}; {form} is not one of them.")
    release = ReleaseFolder(settings.releases).current()
    limits = Limits(timeout, rows=1 << 31, bytes=1 << 40)
    store = open_store(release.path, workers=1, memory=0)
    try:
        if query.form is QueryForm.DESCRIBE:
            triples = await describe_query(store, query, limits, release.manifest)
            context = Context.read(release.path / "ontology" / "context.jsonld")
            sys.stdout.buffer.write(serialise(triples, chosen, context, release.manifest.names))
            return
        answer = await store.answer(query, chosen, limits)
        if table:
            _print_table(await answer.read())
            return
        last = answer.first
        sys.stdout.buffer.write(last)
        if answer.rest is not None:
            async for block in answer.rest:
                sys.stdout.buffer.write(block)
                last = block or last
        # JSON and XML end without an end of line, and the prompt would follow
        if sys.stdout.isatty() and not last.endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        await store.aclose()


def _print_table(body: bytes) -> None:
    data = json.loads(body)
    table = Table()
    for name in data["head"]["vars"]:
        table.add_column(name, overflow="fold")
    for row in data["results"]["bindings"]:
        table.add_row(*(escape(row[name]["value"]) if name in row else "" for name in data["head"]["vars"]))
    out.print(table)
    err.print(said(f"{len(data['results']['bindings'])} rows"))


def doctor(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a deployment, or of a catalogue.")],
    catalogue: Annotated[
        str, typer.Option("--catalog", metavar="URL", help="The catalogue, when it is not at its usual place.")
    ] = "",
    oai: Annotated[str, typer.Option("--oai", metavar="URL", help="The OAI-PMH repository; default: URL/oai.")] = "",
    sparql: Annotated[
        str,
        typer.Option("--sparql", metavar="URL", help="The SPARQL endpoint; default: the catalogue's, or URL/sparql."),
    ] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=86_400, metavar="SECONDS", help="Seconds a request may take.")
    ] = 30.0,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on risks too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Visit a deployment, yours or another's, as portals and clients do: what each understands or loses, why, and the remedy.

    [bold]Examples[/]

      solnum-ld doctor http://127.0.0.1:8000/
      solnum-ld doctor https://data.example.org/ --catalog https://data.example.org/catalogue.rdf --json
    """
    from solnum_ld.doctor.examination import examine
    from solnum_ld.doctor.telling import tell

    with exit_codes(as_json=as_json):
        report = examine(url, catalogue=catalogue, oai=oai, sparql=sparql, seconds=timeout)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n")
    else:
        for line in tell(report, language()):
            out.print(line, soft_wrap=True)
    raise typer.Exit(0 if report.healthy and not (strict and report.counts["risk"]) else 1)
