"""``build`` and ``validate``, and the build that ``serve`` begins with."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from solnum_ld.cli.options import (
    CHOICES,
    BaseOption,
    ContactOption,
    DefaultGraphOption,
    DirArgument,
    HostOption,
    JsonOption,
    PortOption,
    PublicOption,
    ReleasesOption,
    ShaclOption,
    WaitOption,
)
from solnum_ld.cli.output import Bars, err, exit_codes, fail, figure, out, print_findings, said
from solnum_ld.config import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DefaultGraph,
    Settings,
    bundled_source,
    make_settings,
    require_folder,
)
from solnum_ld.findings import Severity, count_by_severity

if TYPE_CHECKING:
    from types import FrameType

    from solnum_ld.release.folder import Standing
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.release.pipeline import Built


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
    keep: Annotated[int, typer.Option("--keep", min=1, metavar="N", help="How many releases to keep.")] = 3,
    named_graphs: Annotated[
        bool,
        typer.Option(
            "--named-graphs/--no-named-graphs",
            rich_help_panel=CHOICES,
            help="Keep each file's graph beside the merged one.",
        ),
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

    with exit_codes(as_json=as_json):
        settings = read_settings(directory, host, port, base_uri, public_url, releases, contact)
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
        standing = None if force else standing_of(settings, options)
        if standing is None:
            built = build_now(settings, options, wait=wait, force=force)
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
        print_findings(findings, as_json=False, conforms=True)
        err.print(
            said(f"Release {manifest.release} of {figure(manifest.counts['triples'])} triples is current."),
            soft_wrap=True,
        )
        out.print(str(path), soft_wrap=True)


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
    from solnum_ld.release.describing import foresee
    from solnum_ld.release.inspection import inspect, reject_reason

    with exit_codes(as_json=as_json), TemporaryDirectory(prefix="solnum-ld-") as work, Bars() as bars:
        inspection = inspect(directory or bundled_source(), Path(work), bars, shacl=shacl)
        findings = [*inspection.findings, *foresee(inspection, shacl=shacl)]
    failed = reject_reason(findings) is not None or (strict and any(f.severity is Severity.WARNING for f in findings))
    print_findings(findings, as_json=as_json, conforms=not failed)
    if not as_json:
        colour, verdict = ("red", "The source does not pass.") if failed else ("green", "The source passes.")
        err.print(f"[bold {colour}]{said(verdict)}[/]")
    raise typer.Exit(1 if failed else 0)


def read_settings(
    directory: Path | None,
    host: str,
    port: int,
    base: str | None,
    public: str | None,
    releases: Path | None,
    contact: str | None,
) -> Settings:
    settings = make_settings(
        os.environ, source=directory, host=host, port=port, base=base, public=public, releases=releases, contact=contact
    )
    if directory is not None and not settings.releases.exists():  # releases outlive their source
        require_folder(directory)
    return settings


_LOOK = 0.01
"""Seconds between two looks at a process that works."""

_STOPPING = frozenset((signal.SIGINT, signal.SIGTERM))


def apart(work: Callable[[], object]) -> None:
    """Do a piece of work in a process of its own, which takes its memory along when it ends; exit as it does if it fails."""
    from solnum_ld.store.worker import die_with_parent

    sys.stderr.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)  # what is raised while a process forks is lost
    child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.signal(signal.SIGTERM, _interrupting())
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a terminal sends to both: the parent passes it on
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
            die_with_parent()
            with exit_codes():
                work()
            code = 0
        except typer.Exit as ended:
            code = ended.exit_code
        except KeyboardInterrupt:  # before the work, or after it
            code = 130
        except BaseException:  # noqa: BLE001 - the end of this process: told, then turned into an exit code
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        gone, status = 0, 0
        while not gone:  # a signal that comes just before a wait without end would not end it
            time.sleep(_LOOK)
            gone, status = os.waitpid(child, os.WNOHANG)
    except KeyboardInterrupt:  # the child says so, and clears away what it has begun
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        raise typer.Exit(130) from None
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        fail(f"The build was stopped by signal {-code}. The previous release is untouched.", as_json=False, code=1)
    if code:
        raise typer.Exit(code)


def _interrupting() -> Callable[[int, FrameType | None], object]:
    """Return what raises KeyboardInterrupt here when the user asks for it."""
    heeding = signal.getsignal(signal.SIGINT)
    return heeding if callable(heeding) else signal.default_int_handler


def standing_of(settings: Settings, options: BuildOptions) -> Standing | None:
    """Return what is live when nothing need be built; imports as little as it can."""
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.release.options import fingerprint

    source = settings.source or bundled_source()
    standing = ReleaseFolder(settings.releases).built_from(fingerprint(source, options))
    if standing is not None:
        say_held(standing.release.id, standing.held)
    return standing


def build_now(settings: Settings, options: BuildOptions, *, wait: bool = True, force: bool = False) -> Built:
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.release.pipeline import build

    gc.set_threshold(100_000, 20, 20)  # a build makes values by the million, and hardly a cycle
    with Bars() as bars:
        built = build(
            settings.source or bundled_source(),
            ReleaseFolder(settings.releases),
            options,
            bars,
            wait=wait,
            force=force,
        )
    say_held(built.release.id, built.held)
    return built


def say_held(live: str, held: str | None) -> None:
    if held:
        err.print(
            said(
                f"Release {held}, which this source builds to, was rolled back: {live} stays. "
                f"To go forward to it all the same: solnum-ld rollback {held}, or solnum-ld build --force"
            ),
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
