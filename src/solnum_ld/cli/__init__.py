"""The command line: parses arguments, calls, prints, sets the exit code: 0 done, 1 the data is at fault, 2 misuse."""

from __future__ import annotations

from typing import Annotated

import typer

from solnum_ld import __version__
from solnum_ld.cli.asking import doctor, query
from solnum_ld.cli.building import build, validate
from solnum_ld.cli.formatting import format_files
from solnum_ld.cli.output import language, out, said
from solnum_ld.cli.publishing import publish
from solnum_ld.cli.releases import list_releases, rollback
from solnum_ld.cli.serving import serve

app = typer.Typer(
    name="solnum-ld",
    help="Publish a directory of RDF as linked data: validated releases, dereferencing, SPARQL, pages for people.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for command in (serve, build, validate):
    app.command()(command)
app.command("fmt")(format_files)
app.command()(query)
app.command("releases")(list_releases)
app.command()(rollback)
app.command()(publish)
app.command()(doctor)


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
    if language() == "en":
        app()
    else:
        # typer's help takes longer to import than most commands to run
        from solnum_ld.cli.helping import translate_help

        translate_help(app, said)()
