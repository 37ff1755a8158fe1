"""``serve``: the release is built if need be, then published."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from solnum_ld.cli.building import apart, build_now, read_settings, standing_of
from solnum_ld.cli.fleeting import fleeting, is_fleeting
from solnum_ld.cli.options import (
    CHOICES,
    BaseOption,
    CacheOption,
    ClientConcurrencyOption,
    ClientRateOption,
    ContactOption,
    DefaultGraphOption,
    DirArgument,
    HostOption,
    MaxBytesOption,
    MaxRowsOption,
    MetricsPortOption,
    PortOption,
    PublicOption,
    QueryMemoryOption,
    QueryTimeoutOption,
    QueueOption,
    ReleasesOption,
    RewriteSchemaOption,
    ShaclOption,
    SlowQueryOption,
    StoreOption,
    TrustedProxyOption,
    WorkersOption,
)
from solnum_ld.cli.output import err, exit_codes, figure, language, print_findings, said
from solnum_ld.config import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    EMBEDDED,
    MIB,
    DefaultGraph,
    ServiceSettings,
    Settings,
    bundled_source,
    read_store,
)
from solnum_ld.errors import SettingsError
from solnum_ld.memory import keep_little

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from solnum_ld.release.folder import Release, ReleaseFolder
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.web.clients import Clients


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
            "--build/--no-build",
            rich_help_panel=CHOICES,
            help="Build the release when the source has changed, or serve what is current.",
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
    store: StoreOption = EMBEDDED,
) -> None:
    """Build the release if need be, and serve it.

    [bold]Examples[/]

      solnum-ld serve                          the book, on http://127.0.0.1:8000/
      solnum-ld serve my-data --port 8080      any folder of RDF files
      solnum-ld serve my-data --base-uri https://data.example.org/ --contact team@example.org
      solnum-ld serve my-data --no-build --store http://10.0.0.1:7878/query,http://10.0.0.2:7878/query
    """
    keep_little()
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.web.clients import networks
    from solnum_ld.web.server import bind, run

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with exit_codes():
        started = time.perf_counter()
        urls = read_store(store)
        networks(tuple(trusted_proxy or ()))
        bound = bind(host, port)
        address = bound.getsockname()[1]
        settings = read_settings(directory, host, address, base_uri, public_url, releases, contact)
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
            store=urls,
        )
        options = BuildOptions(
            settings.base, settings.public, settings.contact, shacl=shacl, default_graph=default_graph
        )
        with contextlib.ExitStack() as stack:
            if port == 0 and build_first and is_fleeting(settings, host, address):
                settings = stack.enter_context(fleeting(settings))
            if build_first:
                _build(settings, options)
            application, clients, release = _application(settings, service, host)
            bound.listen(2048)
            ready = partial(_announce, settings, service, release, started)
            if not run(application, bound, clients, started=ready, ended=stack.close):
                raise typer.Exit(1)


def _build(settings: Settings, options: BuildOptions) -> None:
    """Build the release unless it stands."""
    if standing_of(settings, options) is None:
        apart(lambda: print_findings(build_now(settings, options).findings, as_json=False, conforms=True))


def _announce(settings: Settings, service: ServiceSettings, release: tuple[str, str, str], started: float) -> None:
    """Print what is served, and where to look."""
    from solnum_ld.web.html import has_editor

    title, name, triples = release
    ready = said(f"release {name}, {triples} triples, ready in {figure(time.perf_counter() - started, 1)} s")
    err.print(f"[bold]{escape(title)}[/]{said(':')} {ready}", soft_wrap=True)
    places = [
        ("pages", settings.public),
        ("SPARQL", f"{settings.public}sparql"),
        ("releases", str(settings.releases)),
    ]
    if service.store:
        from solnum_ld.store.remote.engine import shown

        places.append(("store", ", ".join(map(shown, service.store))))
    if settings.base != settings.public:
        places.append(("names", settings.base))
    for what, where in places:
        err.print(f"  {said(what):11} {escape(where)}", soft_wrap=True)
    if not has_editor():
        err.print(f"  {said('the editor of the query page is not installed: its form serves without')}")
    err.print(f"  {said('stop with Ctrl-C')}")


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
    live = _published(folder, service.store) if service.store else folder.current()
    manifest = live.manifest
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
        lambda path: open_store(
            path, workers=service.workers, queue=service.queue, memory=service.query_memory, urls=service.store
        ),
        folder.hold,
        live.path,
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
    title = localised(manifest.dataset.title, language())
    return application, clients, (title, manifest.release, figure(manifest.counts["triples"]))


def _published(folder: ReleaseFolder, urls: tuple[str, ...]) -> Release:
    """Return the current release, or the last that was, where an engine holds it; raise StoreUnavailable when none does."""
    from solnum_ld.errors import StoreUnavailable
    from solnum_ld.store.remote.publishing import holdings

    current = folder.current()
    held = holdings(urls)
    whole = {release.id: release for release in folder.releases()}
    for name in (current.id, *(name for _, name in reversed(folder.live_since()))):
        if name in held and name in whole:
            return whole[name]
    raise StoreUnavailable(f"No engine holds release {current.id}. Publish it: solnum-ld publish")
