"""Write a large source directory in the project's own model: books, their parts, accounts, initiatives, places, axes.

    generate.py --triples 1000000 --out source-1m

The same arguments give the same bytes, everywhere. The text streams to disk in blocks, so that ten million triples take
no more memory than ten thousand. At 1 M triples the axes, the two largest regions, the source file and a few terms have
more than 10,000 inverse links each. Unless ``--shape-free`` is given a small ``shapes/`` folder is written as well.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BASE = "https://bench.example.org/"
ID = f"{BASE}id/"
SN = "https://w3id.org/solnum/def#"
SCHEMA = "https://schema.org/"
IGEO = "http://rdf.insee.fr/def/geo#"

BLOCK = 1 << 20
"""Characters that are collected before they are written."""
PER_FILE = 250_000
"""Triples after which the collection goes on in another file, which is another named graph."""
DEPARTMENTS = 96
REGIONS = 18
AXES = 5
CHAPTERS, SECTIONS, HEADINGS, ACCOUNTS = 8, 4, 3, 6
AXIS_TITLES = (
    ("Stratégies territoriales", "Territorial strategies"),
    ("Habitat social", "Social housing"),
    ("Droit à l'ordinateur", "The right to a computer"),
    ("Accompagnement et citoyenneté", "Support and citizenship"),
    ("Insertion sociale et économique", "Social and economic inclusion"),
)
WHAT_FR = "Atelier Cybercentre Jardin Médiathèque Blog Fablab Radio Carte Portail Journal Café Studio".split()
WHAT_EN = "Workshop,Cybercentre,Garden,Media library,Blog,Fab lab,Radio,Map,Portal,Newspaper,Café,Studio".split(",")
HOW_FR = "partagé solidaire numérique mobile citoyen associatif ouvert populaire".split()
HOW_EN = "shared solidary digital mobile civic associative open popular".split()
FIRST = "Saint Mont Ville Ker Bois Pont Val Roche Beau Font Lan Mar".split()
LAST = "ville mont court ac y gnan bourg ières euil eaux ange lès".split()
WORDS_FR = (
    "les habitants du quartier apprennent ensemble un usage des outils numériques avec une association et la commune "
    "pour écrire publier chercher un emploi garder le lien entre générations et faire entendre leur voix"
).split()
WORDS_EN = (
    "people of the neighbourhood learn together to use digital tools with an association and the town in order to "
    "write publish look for work keep generations in touch and make their voices heard"
).split()

PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "void": "http://rdfs.org/ns/void#",
    "prov": "http://www.w3.org/ns/prov#",
    "schema": SCHEMA,
    "igeo": IGEO,
    "sn": SN,
    "sh": "http://www.w3.org/ns/shacl#",
}
TYPE = f"<{PREFIXES['rdf']}type>"
LABEL = f"<{PREFIXES['rdfs']}label>"
MODIFIED = f"<{PREFIXES['dcterms']}modified>"
DERIVED = f"<{PREFIXES['prov']}wasDerivedFrom>"
INTEGER = f"^^<{PREFIXES['xsd']}integer>"
DECIMAL = f"^^<{PREFIXES['xsd']}decimal>"
DATE = f"^^<{PREFIXES['xsd']}date>"
SOURCE_FILE = f"<{ID}file/billet>"

Block = tuple[str, int]
"""N-Triples lines and how many they are."""


class Writer:
    """Writes blocks of lines to numbered files of about PER_FILE triples each, and counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[str] = []
        self._waiting = 0
        self.count = 0

    def write(self, name: str, blocks: Iterator[Block], limit: float = float("inf")) -> None:
        """Write the blocks to ``name-001.nt`` … until ``limit`` triples are written in all, or the blocks end."""
        number, in_file = 1, 0
        out = (self._folder / f"{name}-{number:03}.nt").open("wb")
        try:
            for text, lines in blocks:
                if in_file >= PER_FILE:
                    self._flush(out)
                    out.close()
                    number, in_file = number + 1, 0
                    out = (self._folder / f"{name}-{number:03}.nt").open("wb")
                self._parts.append(text)
                self._waiting += len(text)
                in_file += lines
                self.count += lines
                if self._waiting >= BLOCK:
                    self._flush(out)
                if self.count >= limit:
                    return
        finally:
            self._flush(out)
            out.close()

    def _flush(self, out) -> None:
        out.write("".join(self._parts).encode())
        self._parts.clear()
        self._waiting = 0


