"""Help and misuse in the language of the terminal: the English texts of commands, options and of typer's own errors are
the keys of their translation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import typer
from typer import rich_utils
from typer.core import TyperGroup

WORDS = (
    "DEFAULT_STRING",
    "ENVVAR_STRING",
    "REQUIRED_LONG_STRING",
    "COMMANDS_PANEL_TITLE",
    "ERRORS_PANEL_TITLE",
    "RICH_HELP",
)
_tell = rich_utils.rich_format_error
Misuse = Any  # typer's own errors, whose class has no public name


def translate_help(app: typer.Typer, said: Callable[[str], str]) -> TyperGroup:
    """Return the commands of ``app`` with their help, and that of their options, said by ``said``, paragraph by paragraph."""
    for word in WORDS:
        setattr(rich_utils, word, said(getattr(rich_utils, word)))

    def tell(self: Misuse) -> None:
        self.message = said(self.message)
        sentence = said(self.format_message())
        self.format_message = lambda: sentence
        _tell(self)

    rich_utils.rich_format_error = tell
    group = typer.main.get_command(app)  # with what completes words in a shell
    assert isinstance(group, TyperGroup)
    for command in (group, *group.commands.values()):
        context = typer.Context(command, **group.context_settings)
        if command.help:
            command.help = "\n\n".join(map(said, paragraphs(command.help)))
        for parameter in (*command.params, command.get_help_option(context)):
            for words in ("help", "rich_help_panel"):  # which not every parameter has
                if getattr(parameter, words, None):
                    setattr(parameter, words, said(getattr(parameter, words)))
    return group


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on a line of its own; examples, which are indented, keep their lines.

    >>> paragraphs("Ask.\\n\\n    More\\n    of it.\\n\\n      ask\\n      again")
    ['Ask.', 'More of it.', '  ask\\n  again']
    """
    found = inspect.cleandoc(text).split("\n\n")
    return [each if each.startswith(" ") else each.replace("\n", " ") for each in found]
