"""How a source is to be published, and whether anything has changed since it last was. Imports nothing heavy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld import __version__
from solnum_ld.errors import SettingsError
from solnum_ld.iris import is_public
from solnum_ld.manifest import FORMAT
from solnum_ld.release.tree import survey_tree

PROGRAM = f"solnum-ld {__version__}, pyoxigraph {ox.__version__}"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a source is to be published.

    ``base`` names things, ``public`` is where documents answer. ``shacl=False`` leaves the shapes unused and says so;
    ``accept_changes`` lets a public base take changed content under an unchanged version, and vanished IRIs;
    ``default_graph`` is ``union`` or ``strict``; ``dumps`` are suffixes of formats, None for those that suit the size.
    """

    base: str
    public: str
    contact: str = ""
    shacl: bool = True
    named_graphs: bool = True
    default_graph: str = "union"
    dumps: tuple[str, ...] | None = None
    accept_changes: bool = False
    keep: int = 3

    def __post_init__(self) -> None:
        """Refuse a public base without a contact (DESIGN, section 3)."""
        if is_public(self.base) and not self.contact:
            raise SettingsError(
                f"A public base ({self.base}) needs an address that answers: --contact NAME@HOST (or SOLNUM_CONTACT)."
            )
        if self.default_graph == "strict" and not self.named_graphs:
            raise SettingsError("--default-graph strict keeps graphs apart; --no-named-graphs does away with them.")

    def key(self) -> str:
        """Return what of the options, beside the source, makes one release differ from another."""
        parts = [self.base, self.public, self.contact, self.shacl, self.named_graphs, self.dumps]
        parts += [self.default_graph, PROGRAM, FORMAT]
        return json.dumps(parts)


def fingerprint(root: Path, options: BuildOptions) -> str:
    """Return a hash that is equal when neither the source nor the options have changed."""
    return hashlib.sha256(f"{survey_tree(root).fingerprint()}\n{options.key()}".encode()).hexdigest()
