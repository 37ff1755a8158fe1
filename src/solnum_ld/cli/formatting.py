"""``fmt``: bring Turtle files into canonical form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from solnum_ld.cli.output import err, out, said
from solnum_ld.errors import SourceError


def format_files(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Turtle files, or folders of them.", exists=True)],
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
            err.print(f"[bold red]{said('Error:')}[/] {escape(said(str(error)))}", soft_wrap=True)
            failed = True
    for file in changed:
        out.print(f"{said('not canonical' if check else 'formatted')}: {escape(str(file))}", soft_wrap=True)
    raise typer.Exit(1 if failed or (check and changed) else 0)


def _turtle_files(folder: Path) -> list[Path]:
    """Return the Turtle files of a folder, frozen releases of a vocabulary excepted."""
    return sorted(path for path in folder.rglob("*.ttl") if "releases" not in path.relative_to(folder).parts)
