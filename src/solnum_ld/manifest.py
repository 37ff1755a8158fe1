"""The manifest: what a release is, as data. The same inputs give the same bytes, whatever the clock or the folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from solnum_ld.errors import ReleaseError
from solnum_ld.iris import Names

FORMAT = 5

HIDDEN_CATALOGUE, HIDDEN_STATISTICS = "urn:x-solnum:catalogue", "urn:x-solnum:statistics"
"""The graphs of what the build computes where queries do not see it: names that no graph of a source has."""
"""Version of the layout of a release folder; another one is not read."""

NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Dump:
    """One file of the release's data. ``size`` is in bytes; ``dataset`` is the IRI of the dataset it is a table of."""

    name: str
    media_type: str
    size: int
    sha256: str
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the source says of itself, for headers and pages. Texts are by language; ``""`` is no language."""

    iri: str
    title: dict[str, str]
    description: dict[str, str]
    license: str = ""
    version: str = ""
    modified: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A release. ``content`` and ``release`` are hashes (DESIGN, section 4: three identities).

    ``hidden`` are named graphs that queries do not see: with a strict default graph, those of the files themselves
    and of what the build computes.
    """

    program: str
    space: str
    base: str
    public: str
    contact: str
    content: str
    release: str
    dataset: Dataset
    counts: dict[str, int]
    dumps: tuple[Dump, ...]
    findings: dict[str, int]
    named_graphs: bool = True
    default_graph: str = "union"
    hidden: tuple[str, ...] = ()
    ontology: tuple[str, ...] = ()
    ontology_versions: tuple[str, ...] = ()
    format: int = field(default=FORMAT)

    @property
    def names(self) -> Names:
        """Return how this release names things."""
        return Names(self.space, self.base, self.public)

    @property
    def statistics_graph(self) -> str:
        """Return the graph that holds what the build counted."""
        return HIDDEN_STATISTICS if HIDDEN_STATISTICS in self.hidden else f"{self.base}graph/statistics"

    def to_json(self) -> str:
        """Return the manifest as JSON text, keys sorted."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a release folder; raise :class:`ReleaseError` when it is none of ours."""
    try:
        data = json.loads((folder / NAME).read_text("utf-8"))
        if data.get("format") != FORMAT:
            raise ReleaseError(
                f"{folder} was built by another version of this program (format {data.get('format')}); build it again."
            )
        data["dataset"] = Dataset(**{**data["dataset"], "languages": tuple(data["dataset"]["languages"])})
        data["dumps"] = tuple(Dump(**dump) for dump in data["dumps"])
        data["ontology"], data["ontology_versions"] = tuple(data["ontology"]), tuple(data["ontology_versions"])
        data["hidden"] = tuple(data["hidden"])
        return Manifest(**{f.name: data[f.name] for f in fields(Manifest)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{folder} is not a release: {error}") from error
