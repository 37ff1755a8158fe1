"""``releases`` and ``rollback``: which releases there are, and which one is live."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from solnum_ld.cli.building import read_settings
from solnum_ld.cli.options import BaseOption, DirArgument, HostOption, JsonOption, PortOption, ReleasesOption
from solnum_ld.cli.output import err, exit_codes, figure, out, said
from solnum_ld.config import DEFAULT_HOST, DEFAULT_PORT


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

    with exit_codes(as_json=as_json):
        folder = ReleaseFolder(read_settings(directory, host, port, base_uri, None, releases, None).releases)
        current, kept = folder.current_path(), folder.releases()
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
            for r in kept
        ]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    if not rows:
        err.print(escape(said(f"There is no release in {folder.path}.")), soft_wrap=True)
        return
    for release, row in zip(kept, rows, strict=True):
        out.print(
            f"{'*' if row['current'] else ' '} {row['release']}  {row['live'] or '-':20}  version {row['version'] or '-':8}  {figure(release.manifest.counts['triples'])} {said('triples')}",
            soft_wrap=True,
        )


def rollback(
    release: Annotated[
        str | None,
        typer.Argument(
            metavar="RELEASE",
            help="The release to go back to; the one before the current when it is left out.",
            show_default=False,
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

    with exit_codes(as_json=as_json):
        folder = ReleaseFolder(read_settings(directory, host, port, base_uri, None, releases, None).releases)
        with folder.exclusive():
            target = folder.before_current() if release is None else folder.named(release)
            folder.roll_back(target)
        if as_json:
            sys.stdout.write(json.dumps({"release": target.id, "path": str(target.path)}) + "\n")
        else:
            err.print(said(f"Release {target.id} is current."))
