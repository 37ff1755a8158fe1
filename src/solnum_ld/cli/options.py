"""The options that several commands share, and those of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solnum_ld.config import DefaultGraph

PLACES = "Names, addresses, releases"
LIMITS = "Limits of queries"
CHOICES = "Yes or no"

DirArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR", help="Folder of RDF files; the bundled book when it is left out.", show_default=False
    ),
]
HostOption = Annotated[
    str,
    typer.Option(
        "--host", envvar="SOLNUM_HOST", metavar="ADDRESS", rich_help_panel=PLACES, help="Address to listen on."
    ),
]
PortOption = Annotated[
    int,
    typer.Option(
        "--port",
        envvar="SOLNUM_PORT",
        min=0,
        max=65535,
        metavar="PORT",
        rich_help_panel=PLACES,
        help="Port to listen on; 0 takes a free one.",
    ),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base-uri",
        envvar="SOLNUM_BASE_URI",
        metavar="IRI",
        rich_help_panel=PLACES,
        help="What names things; default: the server's own address.",
        show_default=False,
    ),
]
PublicOption = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        envvar="SOLNUM_PUBLIC_URL",
        metavar="URL",
        rich_help_panel=PLACES,
        help="Where documents answer; default: the base.",
        show_default=False,
    ),
]
ReleasesOption = Annotated[
    Path | None,
    typer.Option(
        "--releases",
        envvar="SOLNUM_RELEASES",
        metavar="DIR",
        rich_help_panel=PLACES,
        help="Folder for releases; default: one per source and base in your state folder.",
        show_default=False,
    ),
]
ContactOption = Annotated[
    str | None,
    typer.Option(
        "--contact",
        envvar="SOLNUM_CONTACT",
        metavar="MAIL",
        rich_help_panel=PLACES,
        help="Address that answers; a public base needs one.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
ShaclOption = Annotated[
    bool, typer.Option("--shacl/--no-shacl", rich_help_panel=CHOICES, help="Validate against the source's shapes.")
]
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait", rich_help_panel=CHOICES, help="Wait for another build in the same folder, or stop at once."
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers",
        envvar="SOLNUM_WORKERS",
        min=1,
        max=1024,
        metavar="N",
        rich_help_panel=LIMITS,
        help="Long queries that are answered at once; each has a process.",
    ),
]
QueryTimeoutOption = Annotated[
    float,
    typer.Option(
        "--query-timeout",
        envvar="SOLNUM_QUERY_TIMEOUT",
        min=0.1,
        max=86_400,
        metavar="S",
        rich_help_panel=LIMITS,
        help="Seconds a visitor's query may take.",
    ),
]
QueryMemoryOption = Annotated[
    int,
    typer.Option(
        "--query-memory",
        envvar="SOLNUM_QUERY_MEMORY",
        min=16,
        metavar="MIB",
        rich_help_panel=LIMITS,
        help="Memory a visitor's query may take, in MiB.",
    ),
]
MaxRowsOption = Annotated[
    int,
    typer.Option(
        "--max-rows",
        envvar="SOLNUM_MAX_ROWS",
        min=1,
        metavar="N",
        rich_help_panel=LIMITS,
        help="Rows or triples that one answer may have.",
    ),
]
MaxBytesOption = Annotated[
    int,
    typer.Option(
        "--max-bytes",
        envvar="SOLNUM_MAX_BYTES",
        min=1,
        metavar="MIB",
        rich_help_panel=LIMITS,
        help="Size that one answer may have, in MiB.",
    ),
]
QueueOption = Annotated[
    int,
    typer.Option(
        "--queue",
        envvar="SOLNUM_QUEUE",
        min=0,
        metavar="N",
        rich_help_panel=LIMITS,
        help="Queries that may wait; the next ones get 503.",
    ),
]
ClientConcurrencyOption = Annotated[
    int,
    typer.Option(
        "--client-concurrency",
        envvar="SOLNUM_CLIENT_CONCURRENCY",
        min=1,
        metavar="N",
        rich_help_panel=LIMITS,
        help="Queries of one client at once; the next ones get 429.",
    ),
]
ClientRateOption = Annotated[
    float,
    typer.Option(
        "--client-rate",
        envvar="SOLNUM_CLIENT_RATE",
        min=0.0,
        metavar="N",
        rich_help_panel=LIMITS,
        help="Queries a second of one client; 0: as many as it likes.",
    ),
]
TrustedProxyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--trusted-proxy",
        envvar="SOLNUM_TRUSTED_PROXY",
        metavar="ADDRESS",
        rich_help_panel=LIMITS,
        help="Address or CIDR block whose X-Forwarded-For is believed; repeatable.",
        show_default=False,
    ),
]
DefaultGraphOption = Annotated[
    DefaultGraph,
    typer.Option(
        "--default-graph",
        envvar="SOLNUM_DEFAULT_GRAPH",
        help="What a query without FROM sees: the union of all graphs, or strictly what the source leaves in none.",
    ),
]
RewriteSchemaOption = Annotated[
    bool,
    typer.Option(
        "--rewrite-schema/--no-rewrite-schema",
        envvar="SOLNUM_REWRITE_SCHEMA",
        rich_help_panel=CHOICES,
        help="Let queries with http://schema.org/ find https://schema.org/, and the other way round.",
    ),
]
SlowQueryOption = Annotated[
    float,
    typer.Option(
        "--slow-query",
        envvar="SOLNUM_SLOW_QUERY",
        min=0.0,
        metavar="S",
        rich_help_panel=LIMITS,
        help="Seconds from which on a query is logged, without who asked.",
    ),
]
MetricsPortOption = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        envvar="SOLNUM_METRICS_PORT",
        min=1,
        max=65535,
        metavar="PORT",
        help="Port for Prometheus' metrics; none by default.",
        show_default=False,
    ),
]
CacheOption = Annotated[
    int,
    typer.Option(
        "--cache-mb", envvar="SOLNUM_CACHE_MB", min=1, metavar="MIB", help="Memory of the response cache, in MiB."
    ),
]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="SOLNUM_STORE",
        metavar="URL[,URL…]",
        help="Where statements are asked: embedded, or the SPARQL endpoints of engines that the release was published to.",
    ),
]
