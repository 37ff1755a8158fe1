"""The command line in French: every sentence that it can print has its French, well set, with its values in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from typer import rich_utils

from release.building import GOOD, LOCAL, catalog, command_line, write
from solnum_ld import errors
from solnum_ld.cli import app
from solnum_ld.cli.helping import WORDS, translate_help
from solnum_ld.cli.output import figure
from solnum_ld.findings import violation
from solnum_ld.messages import in_language
from solnum_ld.sparql.grammar import _KINDS
from support import ROOT, environment, run

SOURCE = ROOT / "src" / "solnum_ld"
PLACE = re.compile(r"%\((\w+)\)s")
SAID_ELSEWHERE = {"cli/asking.py", "release/report.py"}


def entries() -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(SOURCE / "locales" / "fr.po"))}


def test_what_varies_is_in_both_languages() -> None:
    assert [en for en, fr in entries().items() if set(PLACE.findall(en)) != set(PLACE.findall(fr))] == []


def test_french_has_its_spaces_and_apostrophes() -> None:
    wrong = [fr for fr in entries().values() if re.search(r"[^\s\u00a0\u202f] ?[;!?»]| :|«[^\u00a0\u202f]|\w'\w", fr)]
    assert wrong == []


@pytest.mark.parametrize("sentence", [sentence for sentence in entries() if PLACE.search(sentence)])
def test_a_template_is_found_again_with_its_values(sentence: str) -> None:
    values = {name: f"‹{number}›" for number, name in enumerate(PLACE.findall(sentence))}
    said = in_language(sentence % values, "fr")
    assert said == entries()[sentence] % values


def messages_in(path: Path) -> list[str]:
    """Return the sentences of findings and errors that are written out in a module, with x for what varies."""
    found = []
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        name = getattr(getattr(call, "func", None), "id", getattr(getattr(call, "func", None), "attr", ""))
        if isinstance(call, ast.Dict) and [key.value for key in call.keys if isinstance(key, ast.Constant)] == ["en"]:
            written = list(call.values)
        elif isinstance(call, ast.Call) and re.fullmatch(
            r"violation|warning|_Refused|\w+Error|NoRelease|Unreachable|Release\w+|note", name
        ):
            first = 0 if name not in {"violation", "warning", "_Refused"} else 1
            written = call.args[first : first + (1 if first == 0 else 2)]
        else:
            continue
        for argument in written:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.append(argument.value)
            elif isinstance(argument, ast.JoinedStr):
                found.append("".join(p.value if isinstance(p, ast.Constant) else "x" for p in argument.values))  # type: ignore[misc]
    return [text for text in found if text and text[-1] in ".?" and " " in text]


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(SOURCE).as_posix()
        for folder in ("release", "cli")
        for path in sorted((SOURCE / folder).glob("*.py"))
    ]
    + [
        "config.py",
        "manifest.py",
        "turtle.py",
        "doctor/examination.py",
        "validation/engines.py",
        "validation/native.py",
    ],
)
def test_every_sentence_of_a_module_has_its_french(path: str) -> None:
    missing = [text for text in messages_in(SOURCE / path) if in_language(text, "fr") == text]
    assert missing == []


ERRORS = {name for name, of in vars(errors).items() if isinstance(of, type) and issubclass(of, errors.SolnumError)}
UNSEEN = {"A query worker ended as it started."}  # in the log alone


def answers_in(path: Path) -> list[str]:
    """Return the sentences of a module's errors, also of those that stand in constants, with x for what varies."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Fault", *ERRORS}:
            found += node.args
        elif isinstance(node, ast.Assign):
            found += node.value.values if isinstance(node.value, ast.Dict) else [node.value]
    texts = [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in getattr(text, "values", [text]))
        for text in found
        if isinstance(text, ast.Constant | ast.JoinedStr)
    ]
    return [text for text in texts if re.fullmatch(r"[A-Z].* .*[.]", text) and text not in UNSEEN]


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(SOURCE).as_posix()
        for pattern in ("sparql/*.py", "store/*.py", "store/remote/*.py")
        for path in sorted(SOURCE.glob(pattern))
    ]
    + ["resources/describing.py", "negotiation.py", "web/sparql.py", "web/oai.py", "web/guard.py", "web/clients.py"],
)
def test_every_refusal_of_the_endpoint_has_its_french(path: str) -> None:
    missing = [text for text in answers_in(SOURCE / path) if in_language(text, "fr") == text]
    assert missing == []


@pytest.mark.parametrize(
    "token", [kind for kind in _KINDS.values() if kind.isascii() and kind not in {"variable", "<IRI>"}]
)
def test_kinds_of_tokens_have_their_french(token: str) -> None:
    assert in_language(token, "fr") != token