def communes_of(triples: int) -> int:
    """Return how many communes a collection of this size has."""
    return min(max(50, triples // 500), DEPARTMENTS * 999)


def organizations_of(triples: int) -> int:
    """Return how many organisations a collection of this size has."""
    return max(20, triples // 500)


def commune(index: int) -> tuple[str, str]:
    """Return code and name of a commune; nothing of it need be kept in memory."""
    name = FIRST[index % 12] + LAST[index // 12 % 12] + ("" if index < 144 else f"-{FIRST[index // 144 % 12]}")
    return f"{index % DEPARTMENTS + 1:02}{index // DEPARTMENTS + 1:03}", name


def places(triples: int, rnd: random.Random) -> Iterator[Block]:
    """Yield France, its regions, départements and communes."""
    administrative, within = f"<{SCHEMA}AdministrativeArea>", f"<{SCHEMA}containedInPlace>"
    name, code = f"<{SCHEMA}name>", f"<{IGEO}codeINSEE>"
    france = f"<{ID}place/france>"
    yield f'{france} {TYPE} <{SCHEMA}Country> .\n{france} {LABEL} "France"@fr .\n{france} {name} "France"@fr .\n', 3
    for kind, igeo, count in (("region", "Region", REGIONS), ("departement", "Departement", DEPARTMENTS)):
        title = "Région" if kind == "region" else "Département"
        for n in range(1, count + 1):
            s = f"<{ID}place/{kind}-{n:02}>"
            outer = france if kind == "region" else f"<{ID}place/region-{n % REGIONS + 1:02}>"
            yield (
                (
                    f"{s} {TYPE} {administrative} .\n{s} {TYPE} <{IGEO}{igeo}> .\n"
                    f'{s} {LABEL} "{title} {n:02}"@fr .\n{s} {name} "{title} {n:02}"@fr .\n'
                    f'{s} {code} "{n:02}" .\n{s} {within} {outer} .\n'
                ),
                6,
            )
    for index in range(communes_of(triples)):
        insee, called = commune(index)
        s = f"<{ID}place/{insee}>"
        yield (
            (
                f"{s} {TYPE} <{SCHEMA}City> .\n{s} {TYPE} <{IGEO}Commune> .\n"
                f'{s} {LABEL} "{called}"@fr .\n{s} {name} "{called}"@fr .\n{s} {code} "{insee}" .\n'
                f"{s} {within} <{ID}place/departement-{insee[:2]}> .\n"
                f'{s} <{SCHEMA}latitude> "{42 + rnd.random() * 9:.5f}"{DECIMAL} .\n'
                f'{s} <{SCHEMA}longitude> "{-4.5 + rnd.random() * 12:.5f}"{DECIMAL} .\n'
            ),
            8,
        )


def organizations(triples: int) -> Iterator[Block]:
    """Yield the organisations."""
    towns = communes_of(triples)
    for n in range(1, organizations_of(triples) + 1):
        s = f"<{ID}organization/o-{n:06}>"
        insee, called = commune(n * 7 % towns)
        yield (
            (
                f"{s} {TYPE} <{SCHEMA}Organization> .\n"
                f'{s} {LABEL} "Association {HOW_FR[n % 8]} de {called} {n}"@fr .\n'
                f'{s} {LABEL} "{HOW_EN[n % 8].capitalize()} association of {called} {n}"@en .\n'
                f'{s} <{SCHEMA}name> "Association {HOW_FR[n % 8]} de {called} {n}"@fr .\n'
                f"{s} <{SCHEMA}location> <{ID}place/{insee}> .\n"
            ),
            5,
        )


def works(triples: int, rnd: random.Random) -> Iterator[Block]:
    """Yield books without end: each with chapters, sections, headings, and the entries under these."""
    entries = _entries(triples, rnd)
    name, position, part_of = f"<{SCHEMA}name>", f"<{SCHEMA}position>", f"<{SCHEMA}isPartOf>"

    def part(path: str, parent: str, kind: str, title: str, n: int) -> str:
        s = f"<{ID}{path}>"
        return (
            f'{s} {TYPE} <{kind}> .\n{s} {LABEL} "{title}"@fr .\n{s} {name} "{title}"@fr .\n'
            f'{s} {position} "{n}"{INTEGER} .\n{s} {part_of} <{ID}{parent}> .\n'
        )

    book = 0
    while True:
        book += 1
        b = f"<{ID}book/b-{book:05}>"
        yield (
            (
                f'{b} {TYPE} <{SCHEMA}Book> .\n{b} {LABEL} "Solidarités, tome {book}"@fr .\n'
                f'{b} {LABEL} "Solidarities, volume {book}"@en .\n{b} {name} "Solidarités, tome {book}"@fr .\n'
                f'{b} <{SCHEMA}inLanguage> "fr" .\n{b} <{SCHEMA}numberOfPages> "{40 + book % 300}"{INTEGER} .\n'
                f"{b} <{SCHEMA}publisher> <{ID}organization/o-{book % organizations_of(triples) + 1:06}> .\n"
                f"{b} {DERIVED} {SOURCE_FILE} .\n"
            ),
            8,
        )
        for c in range(1, CHAPTERS + 1):
            chapter = f"chapter/{book}-{c}"
            yield part(chapter, f"book/b-{book:05}", f"{SCHEMA}Chapter", f"Chapitre {c} du tome {book}", c), 5
            for s in range(1, SECTIONS + 1):
                section = f"section/{book}-{c}-{s}"
                yield part(section, chapter, f"{SN}Section", f"Section {c}.{s} du tome {book}", s), 5
                for h in range(1, HEADINGS + 1):
                    heading = f"heading/{book}-{c}-{s}-{h}"
                    yield part(heading, section, f"{SN}Heading", f"Rubrique {c}.{s}.{h} du tome {book}", h), 5
                    for n in range(1, ACCOUNTS + 1):
                        yield next(entries)(heading, n)


def _entries(triples: int, rnd: random.Random):
    """Yield, for ever, functions that write an account and its initiative into a heading."""
    phrases_fr, phrases_en = (_phrases(words, rnd) for words in (WORDS_FR, WORDS_EN))
    towns, bodies = communes_of(triples), organizations_of(triples)
    bits, uniform = rnd.getrandbits, rnd.random
    account_type, initiative_type = f"{TYPE} <{SN}InitiativeAccount> .\n", f"{TYPE} <{SN}Initiative> .\n"
    name, description = f"<{SCHEMA}name>", f"<{SCHEMA}description>"
    position, part_of, about = f"<{SCHEMA}position>", f"<{SCHEMA}isPartOf>", f"<{SCHEMA}about>"
    line, theme = f"<{SN}sourceLine>", f"<{SN}theme>"
    located, status, written = f"<{SCHEMA}location>", f"<{SN}placeStatus>", f"<{SN}placeAsWritten>"
    area, provider, start = f"<{SCHEMA}areaServed>", f"<{SCHEMA}provider>", f"<{SCHEMA}startDate>"
    statuses = [f"<{SN}{s}>" for s in ("certain", "certain", "certain", "inferred")]
    axes = [f"<{ID}theme/axe-{n}>" for n in (1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5)]

    def entry(number: int):
        def write(heading: str, n: int) -> Block:
            a, i = f"<{ID}account/i-{number:07}>", f"<{ID}initiative/i-{number:07}>"
            r = bits(62)
            insee, town = commune(int(uniform() * towns))
            # a third of all in one region, a third in another: two hubs beside the axes
            region = (1, 2, r % REGIONS + 1)[(r >> 5) % 3]
            what, how = (r >> 8) % 12, (r >> 12) & 7
            fr, en = (
                f"{WHAT_FR[what]} {HOW_FR[how]} de {town} n° {number}",
                f"{WHAT_EN[what]}, {HOW_EN[how]}, of {town}, no. {number}",
            )
            first, second = axes[(r >> 16) & 15], axes[(r >> 20) & 15]
            text = (
                f'{a} {account_type}{a} {LABEL} "{fr}"@fr .\n{a} {position} "{n}"{INTEGER} .\n'
                f"{a} {part_of} <{ID}{heading}> .\n{a} {about} {i} .\n"
                f'{a} {line} "{number}"{INTEGER} .\n{a} {DERIVED} {SOURCE_FILE} .\n{a} {theme} {first} .\n'
                f'{i} {initiative_type}{i} {LABEL} "{fr}"@fr .\n{i} {LABEL} "{en}"@en .\n{i} {name} "{fr}"@fr .\n'
                f'{i} {description} "{phrases_fr[(r >> 24) & 255]}, {phrases_fr[(r >> 32) & 255]}."@fr .\n'
                f'{i} {description} "{phrases_en[(r >> 24) & 255]}, {phrases_en[(r >> 32) & 255]}."@en .\n'
                f"{i} {located} <{ID}place/{insee}> .\n{i} {area} <{ID}place/region-{region:02}> .\n"
                f'{i} {status} {statuses[(r >> 40) & 3]} .\n{i} {written} "{town}"@fr .\n{i} {theme} {first} .\n'
                f"{i} {provider} <{ID}organization/o-{(r >> 42) % bodies + 1:06}> .\n"
                f'{i} {start} "20{(r >> 50) % 12:02}-{1 + number % 12:02}-{1 + number % 28:02}"{DATE} .\n'
                f'{i} {MODIFIED} "2026-{1 + (r >> 54) % 12:02}-{1 + number % 28:02}"{DATE} .\n'
            )
            if second != first:
                return f"{text}{i} {theme} {second} .\n", 23
            return text, 22

        return write

    number = 0
    while True:
        number += 1
        yield entry(number)


def _phrases(words: list[str], rnd: random.Random) -> list[str]:
    """Return 256 phrases of five to twelve words; descriptions are made of two, so that most differ."""
    return [" ".join(words[int(rnd.random() * len(words))] for _ in range(5 + n % 8)).capitalize() for n in range(256)]


def _turtle(prefixes: str, body: str) -> bytes:
    lines = [f"@prefix {name}: <{PREFIXES[name]}> ." for name in prefixes.split()]
    return ("\n".join(lines) + "\n\n" + body).encode()


def catalog() -> bytes:
    """Return the source's words about itself."""
    return _turtle(
        "dcat dcterms void",
        f"""<{BASE}dataset/bench> a dcat:Dataset, void:Dataset ;
    dcterms:title "Collection d'essai"@fr, "Benchmark collection"@en ;
    dcterms:description "Initiatives inventées, pour mesurer."@fr, "Invented initiatives, to measure with."@en ;
    dcterms:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ;
    dcat:version "1.0.0" ;
    void:uriSpace "{BASE}" .
""",
    )


def themes() -> tuple[bytes, int]:
    """Return the axes and the source file as Turtle, and how many triples they are."""
    parts, count = [], 3
    for n, (fr, en) in enumerate(AXIS_TITLES, 1):
        parts.append(
            f"""<{ID}theme/axe-{n}> a skos:Concept, schema:DefinedTerm ;
    rdfs:label "{fr}"@fr, "{en}"@en ;
    skos:prefLabel "{fr}"@fr, "{en}"@en ;
    skos:definition "Axe {n} de la collection d'essai."@fr, "Axis {n} of the benchmark collection."@en ;
    skos:inScheme <{ID}scheme/axes> ;
    skos:topConceptOf <{ID}scheme/axes> ;
    schema:position {n} .
"""
        )
        count += 11
    parts.append(f'<{ID}scheme/axes> a skos:ConceptScheme ;\n    rdfs:label "Axes"@fr, "Axes"@en .\n')
    parts.append(f'{SOURCE_FILE} a schema:BlogPosting ;\n    rdfs:label "Le billet"@fr, "The post"@en .\n')
    return _turtle("rdfs schema skos", "".join(parts)), count + 3


def shapes() -> bytes:
    """Return two small shapes, to measure a build that validates."""
    return _turtle(
        "schema sn sh xsd",
        f"""<{BASE}shapes/Initiative> a sh:NodeShape ;
    sh:targetClass sn:Initiative ;
    sh:property <{BASE}shapes/Initiative-name>, <{BASE}shapes/Initiative-location> .
<{BASE}shapes/Initiative-name> a sh:PropertyShape ;
    sh:path schema:name ; sh:minCount 1 ; sh:uniqueLang true .
<{BASE}shapes/Initiative-location> a sh:PropertyShape ;
    sh:path schema:location ; sh:minCount 1 ; sh:nodeKind sh:IRI .
<{BASE}shapes/InitiativeAccount> a sh:NodeShape ;
    sh:targetClass sn:InitiativeAccount ;
    sh:property <{BASE}shapes/InitiativeAccount-about> .
<{BASE}shapes/InitiativeAccount-about> a sh:PropertyShape ;
    sh:path schema:about ; sh:minCount 1 ; sh:maxCount 1 ; sh:class sn:Initiative .
""",
    )


def generate(triples: int, out: Path, seed: int = 1, *, shape_free: bool = True) -> int:
    """Write a source of about ``triples`` data triples (at most a dozen more) into ``out``; return how many they are."""
    data = out / "data"
    if out.exists():
        shutil.rmtree(out)
    data.mkdir(parents=True)
    (out / "catalog.ttl").write_bytes(catalog())
    rnd = random.Random(seed)
    writer = Writer(data)
    text, writer.count = themes()
    (data / "themes.ttl").write_bytes(text)
    writer.write("places", places(triples, rnd))
    writer.write("organizations", organizations(triples))
    writer.write("works", works(triples, rnd), triples)
    if not shape_free:
        (out / "shapes").mkdir()
        (out / "shapes" / "bench.ttl").write_bytes(shapes())
    return writer.count


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=1_000_000, help="about how many (default 1000000)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write; what it holds is lost")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another collection (default 1)")
    parser.add_argument("--shape-free", action="store_true", help="write no shapes/")
    asked = parser.parse_args(argv)
    if asked.out.exists() and any(asked.out.iterdir()) and not (asked.out / "catalog.ttl").is_file():
        parser.error(f"{asked.out} holds something that is not a generated source; remove it yourself")
    started = time.perf_counter()
    count = generate(asked.triples, asked.out, asked.seed, shape_free=asked.shape_free)
    took = time.perf_counter() - started
    json.dump({"triples": count, "seconds": round(took, 2), "per_second": round(count / took)}, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
