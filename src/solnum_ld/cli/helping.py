"""Help in the language of the terminal: the English texts of commands and options are the keys of their translation."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import typer
from typer import rich_utils
from typer.core import TyperGroup

WORDS = ("DEFAULT_STRING", "ENVVAR_STRING", "REQUIRED_LONG_STRING", "COMMANDS_PANEL_TITLE", "ERRORS_PANEL_TITLE")


def translate_help(app: typer.Typer, said: Callable[[str], str]) -> TyperGroup:
    """Return the commands of ``app`` with their help, and that of their options, said by ``said``, paragraph by paragraph."""
    for word in WORDS:
        setattr(rich_utils, word, said(getattr(rich_utils, word)))
    group = typer.main.get_group(app)
    for command in (group, *group.commands.values()):
        if command.help:
            command.help = "\n\n".join(map(said, paragraphs(command.help)))
        for parameter in (*command.params, command.get_help_option(typer.Context(command))):
            text = getattr(parameter, "help", None)
            if text:
                setattr(parameter, "help", said(text))  # noqa: B010 - parameters without help have no such attribute
    return group


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on a line of its own; examples, which are indented, keep their lines.

    >>> paragraphs("Ask.\\n\\n    More\\n    of it.\\n\\n      ask\\n      again")
    ['Ask.', 'More of it.', '  ask\\n  again']
    """
    found = inspect.cleandoc(text).split("\n\n")
    return [each if each.startswith(" ") else each.replace("\n", " ") for each in found]
