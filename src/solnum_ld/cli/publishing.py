"""``publish``: the current release goes into engines on other machines."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from solnum_ld.cli.building import read_settings
from solnum_ld.cli.options import BaseOption, DirArgument, HostOption, JsonOption, PortOption, ReleasesOption
from solnum_ld.cli.output import Bars, err, exit_codes, said
from solnum_ld.config import DEFAULT_HOST, DEFAULT_PORT, read_store
from solnum_ld.errors import SettingsError


def publish(
    directory: DirArgument = None,
    store: Annotated[
        str,
        typer.Option(
            "--store",
            envvar="SOLNUM_STORE",
            metavar="URL[,URL…]",
            help="SPARQL endpoints of the engines; name and password, where they ask for them, come from the environment.",
        ),
    ] = "",
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
    base_uri: BaseOption = None,
    releases: ReleasesOption = None,
    graph_store: Annotated[
        str,
        typer.Option(
            "--graph-store",
            metavar="PATH",
            help="Where an engine takes data, relative to its endpoint, when it is neither Oxigraph nor Virtuoso.",
            show_default=False,
        ),
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--bulk-dir",
            metavar="DIR",
            help="A folder that Virtuoso reads too, at the same path (its DirsAllowed): it then loads files, many times as fast.",
            exists=True,
            file_okay=False,
            writable=True,
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Load over the release that is served, where there is no other place for it."),
    ] = False,
    grace: Annotated[
        float,
        typer.Option("--grace", min=0.0, help="Seconds that services have to turn away from what is written over."),
    ] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Push the current release into engines; services with the same --store take it up when it is there and counted.

    Each endpoint holds one release. Half of them take the new one, the others keep the one before it for rollback; an
    interrupted push is taken up where it ended.

    [bold]Examples[/]

      solnum-ld publish my-data --store http://10.0.0.1:7878/query,http://10.0.0.2:7878/query
      SOLNUM_STORE_USER=dba SOLNUM_STORE_PASSWORD=… solnum-ld publish --store http://10.0.0.1:8890/sparql --replace
    """
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.store.remote.publishing import Credentials, Targets

    with exit_codes(as_json=as_json):
        urls = read_store(store) if store else ()
        if not urls:
            raise SettingsError("Name the engines with --store: publish pushes into engines on other machines.")
        releases_folder = ReleaseFolder(read_settings(directory, host, port, base_uri, None, releases, None).releases)
        credentials = Credentials(os.environ.get("SOLNUM_STORE_USER", ""), os.environ.get("SOLNUM_STORE_PASSWORD", ""))
        targets, bars = Targets(urls, credentials, graph_store, folder), Bars()
        with targets, bars, releases_folder.exclusive(on_wait="Waiting to publish", notify=bars.note):
            release = releases_folder.current()
            live = [name for _, name in releases_folder.live_since()]
            pushed = targets.publish(release.path, release.manifest, live, bars, _wait, grace, replace=replace)
        if as_json:
            sys.stdout.write(json.dumps({"release": release.id, "pushed": pushed, "holding": targets.holding}) + "\n")
            return
        for url in targets.holding:
            err.print(said(f"Release {release.id} is in {url}."), soft_wrap=True, markup=False)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
