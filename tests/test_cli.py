"""The command line: what it prints where, how it ends, and what it takes for granted."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
import typer
from exchange import free_port

from release.building import GOOD, LABEL, LOCAL, assert_served_release_is_whole, catalog, command_line, labelled, write
from solnum_ld.cli import app
from solnum_ld.config import make_settings
from solnum_ld.errors import SettingsError
from solnum_ld.release.folder import ReleaseFolder
from support import ROOT, command, environment, run, serving

COMMANDS = ("serve", "build", "validate", "fmt", "query", "releases", "rollback", "publish", "doctor")
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])[0-9;]*m")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD})


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    return tmp_path / "releases"


# -- help and misuse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = command_line(name, "--help")
    assert done.exit_code == 0
    assert f"solnum-ld {name}" in done.stdout or f" {name} [OPTIONS]" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name: str) -> None:
    assert re.search(rf"(?m)^[ │]*solnum-ld {name}\b", command_line(name, "--help").stdout)


def test_help_names_every_command_and_short_help_is_the_same() -> None:
    text = command_line("--help").stdout
    assert all(re.search(rf"\b{name}\b", text) for name in COMMANDS)
    assert command_line("-h").stdout == text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_on_a_terminal_of_80_columns_cuts_off_no_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = command_line(name, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    parameters = typer.main.get_group(app).commands[name].params
    names = [each for parameter in parameters for each in (*parameter.opts, *parameter.secondary_opts) if "--" in each]
    variables = [parameter.envvar for parameter in parameters if getattr(parameter, "envvar", None)]
    assert [each for each in (*names, *variables) if each not in text] == []
    assert "[[" not in text


def test_the_version_is_printed() -> None:
    done = command_line("--version")
    assert (done.exit_code, done.stdout.split()[0]) == (0, "solnum-ld")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["build", "--nonsense"],
        ["build", "/nonexistent/folder"],
        ["validate", "/nonexistent/folder"],
        ["build", "--port", "70000"],
        ["build", "--keep", "0"],
        ["build", "--dumps", "nq,docx"],
        ["build", "--base-uri", "data.example.org"],
        ["build", "--base-uri", "ftp://data.example.org/"],
        ["build", "--base-uri", "https://data.example.org/?q"],
        ["build", "--public-url", "https://user@data.example.org/"],
        ["build", "--base-uri", "https://data.solnum.city/"],
        ["build", "--contact", "nobody"],
        ["query", "--file", "/nonexistent/query.rq"],
        ["fmt"],
        ["doctor", "--timeout", "inf", "http://127.0.0.1:1/"],
        ["serve", "--query-timeout", "inf"],
        ["serve", "--workers", "99999999999999"],
    ],
    ids=" ".join,
)
def test_misuse_ends_with_2_and_says_why(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    done = command_line(*arguments)
    assert done.exit_code == 2
    assert done.stdout == "" or arguments == []
    assert done.stderr or arguments == []
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_query_that_is_malformed_is_misuse(source: Path, releases: Path) -> None:
    command_line("build", source, "--releases", releases)
    for text in ("SELECT", "DESCRIBE", "nonsense", ""):
        done = command_line("query", text or "-", "--releases", releases)
        assert (done.exit_code, done.stdout) == (2, "")


def test_a_query_of_every_form_is_printed_in_its_formats(source: Path, releases: Path) -> None:
    command_line("build", source, "--releases", releases)
    pattern = "{ ?s ?p ?o }"
    for query, form, part in (
        (f"SELECT ?s {pattern}", "csv", "s\n"),
        (f"SELECT ?s {pattern}", "xml", "<sparql"),
        (f"ASK {pattern}", "json", "true"),
        (f"CONSTRUCT WHERE {pattern}", "nt", " .\n"),
        (f"DESCRIBE ?s {pattern} LIMIT 1", "ttl", " ."),
        (f"DESCRIBE ?s {pattern} LIMIT 1", "jsonld", "@"),
    ):
        done = command_line("query", query, "--format", form, "--releases", releases)
        assert done.exit_code == 0, done.stderr
        assert part in done.stdout
    done = command_line("query", f"ASK {pattern}", "--format", "ttl", "--releases", releases)
    assert done.exit_code == 2
    assert "csv" in done.stderr


@pytest.mark.parametrize("options", [["--no-build"], []])
def test_a_server_does_not_take_up_the_releases_of_another_source(
    options: list[str], source: Path, releases: Path, tmp_path: Path
) -> None:
    base = ["--base-uri", LOCAL, "--port", "0", "--releases", releases]
    assert command_line("build", source, *base).exit_code == 0
    other = write(
        tmp_path / "other", {"catalog.ttl": catalog().replace("dataset/small", "dataset/other"), "a.ttl": GOOD}
    )
    done = run("serve", other, *base, *options)
    assert done.returncode == 2
    assert str(releases) in done.stderr
    assert "--releases" in done.stderr
    assert command_line("build", other, *base).exit_code == 2


def test_a_server_that_cannot_start_its_workers_says_so_in_a_sentence(source: Path, releases: Path) -> None:
    base = ["--base-uri", LOCAL, "--port", "0", "--releases", str(releases)]
    assert command_line("build", source, *base).exit_code == 0
    arguments = ["solnum-ld", "serve", str(source), "--no-build", *base]
    program = (
        f"import sys; sys.argv = {arguments!r}; sys.executable = '/bin/false'; from solnum_ld.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment())
    assert done.returncode == 1
    assert "No query worker could start" in done.stderr
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stderr


def test_where_there_is_no_release_it_is_said(releases: Path) -> None:
    for arguments in (["query", "ASK {}"], ["rollback"], ["rollback", "abc"]):
        done = command_line(*arguments, "--releases", releases)
        assert done.exit_code == 1
        assert "no" in done.stderr
    assert command_line("releases", "--releases", releases).exit_code == 0


def test_releases_for_another_base_are_named(source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert command_line("build", source, "--port", "8001").exit_code == 0
    done = command_line("query", "ASK {}", "--source", source)
    assert done.exit_code == 1
    assert "but for http://127.0.0.1:8001/: name that with --base-uri" in done.stderr
    assert "solnum-ld build" not in done.stderr


@pytest.mark.parametrize("arguments", [["releases"], ["rollback", "--source"], ["query", "ASK {}", "--source"]])
def test_a_source_that_is_no_folder_is_misuse_unless_it_left_releases(arguments: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    done = command_line(*arguments, gone, "--releases", tmp_path / "none")
    assert done.exit_code == 2
    assert "gone is not a folder" in done.stderr
    write(gone, {"a.ttl": GOOD})
    assert command_line("build", gone, "--releases", tmp_path / "some").exit_code == 0
    (gone / "a.ttl").unlink()
    gone.rmdir()
    assert "is not a folder" not in command_line(*arguments, gone, "--releases", tmp_path / "some").stderr


def test_a_wrong_proxy_is_said_before_anything_is_built(source: Path, releases: Path) -> None:
    done = command_line("serve", source, "--port", "0", "--releases", releases, "--trusted-proxy", "nobody")
    assert done.exit_code == 2
    assert "'nobody' is not an address" in done.stderr
    assert not releases.exists()


@pytest.mark.parametrize("kind", ["file", "below a file"])
def test_releases_that_cannot_be_written_are_said_in_one_sentence(kind: str, source: Path, tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    done = command_line(
        "build", source, "--releases", tmp_path / "file" if kind == "file" else tmp_path / "file" / "below"
    )
    assert done.exit_code in {1, 2}
    assert "file" in done.stderr


def test_an_interrupt_of_the_server_alone_ends_its_build_and_the_server() -> None:
    program = """
