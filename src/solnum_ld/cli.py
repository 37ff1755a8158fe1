"""The command line: parses arguments, calls, prints, sets the exit code: 0 done, 1 the data is at fault, 2 misuse."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from solnum_ld import __version__
from solnum_ld.config import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    MIB,
    DefaultGraph,
    ServiceSettings,
    Settings,
    bundled_source,
    make_settings,
)
from solnum_ld.errors import (
    MalformedQuery,
    NoRelease,
    NotAcceptable,
    SettingsError,
    SolnumError,
    SourceError,
    SourceInvalid,
)
from solnum_ld.findings import Finding, Severity, count_by_severity

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from solnum_ld.release.folder import Standing
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.release.pipeline import Built
    from solnum_ld.web.clients import Clients

app = typer.Typer(
    name="solnum-ld",
    help="Publish a directory of RDF as linked data: validated releases, dereferencing, SPARQL, pages for people.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DirArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]", help="Folder of RDF files; the bundled book when it is left out.", show_default=False
    ),
]
HostOption = Annotated[str, typer.Option("--host", envvar="SOLNUM_HOST", help="Address to listen on.")]
PortOption = Annotated[
    int, typer.Option("--port", envvar="SOLNUM_PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base-uri",
        envvar="SOLNUM_BASE_URI",
        metavar="IRI",
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
        help="Address that answers; a public base needs one.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
ShaclOption = Annotated[bool, typer.Option("--shacl/--no-shacl", help="Validate against the source's shapes.")]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for another build in the same folder, or stop at once.")
]

WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers", envvar="SOLNUM_WORKERS", min=1, help="Long queries that are answered at once; each has a process."
    ),
]
QueryTimeoutOption = Annotated[
    float,
    typer.Option("--query-timeout", envvar="SOLNUM_QUERY_TIMEOUT", min=0.1, help="Seconds a visitor's query may take."),
]
QueryMemoryOption = Annotated[
    int,
    typer.Option(
        "--query-memory",
        envvar="SOLNUM_QUERY_MEMORY",
        min=16,
        metavar="MIB",
        help="Memory a visitor's query may take, in MiB.",
    ),
]
MaxRowsOption = Annotated[
    int, typer.Option("--max-rows", envvar="SOLNUM_MAX_ROWS", min=1, help="Rows or triples that one answer may have.")
]
MaxBytesOption = Annotated[
    int,
    typer.Option(
        "--max-bytes", envvar="SOLNUM_MAX_BYTES", min=1, metavar="MIB", help="Size that one answer may have, in MiB."
    ),
]
QueueOption = Annotated[
    int, typer.Option("--queue", envvar="SOLNUM_QUEUE", min=0, help="Queries that may wait; the next ones get 503.")
]
ClientConcurrencyOption = Annotated[
    int,
    typer.Option(
        "--client-concurrency",
        envvar="SOLNUM_CLIENT_CONCURRENCY",
        min=1,
        help="Queries of one client at once; the next ones get 429.",
    ),
]
ClientRateOption = Annotated[
    float,
    typer.Option(
        "--client-rate",
        envvar="SOLNUM_CLIENT_RATE",
        min=0.0,
        help="Queries a second of one client; 0: as many as it likes.",
    ),
]
TrustedProxyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--trusted-proxy",
        envvar="SOLNUM_TRUSTED_PROXY",
        metavar="ADDRESS",
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
        help="Let queries with http://schema.org/ find https://schema.org/, and the other way round.",
    ),
]
SlowQueryOption = Annotated[
    float,
    typer.Option(
        "--slow-query",
        envvar="SOLNUM_SLOW_QUERY",
        min=0.0,
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


class _Bars:
    """Progress on stderr: bars on a terminal, nothing elsewhere. Notes are printed in any case."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, text: str, total: int | None = None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=total)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def note(self, text: str) -> None:
        err.print(escape(text))


@contextlib.contextmanager
def _exit_codes(*, as_json: bool = False) -> Iterator[None]:
    """Turn errors into one message and an exit code."""
    try:
        yield
    except SourceInvalid as error:
        _print_findings(error.findings, as_json=as_json, conforms=False)
        if not as_json:
            err.print(f"[bold red]{escape(str(error))}[/] The previous release, if any, is untouched.")
        raise typer.Exit(1) from None
    except SourceError as error:
        _fail(str(error), as_json=as_json, code=2)
    except NoRelease as error:
        _fail(str(error), as_json=as_json, code=1)
    except SolnumError as error:
        _fail(str(error), as_json=as_json, code=2 if isinstance(error, SettingsError) else 1)
    except KeyboardInterrupt:
        err.print("Stopped.")
        raise typer.Exit(130) from None