def test_a_finding_is_said_in_both_languages() -> None:
    found = violation("encoding", "The file is not UTF-8 (byte 0xE9).", "Save it as UTF-8.")
    assert found.message("fr") == "Le fichier n’est pas en UTF-8 (octet 0xE9)."
    assert found.message("en") == "The file is not UTF-8 (byte 0xE9)."


def test_the_command_line_speaks_french_where_the_terminal_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog(), "a.ttl": GOOD + "oups\n"})
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    french = command_line("build", source, "--releases", tmp_path / "releases", locale="fr_FR.UTF-8")
    assert french.exit_code == 1
    assert "La source ne passe pas\u00a0: 1 violation. La publication précédente" in french.stderr
    assert "remède\u00a0:" in french.stderr
    write(source, {"a.ttl": GOOD})
    built = command_line("build", source, "--releases", tmp_path / "releases", locale="fr_FR.UTF-8")
    assert "triplets, est en ligne" in built.stderr
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert (figure(9676), figure(3.64, 1)) == ("9\u202f676", "3,6")
    asked = run(
        "query", "SELECT * { ?s ?p ?o", "--source", source, "--releases", tmp_path / "releases", LC_ALL="fr_FR.UTF-8"
    )
    assert (
        "la requête finit avant que le { de la ligne 1, colonne 10, soit fermé\u00a0; il faut «\u00a0}\u00a0»,"
        in asked.stderr
    )
    again = command_line("rollback", "--source", source, "--releases", tmp_path / "releases", "--base-uri", LOCAL)
    assert "There is no earlier release" in again.stderr


@pytest.fixture
def typer_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back after the test what the French command line changes in typer."""
    for name in (*WORDS, "rich_format_error"):
        monkeypatch.setattr(rich_utils, name, getattr(rich_utils, name))


@pytest.mark.usefixtures("typer_put_back")
def test_all_help_of_the_command_line_has_its_french() -> None:
    unsaid = []

    def french(text: str) -> str:
        said = in_language(text, "fr")
        if said == text and not text.startswith("  "):  # examples without a word
            unsaid.append(text)
        return said

    group = translate_help(app, french)
    assert unsaid == []
    assert group.commands["serve"].help.splitlines()[0] == "Construire la publication s’il le faut, et la servir."
    assert "tout dossier de fichiers RDF" in group.commands["serve"].help


def test_a_french_shell_completes_words_and_knows_the_short_names() -> None:
    french = {"LC_ALL": "fr_FR.UTF-8"}
    asked = {"_SOLNUM_LD_COMPLETE": "complete_bash", "COMP_WORDS": "solnum-ld serve --client-", "COMP_CWORD": "2"}
    program = "import sys; sys.argv = ['solnum-ld']; from solnum_ld.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(**french, **asked)
    )
    assert done.stdout.split() == ["--client-concurrency", "--client-rate"]
    text = run("-h", **french).stdout
    assert "--install-completion" in text
    assert re.search(r"--help +-h ", text)
    assert run("serve", "-h", **french).stdout == run("serve", "--help", **french).stdout


@pytest.mark.usefixtures("typer_put_back")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("nonsense", "Commande inconnue\u00a0: 'nonsense'."),
        ("serve --prot 1", "Option inconnue\u00a0: --prot (options proches\u00a0: --host, --port)"),
        ("build --nonsense", "Option inconnue\u00a0: --nonsense"),
        ("rollback a b c", "Il y a des arguments en trop\u00a0: b c"),
        ("doctor", "Il manque l’argument 'URL'."),
        ("serve --port", "L’option '--port' demande une valeur."),
        ("serve --build=3", "L’option '--build' ne prend pas de valeur."),
        ("doctor --timeout x u", "Valeur refusée pour '--timeout'\u00a0: il faut un nombre."),
        ("doctor --timeout inf u", "Valeur refusée pour '--timeout'\u00a0: il faut au plus 86400."),
        (
            "serve --port x",
            "Valeur refusée pour '--port' (variable\u00a0: 'SOLNUM_PORT')\u00a0: il faut un nombre entier.",
        ),
        ("build --keep 0", "Valeur refusée pour '--keep'\u00a0: il faut au moins 1."),
        ("build --default-graph x", "'x' n’est aucune des valeurs possibles, qui sont 'union', 'strict'."),
        ("build --dumps x", "Valeur refusée pour --dumps\u00a0: le format 'x' est inconnu\u00a0; connus sont"),
        ("fmt /nonexistent", "Valeur refusée pour 'FILE'\u00a0: le chemin '/nonexistent' n’existe pas."),
        ("publish --bulk-dir /nonexistent", "le dossier '/nonexistent' n’existe pas."),
    ],
)
def test_misuse_is_said_in_french(
    arguments: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    commands = translate_help(app, lambda text: in_language(text, "fr"))
    with pytest.raises(SystemExit) as ended:
        commands.main(arguments.split(), prog_name="solnum-ld")
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in said