import sys, threading, typer
from solnum_ld.cli.building import apart
def work():
    print("begun", flush=True)
    while True:
        threading.Event().wait(0.05)
try:
    apart(work)
except typer.Exit as ended:
    sys.exit(ended.exit_code)
print("served")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell ignores it for what is in the background
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "Stopped.\n")


@pytest.mark.parametrize(
    ("loaded", "locale"),
    [
        ("typer.core", "C.UTF-8"),
        ("rich.progress", "fr_FR.UTF-8"),
        ("solnum_ld.cli", "C.UTF-8"),
        ("solnum_ld.cli", "fr_FR.UTF-8"),
        ("uvicorn.config", "C.UTF-8"),
        ("fastapi.routing", "C.UTF-8"),
    ],
)
def test_an_interrupt_while_the_program_loads_ends_it_quietly(
    loaded: str, locale: str, source: Path, releases: Path
) -> None:
    said = []
    with subprocess.Popen(
        command("serve", source, "--port", "0", "--releases", releases),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPROFILEIMPORTTIME="1", LC_ALL=locale),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if not line.startswith("import time:"):
                said.append(line)
                if "Ctrl-C" in line:  # it serves: it has not heard
                    process.kill()
            elif line.rpartition("|")[2].strip() == loaded:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert "Traceback" not in "".join(said)