def _fail(message: str, *, as_json: bool, code: int) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": message}, ensure_ascii=False) + "\n")
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def _language() -> str:
    """Return the language of messages: that of the terminal's locale, English by default."""
    return (
        "fr"
        if (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "").startswith("fr")
        else "en"
    )


_COLOURS = {Severity.VIOLATION: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def _print_findings(findings: tuple[Finding, ...] | list[Finding], *, as_json: bool, conforms: bool) -> None:
    """Print findings: as JSON on stdout, or in words on stderr."""
    from solnum_ld.release.report import worst_first

    if as_json:
        data = {
            "conforms": conforms,
            "counts": count_by_severity(findings),
            "results": [f.as_dict() for f in worst_first(findings)],
        }
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
        return
    language = _language()
    for finding in worst_first(findings):
        place = f"{finding.place}: " if finding.place else ""
        colour = _COLOURS[finding.severity]
        err.print(
            f"[bold]{escape(place)}[/][{colour}]{finding.severity}[/]: {escape(finding.message(language))} [dim]({escape(finding.rule)})[/]",
            soft_wrap=True,
        )
        if finding.iri:
            err.print(
                f"    resource: {escape(f'{finding.label} ' if finding.label else '')}<{escape(finding.iri)}>",
                soft_wrap=True,
            )
        for name, value in (
            ("property", finding.path),
            ("value", finding.value),
            ("shape", finding.shape),
            ("to mend", finding.remedy),
        ):
            if value:
                err.print(f"    {name + ':':9} {escape(value)}", soft_wrap=True)
    counts = ", ".join(f"{n} {name}{'s' if n != 1 else ''}" for name, n in count_by_severity(findings).items() if n)
    if counts:
        err.print(escape(counts))


def _settings(
    directory: Path | None,
    host: str,
    port: int,
    base: str | None,
    public: str | None,
    releases: Path | None,
    contact: str | None,
) -> Settings:
    return make_settings(
        os.environ, source=directory, host=host, port=port, base=base, public=public, releases=releases, contact=contact
    )


@app.command()
def serve(
    directory: DirArgument = None,
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    public_url: PublicOption = None,
    releases: ReleasesOption = None,
    contact: ContactOption = None,
    build_first: Annotated[
        bool,
        typer.Option(
            "--build/--no-build", help="Build the release when the source has changed, or serve what is current."
        ),
    ] = True,
    workers: WorkersOption = 2,
    query_timeout: QueryTimeoutOption = 30.0,
    query_memory: QueryMemoryOption = 1024,
    max_rows: MaxRowsOption = 1_000_000,
    max_bytes: MaxBytesOption = 256,
    queue: QueueOption = 64,
    client_concurrency: ClientConcurrencyOption = 16,
    client_rate: ClientRateOption = 0.0,
    trusted_proxy: TrustedProxyOption = None,
    default_graph: DefaultGraphOption = DefaultGraph.UNION,
    rewrite_schema: RewriteSchemaOption = True,
    slow_query: SlowQueryOption = 5.0,
    metrics_port: MetricsPortOption = None,
    cache_mb: CacheOption = 128,
    shacl: ShaclOption = True,
) -> None:
    """Build the release if need be, and serve it.

    [bold]Examples[/]

      solnum-ld serve                          the book, on http://127.0.0.1:8000/
      solnum-ld serve my-data --port 8080      any folder of RDF files
      solnum-ld serve my-data --base-uri https://data.example.org/ --contact team@example.org
    """
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.web.server import bind, run

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with _exit_codes():
        started = time.perf_counter()
        bound = bind(host, port)
        port = bound.getsockname()[1]
        settings = _settings(directory, host, port, base_uri, public_url, releases, contact)
        options = BuildOptions(
            settings.base, settings.public, settings.contact, shacl=shacl, default_graph=default_graph
        )
        if build_first and _stands(settings, options) is None:
            _apart(lambda: _print_findings(_build(settings, options).findings, as_json=False, conforms=True))
        service = ServiceSettings(
            workers=workers,
            query_timeout=query_timeout,
            query_memory=query_memory * MIB,
            max_rows=max_rows,
            max_bytes=max_bytes * MIB,
            queue=queue,
            client_concurrency=client_concurrency,
            client_rate=client_rate,
            trusted_proxies=tuple(trusted_proxy or ()),
            rewrite_schema=rewrite_schema,
            slow_query=slow_query,
            cache=cache_mb * MIB,
            metrics_port=metrics_port,
        )
        application, clients, release = _application(settings, service, host)
        err.print(
            f"[bold]{escape(release[0])}[/]: release {release[1]}, {release[2]} triples, ready in {time.perf_counter() - started:.1f} s"
        )
        err.print(
            f"  pages       {settings.public}\n  SPARQL      {settings.public}sparql\n  releases    {escape(str(settings.releases))}",
            soft_wrap=True,
        )
        if settings.base != settings.public:
            err.print(f"  names       {settings.base}")
        err.print("  stop with Ctrl-C")
        bound.listen(2048)
        if not run(application, bound, clients):
            raise typer.Exit(1)


def _application(
    settings: Settings, service: ServiceSettings, host: str
) -> tuple[ASGIApp, Clients, tuple[str, str, str]]:
    from solnum_ld.errors import ReleaseMismatch
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.store import open_store
    from solnum_ld.store.protocol import Limits
    from solnum_ld.web.app import create_app
    from solnum_ld.web.clients import Clients, networks
    from solnum_ld.web.html import localised
    from solnum_ld.web.metrics import Metrics, serve_metrics
    from solnum_ld.web.site import Site
    from solnum_ld.web.sparql import SparqlSettings

    folder = ReleaseFolder(settings.releases)
    manifest = folder.current().manifest
    folder.ensure_ledger()
    if (manifest.base, manifest.public) != (settings.base, settings.public):
        raise ReleaseMismatch(
            f"{settings.releases} holds releases for {manifest.base}; asked for is {settings.base}. Name another folder with --releases."
        )
    built = folder.source()
    if built is not None and built != (settings.source or bundled_source()).resolve():
        raise ReleaseMismatch(f"{settings.releases} holds releases of {built}. Name another folder with --releases.")
    clients = Clients(service.client_concurrency, service.client_rate, networks(service.trusted_proxies))
    site = Site(
        folder.current_path,
        lambda path: open_store(path, workers=service.workers, queue=service.queue, memory=service.query_memory),
        folder.hold,
    )
    metrics = Metrics()
    limits = Limits(seconds=service.query_timeout, rows=service.max_rows, bytes=service.max_bytes)
    application = create_app(
        site,
        sparql_settings=SparqlSettings(limits, service.rewrite_schema, service.slow_query),
        clients=clients,
        metrics=metrics,
        cache_bytes=service.cache,
    )
    if service.metrics_port is not None:
        try:
            serve_metrics(metrics, host, service.metrics_port)
        except OSError as error:
            raise SettingsError(f"--metrics-port {service.metrics_port} cannot be used: {error.strerror}.") from error
    title = localised(manifest.dataset.title, _language())
    return application, clients, (title, manifest.release, f"{manifest.counts['triples']:,}")


def _apart(work: Callable[[], object]) -> None:
    """Do a piece of work in a process of its own, which takes its memory along when it ends; exit as it does if it fails."""
    from solnum_ld.store.worker import die_with_parent

    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            die_with_parent()
            with _exit_codes():
                work()
            code = 0
        except typer.Exit as ended:
            code = ended.exit_code
        except BaseException:  # noqa: BLE001 - the end of this process: told, then turned into an exit code
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        _fail(f"The build was stopped by signal {-code}. The previous release is untouched.", as_json=False, code=1)
    if code:
        raise typer.Exit(code)


def _stands(settings: Settings, options: BuildOptions) -> Standing | None:
    """Return what is live when nothing need be built; imports as little as it can."""
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.release.options import fingerprint

    source = settings.source or bundled_source()
    standing = ReleaseFolder(settings.releases).built_from(fingerprint(source, options))
    if standing is not None:
        _say_held(standing.release.id, standing.held)
    return standing


def _build(settings: Settings, options: BuildOptions, *, wait: bool = True, force: bool = False) -> Built:
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.release.pipeline import build

    with _Bars() as bars:
        built = build(
            settings.source or bundled_source(),
            ReleaseFolder(settings.releases),
            options,
            bars,
            wait=wait,
            force=force,
        )
    _say_held(built.release.id, built.held)
    return built


def _say_held(live: str, held: str | None) -> None:
    if held:
        err.print(
            f"Release [bold]{held}[/], which this source builds to, was rolled back: [bold]{live}[/] stays. "
            f"To go forward to it all the same: solnum-ld rollback {held}, or solnum-ld build --force",
            soft_wrap=True,
        )


def _dump_formats(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    from solnum_ld.mediatypes import DUMP_FORMATS

    known = {form.suffix for form in DUMP_FORMATS}
    asked = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = [name for name in asked if name not in known]
    if wrong:
        raise typer.BadParameter(
            f"unknown format {wrong[0]!r}; known are {', '.join(sorted(known))}", param_hint="--dumps"
        )
    return asked


@app.command()
def build(
    directory: DirArgument = None,
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    public_url: PublicOption = None,
    releases: ReleasesOption = None,
    contact: ContactOption = None,
    shacl: ShaclOption = True,
    wait: WaitOption = True,
    force: Annotated[bool, typer.Option("--force", help="Build even when nothing has changed.")] = False,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes",
            help="Let a public base take changed content under an unchanged version, and vanished IRIs.",
        ),
    ] = False,
    keep: Annotated[int, typer.Option("--keep", min=1, help="How many releases to keep.")] = 3,
    named_graphs: Annotated[
        bool, typer.Option("--named-graphs/--no-named-graphs", help="Keep each file's graph beside the merged one.")
    ] = True,
    default_graph: DefaultGraphOption = DefaultGraph.UNION,
    dumps: Annotated[
        str | None,
        typer.Option(
            "--dumps",
            metavar="LIST",
            help="Dumps to write, of nq,ttl,nt,jsonld,rdf; default: all, above 1 M quads nq,ttl.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build a validated release and make it current; a running server takes it up.

    [bold]Examples[/]

      solnum-ld build my-data --base-uri https://data.example.org/ --contact team@example.org
      solnum-ld build --json | jq .release
    """
    from solnum_ld.release.options import BuildOptions

    with _exit_codes(as_json=as_json):
        settings = _settings(directory, host, port, base_uri, public_url, releases, contact)
        options = BuildOptions(
            settings.base,
            settings.public,
            settings.contact,
            shacl=shacl,
            named_graphs=named_graphs,
            dumps=_dump_formats(dumps),
            accept_changes=accept_changes,
            keep=keep,
            default_graph=default_graph,
        )
        standing = None if force else _stands(settings, options)
        if standing is None:
            built = _build(settings, options, wait=wait, force=force)
            release, findings, held = built.release, built.findings, built.held
        else:
            release, findings, held = standing.release, (), standing.held
        manifest, path = release.manifest, release.path
        if as_json:
            data = {
                "release": manifest.release,
                "content": manifest.content,
                "path": str(path),
                "counts": manifest.counts,
                "findings": count_by_severity(findings) if findings else manifest.findings,
                "held": held,
            }
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
            return
        _print_findings(findings, as_json=False, conforms=True)
        err.print(f"Release [bold]{manifest.release}[/] of {manifest.counts['triples']:,} triples is current.")
        out.print(str(path), soft_wrap=True)


@app.command()
def validate(
    directory: DirArgument = None,
    shacl: ShaclOption = True,
    as_json: JsonOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
) -> None:
    """Check a source without building: syntax, IRIs, vocabulary, labels, SHACL. Every problem, in one run.

    [bold]Examples[/]

      solnum-ld validate my-data
      solnum-ld validate my-data --json | jq '.results[].file'
    """
    from solnum_ld.release.inspection import inspect, reject_reason

    with _exit_codes(as_json=as_json), TemporaryDirectory(prefix="solnum-ld-") as work, _Bars() as bars:
        findings = inspect(directory or bundled_source(), Path(work), bars, shacl=shacl).findings
    failed = reject_reason(findings) is not None or (strict and any(f.severity is Severity.WARNING for f in findings))
    _print_findings(findings, as_json=as_json, conforms=not failed)
    if not as_json:
        err.print("[bold red]The source does not pass.[/]" if failed else "[bold green]The source passes.[/]")
    raise typer.Exit(1 if failed else 0)


def _turtle_files(folder: Path) -> list[Path]:
    """Return the Turtle files of a folder, frozen releases of a vocabulary excepted."""
    return sorted(path for path in folder.rglob("*.ttl") if "releases" not in path.relative_to(folder).parts)


@app.command("fmt")
def format_files(
    paths: Annotated[list[Path], typer.Argument(help="Turtle files, or folders of them.", exists=True)],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a file is not in canonical form.")
    ] = False,
    drop_comments: Annotated[bool, typer.Option("--drop-comments", help="Accept that # comments are lost.")] = False,
) -> None:
    """Bring Turtle files into canonical form, so that a diff shows facts alone.

    [bold]Example[/]

      solnum-ld fmt --check ontology data shapes
    """
    from solnum_ld.turtle import format_file

    files = [file for path in paths for file in (_turtle_files(path) if path.is_dir() else [path])]
    changed, failed = [], False
    for file in files:
        try:
            if not format_file(file, check=check, drop_comments=drop_comments):
                changed.append(file)
        except (SourceError, OSError) as error:
            err.print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
            failed = True
    for file in changed:
        out.print(f"{'not canonical' if check else 'formatted'}: {escape(str(file))}", soft_wrap=True)
    raise typer.Exit(1 if failed or (check and changed) else 0)


@app.command()
def query(
    text: Annotated[
        str | None,
        typer.Argument(metavar="[QUERY]", help="The query; - or nothing reads it from stdin.", show_default=False),
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
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds the query may take.")] = 300.0,
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
            _fail(f"{file} cannot be read: {error}", as_json=False, code=2)
    elif text in (None, "-"):
        text = sys.stdin.read()
    with _exit_codes(as_json=as_json):
        settings = _settings(directory, host, port, base_uri, None, releases, None)
        try:
            asyncio.run(_ask(text or "", settings, "json" if as_json else form, timeout))
        except (MalformedQuery, NotAcceptable) as error:
            _fail(str(error), as_json=as_json, code=2)


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
        sys.stdout.buffer.write(answer.first)
        if answer.rest is not None:
            async for block in answer.rest:
                sys.stdout.buffer.write(block)
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
    err.print(f"{len(data['results']['bindings'])} rows")


@app.command("releases")
def list_releases(
    directory: DirArgument = None,
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    releases: ReleasesOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the releases of a source for a base, the newest first; the current one is marked.

    [bold]Examples[/]

      solnum-ld releases my-data --base-uri https://data.example.org/
      solnum-ld releases --json
    """
    from solnum_ld.release.folder import ReleaseFolder

    with _exit_codes(as_json=as_json):
        folder = ReleaseFolder(_settings(directory, host, port, base_uri, None, releases, None).releases)
        current = folder.current_path()
        live = {release: at for at, release in folder.live_since()}
        rows = [
            {
                "release": r.id,
                "current": r.path == current,
                "live": live.get(r.id, ""),
                "version": r.manifest.dataset.version,
                "triples": r.manifest.counts["triples"],
                "content": r.manifest.content,
            }
            for r in folder.releases()
        ]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    if not rows:
        err.print(f"There is no release in {escape(str(folder.path))}.", soft_wrap=True)
        return
    for row in rows:
        out.print(
            f"{'*' if row['current'] else ' '} {row['release']}  {row['live'] or '-':20}  version {row['version'] or '-':8}  {row['triples']:,} triples",
            soft_wrap=True,
        )


@app.command()
def rollback(
    release: Annotated[
        str | None,
        typer.Argument(
            help="The release to go back to; the one before the current when it is left out.", show_default=False
        ),
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
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    releases: ReleasesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier release the current one, and keep it so; a running server takes it up.

    What was rolled back does not come back by itself: name it here to go forward to it, or change the source.

    [bold]Examples[/]

      solnum-ld rollback
      solnum-ld rollback 2737561a --source my-data --base-uri https://data.example.org/
    """
    from solnum_ld.release.folder import ReleaseFolder

    with _exit_codes(as_json=as_json):
        folder = ReleaseFolder(_settings(directory, host, port, base_uri, None, releases, None).releases)
        with folder.exclusive():
            target = folder.before_current() if release is None else folder.named(release)
            folder.roll_back(target)
        if as_json:
            sys.stdout.write(json.dumps({"release": target.id, "path": str(target.path)}) + "\n")
        else:
            err.print(f"Release [bold]{target.id}[/] is current.")


@app.command()
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
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds a request may take.")] = 30.0,
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

    with _exit_codes(as_json=as_json):
        report = examine(url, catalogue=catalogue, oai=oai, sparql=sparql, seconds=timeout)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n")
    else:
        for line in tell(report, _language()):
            out.print(line, soft_wrap=True)
    raise typer.Exit(0 if report.healthy and not (strict and report.counts["risk"]) else 1)


def _version(value: bool) -> None:
    if value:
        out.print(f"solnum-ld {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Publish a directory of RDF as linked data."""


def main() -> None:
    """Run the command line."""
    app()
