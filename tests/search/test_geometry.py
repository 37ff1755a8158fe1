"""Points that stand for geometries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.search.geometry import representative_point, shape_point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("POINT(2 48)", (48, 2)),
        (" point z ( 2 48 100 ) ", (48, 2)),
        ("POINT(2.5e0 +48.)", (48, 2.5)),
        ("<http://www.opengis.net/def/crs/EPSG/0/4326> POLYGON((0 0, 0 4, 2 4, 2 0, 0 0))", (1, 2)),
        ("POLYGON((0 0, 6 0, 6 2, 2 2, 2 4, 6 4, 6 6, 0 6, 0 0))", (3, 1)),  # a bay: its middle is outside
        ("POLYGON((0 0, 6 0, 6 6, 0 6, 0 0), (1 1, 5 1, 5 5, 1 5, 1 1))", (3, 0.5)),  # a hole
        ("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 1, 0 0)), ((10 10, 14 10, 14 14, 10 14, 10 10)))", (12, 12)),  # the larger
        ("LINESTRING(0 0, 1 1, 5 1)", (1, 1)),
        ("MULTIPOINT((0 0), (3 3), (4 4))", (3, 3)),
        ("GEOMETRYCOLLECTION(POINT(2 48), LINESTRING(2 48, 3 48))", (48, 2)),
        ("POLYGON((0 0, 1 1, 0 0))", (0, 0)),  # without area
        ('{"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]]}', (1, 2)),
        ('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [2, 48, 9]}}', (48, 2)),
        ("POLYGON EMPTY", None),
        ("POLYGON((a b, c d))", None),
        ("POLYGON((0 0, 1, 2 2))", None),
        ("CIRCLE(0 0)", None),
        ("POINT(2 98)", None),
        ("<http://www.opengis.net/def/crs/EPSG/0/2154> POINT(700000 6600000)", None),
        ('{"type": "Point", "coordinates": [true, "x"]}', None),
        ('{"type": "Point"', None),
        ("{" + '"geometry":{' * 5000, None),
        ('{"type": "Point", "coordinates": ' + "[" * 900 + "]" * 900 + "}", None),
        ("POINT(" * 5000, None),
        ("POINT(1e999 0)", None),
        ("POLYGON((" + "a" * 300_000 + "))", None),
        ("POLYGON((" + "1 " * 100_000 + "x))", None),
        ("POLYGON((" + "1" * 100_000 + " 1, 2 2))", None),
        ("MULTIPOINT(1e200 0, 0 0)", None),
        ('{"type": "Point", "coordinates": [1' + "0" * 400 + ", 0]}", None),
    ],
)
def test_a_geometry_has_a_point_that_stands_for_it(text: str, point: tuple[float, float] | None) -> None:
    assert representative_point(text) == (pytest.approx(point) if point else None)


@pytest.mark.parametrize(
    ("text", "is_area", "point"),
    [
        ("48 2 50 4", True, (49, 3)),
        ("48,2 50,2 50,4 48,4 48,2", True, (49, 3)),
        ("48 2 49 3 52 3", False, (49, 3)),
        ("", True, None),
        ("48", True, None),
    ],
)
def test_shapes_of_schema_org_have_one(text: str, is_area: bool, point: tuple[float, float] | None) -> None:
    assert shape_point(text, is_area=is_area) == point


@given(st.text(alphabet="POLYGNMUTI()0123456789., -e{}[]:", max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    for found in (
        representative_point(text),
        shape_point(text, is_area=True),
        representative_point(f"POLYGON(({text}))"),
    ):
        assert found is None or (abs(found[0]) <= 90 and abs(found[1]) <= 180)