def test_the_command_begins_where_an_interrupt_is_heeded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"solnum-ld": "solnum_ld.__main__:main"}


# -- a free port ----------------------------------------------------------------------------------------------------------


def test_the_releases_for_a_free_port_go_with_their_server(source: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"

    def folders() -> set[str]:
        return {path.parent.name for path in state.glob("*/*/*/current")}

    with contextlib.ExitStack() as stack:
        start = lambda *options: stack.enter_context(serving(source, None, *options, XDG_STATE_HOME=str(state)))  # noqa: E731
        names = []
        for _ in range(2):
            server = start()
            names.append(f"once-127.0.0.1-{server.address[1]}")
        assert folders() == set(names)
        server.process.kill()
        server.process.wait(20)
        assert folders() == set(names), "it could not remove them"
        chosen = start("--port", str(free_port()))
        last = start()
        kept = f"127.0.0.1-{chosen.address[1]}"
        assert folders() == {names[0], kept, f"once-127.0.0.1-{last.address[1]}"}
        assert httpx.get(f"{last.base}doc/good.ttl").status_code == 200
    assert folders() == {kept}


# -- defaults --------------------------------------------------------------------------------------------------------------


def settings_from(environment: Mapping[str, str], **given: object):
    arguments = {"source": None, "host": "127.0.0.1", "port": 8000, **given}
    return make_settings(environment, **arguments)  # type: ignore[arg-type]


def test_defaults_are_the_own_address_and_a_state_folder_for_source_and_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = settings_from({})
    assert (settings.base, settings.public, settings.contact) == (LOCAL, LOCAL, "")
    assert settings.releases.is_relative_to(tmp_path / "solnum-ld")
    others = [
        settings_from({}, source=Path("/a/data")),
        settings_from({}, source=Path("/b/data")),
        settings_from({}, base="http://h.example/"),
        settings_from({}, base="https://h.example/"),
        settings_from({}, port=8001),
    ]
    folders = {settings.releases, *(other.releases for other in others)}
    assert len(folders) == 1 + len(others)


@pytest.mark.parametrize(
    ("environment", "given", "base", "public"),
    [
        ({}, {"base": "https://w.example/x"}, "https://w.example/x/", "https://w.example/x/"),
        ({"SOLNUM_BASE_URI": "https://e.example/"}, {}, "https://e.example/", "https://e.example/"),
        (
            {"SOLNUM_BASE_URI": "https://e.example/"},
            {"base": "https://w.example/"},
            "https://w.example/",
            "https://w.example/",
        ),
        (
            {"SOLNUM_PUBLIC_URL": "https://p.example/"},
            {"base": "https://w.example/"},
            "https://w.example/",
            "https://p.example/",
        ),
        ({}, {"public": "https://p.example/"}, "https://p.example/", "https://p.example/"),
        ({}, {"host": "::1", "port": 9}, "http://[::1]:9/", "http://[::1]:9/"),
        ({}, {"host": "0.0.0.0", "port": 80}, "http://localhost/", "http://localhost/"),
    ],
)
def test_the_command_line_comes_before_the_environment_before_the_defaults(
    environment: dict[str, str], given: dict[str, object], base: str, public: str
) -> None:
    settings = settings_from(environment, **given)
    assert (settings.base, settings.public) == (base, public)


@pytest.mark.parametrize(
    "address", ["", "x", "http://", "http://h.example/#a", "http://h.example/a b", "javascript:alert(1)"]
)
def test_an_address_that_cannot_be_a_base_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="--base-uri"):
        settings_from({}, base=address or "/")


def test_settings_come_from_the_environment(source: Path, releases: Path) -> None:
    done = run(
        "build",
        source,
        "--json",
        SOLNUM_BASE_URI="https://w3id.org/solnum/",
        SOLNUM_CONTACT="mailto:a@b.example",
        SOLNUM_RELEASES=str(releases),
    )
    manifest = json.loads((Path(json.loads(done.stdout)["path"]) / "manifest.json").read_text("utf-8"))
    assert (manifest["base"], manifest["contact"]) == ("https://w3id.org/solnum/", "a@b.example")
    assert_served_release_is_whole(releases)


# -- what is printed where -----------------------------------------------------------------------------------------------


def test_a_build_prints_the_release_alone_on_stdout(source: Path, releases: Path) -> None:
    done = run("build", source, "--releases", releases)
    assert done.returncode == 0
    assert done.stdout == f"{releases / os.readlink(releases / 'current')}\n"
    assert "is current" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_a_build_as_json_says_what_was_made_and_the_second_says_the_same(source: Path, releases: Path) -> None:
    first, second = (command_line("build", source, "--releases", releases, "--json") for _ in range(2))
    data = json.loads(first.stdout)
    assert data["release"] == assert_served_release_is_whole(releases)
    assert data["counts"]["triples"] == 7
    assert set(data["findings"]) == {"violation", "warning", "info"}
    assert json.loads(second.stdout) == data


def test_an_error_as_json_is_json(tmp_path: Path) -> None:
    done = command_line("validate", tmp_path / "nowhere", "--json")
    assert done.exit_code == 2
    assert "nowhere" in json.loads(done.stdout)["error"]


def test_validation_as_json_is_json_alone(source: Path) -> None:
    done = run("validate", source, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (
        0,
        {"conforms": True, "counts": {"violation": 0, "warning": 0, "info": 0}, "results": []},
    )


def read_terminal(leader: int) -> bytes:
    """Return what is written to a terminal until its other end is closed; close this one."""
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(leader, 65536):
            shown += chunk
    os.close(leader)
    return shown


def on_terminal(arguments: list[str], **changes: str) -> tuple[int, str, str]:
    """Run with stderr on a terminal; return exit code, stdout and what the terminal got."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
        env={**environment(), "TERM": "xterm-256color", **changes},
    )
    os.close(follower)
    shown = read_terminal(leader)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, shown.decode(errors="replace")


def test_bars_and_colours_are_for_terminals_and_data_stays_alone_on_stdout(tmp_path: Path, releases: Path) -> None:
    source = write(
        tmp_path / "source",
        {"a.nt": "".join(labelled(f"{n}") for n in range(20_000)), "b.ttl": b"\xef\xbb\xbf" + GOOD.encode()},
    )
    code, out, shown = on_terminal(command("build", source, "--releases", releases, "--json"), NO_COLOR="")
    assert code == 0
    assert json.loads(out)["counts"]["triples"] == 20_001
    assert "━" in shown
    assert "%" in shown
    code, _, shown = on_terminal(command("validate", source), NO_COLOR="")
    assert COLOUR.search(shown)


def test_an_answer_on_a_terminal_ends_its_line(source: Path, releases: Path) -> None:
    command_line("build", source, "--releases", releases)
    asked = command("query", "ASK {}", "--releases", releases)
    leader, follower = pty.openpty()
    process = subprocess.Popen(asked, stdout=follower, env=environment())
    os.close(follower)
    shown = read_terminal(leader)
    assert process.wait(60) == 0
    assert shown == b'{"head":{},"boolean":true}\r\n'
    assert run(*asked[3:]).stdout == '{"head":{},"boolean":true}'


def test_no_color_means_none(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"b.ttl": "wrong"})
    code, _, shown = on_terminal(command("validate", source), NO_COLOR="1")
    assert code == 1
    assert "violation" in shown
    assert not COLOUR.search(shown)


def test_markup_in_the_data_is_shown_as_it_is(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a.ttl": 'x:a x:b "[bold red]not markup[/] [/]" .\n'})
    done = command_line("validate", source)
    assert done.exit_code == 1
    assert "[bold red]not markup[/] [/]" in done.stderr


def test_a_public_build_without_contact_says_what_to_give(source: Path, releases: Path) -> None:
    done = command_line("build", source, "--releases", releases, "--base-uri", "https://data.solnum.city/")
    assert done.exit_code == 2
    assert "--contact" in done.stderr
    assert not releases.exists()


# -- query, releases, rollback -------------------------------------------------------------------------------------------


@pytest.fixture
def built(source: Path, releases: Path) -> Path:
    command_line("build", source, "--releases", releases)
    write(source, {"a.ttl": GOOD + labelled("second")})
    command_line("build", source, "--releases", releases)
    return releases


@pytest.mark.parametrize(
    ("form", "expected"),
    [("csv", f"s\r\n{LOCAL}id/good\r\n"), ("tsv", f"?s\n<{LOCAL}id/good>\n"), (None, f"s\r\n{LOCAL}id/good\r\n")],
)
def test_a_query_prints_its_answer_alone(form: str | None, expected: str, built: Path) -> None:
    arguments = ["--format", form] if form else []
    done = subprocess.run(
        command("query", f"SELECT ?s {{ ?s <{LABEL}> 'Bon'@fr }}", "--releases", built, *arguments),
        capture_output=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, expected, "")


def test_a_query_is_read_from_stdin_and_from_a_file(built: Path, tmp_path: Path) -> None:
    text = f"CONSTRUCT WHERE {{ <{LOCAL}id/good> ?p ?o }}"
    piped = subprocess.run(
        command("query", "-", "--releases", built, "--format", "nt"),
        input=text,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    file = write(tmp_path, {"q.rq": text}) / "q.rq"
    read = run("query", "--file", file, "--releases", built, "--format", "nt")
    assert piped.stdout == read.stdout == f'<{LOCAL}id/good> <{LABEL}> "Bon"@fr .\n'


def test_a_description_is_printed_as_turtle(built: Path) -> None:
    done = command_line("query", f"DESCRIBE <{LOCAL}id/good>", "--releases", built)
    assert done.exit_code == 0
    assert "Bon" in done.stdout


def test_a_format_that_does_not_fit_the_query_is_misuse(built: Path) -> None:
    done = command_line("query", "SELECT * { ?s ?p ?o }", "--releases", built, "--format", "ttl")
    assert done.exit_code == 2
    assert "csv" in done.stderr


def test_a_query_past_its_time_ends_with_1(built: Path) -> None:
    done = run(
        "query",
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o . ?p ?q ?r }",
        "--releases",
        built,
        "--timeout",
        "0.3",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "0.3 seconds" in done.stderr


def test_releases_are_listed_the_current_one_marked(built: Path) -> None:
    rows = json.loads(command_line("releases", "--releases", built, "--json").stdout)
    assert [row["current"] for row in rows] == [True, False]
    assert [row["triples"] for row in rows] == [8, 7]
    assert all(row["live"] and row["version"] == "1.0" for row in rows)
    lines = command_line("releases", "--releases", built).stdout.splitlines()
    assert [line[0] for line in lines] == ["*", " "]


def test_rollback_goes_back_and_can_name_where(built: Path) -> None:
    newest, oldest = (release.id for release in ReleaseFolder(built).releases())
    done = command_line("rollback", "--releases", built, "--json")
    assert json.loads(done.stdout)["release"] == oldest == assert_served_release_is_whole(built)
    assert command_line("rollback", newest[:8], "--releases", built).exit_code == 0
    assert assert_served_release_is_whole(built) == newest
    done = command_line("rollback", "ffff", "--releases", built)
    assert done.exit_code == 1
    assert newest in done.stderr
    assert assert_served_release_is_whole(built) == newest


def test_a_build_after_a_rollback_says_what_is_held_back_and_how_to_go_forward(source: Path, releases: Path) -> None:
    first = Path(command_line("build", source, "--releases", releases).stdout.strip()).name
    write(source, {"a.ttl": GOOD + labelled("b")})
    second = Path(command_line("build", source, "--releases", releases).stdout.strip()).name
    command_line("rollback", "--source", source, "--releases", releases)
    done = command_line("build", source, "--releases", releases)
    assert (done.exit_code, Path(done.stdout.strip()).name) == (0, first)
    assert f"solnum-ld rollback {second}" in done.stderr
    assert json.loads(command_line("build", source, "--releases", releases, "--json").stdout)["held"] == second
    assert assert_served_release_is_whole(releases) == first


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    program = Path(sys.executable).with_name("solnum-ld")
    words = {
        "COMP_WORDS": "solnum-ld va",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "solnum-ld va",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [program],
        capture_output=True,
        text=True,
        env=environment(_SOLNUM_LD_COMPLETE=f"complete_{shell}", **words),
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "validate" in done.stdout
    assert "serve" not in done.stdout


def test_the_program_runs_as_a_module_and_as_a_command() -> None:
    program = Path(sys.executable).with_name("solnum-ld")
    as_command = subprocess.run(
        [program, "--version"], capture_output=True, text=True, env=environment(), check=True, timeout=60
    )
    assert as_command.stdout == run("--version").stdout


def test_the_bundled_book_passes() -> None:
    done = run("validate", "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["counts"]["violation"]) == (0, 0), data["results"]
    assert {result["rule"] for result in data["results"]} <= {"shacl"}  # what no reference gives stays a warning
