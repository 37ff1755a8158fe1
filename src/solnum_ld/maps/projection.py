"""Lambert-93, the projection of maps of metropolitan France (RGF93, EPSG:2154; IGN, notes techniques NT/G 71)."""

from __future__ import annotations

from math import exp, log, pi, radians, sin, sqrt, tan

_N = 0.7256077650532670
_C = 11754255.4261
_X0, _Y0 = 700_000.0, 12655612.0499
_E = 0.08181919112
_MERIDIAN = radians(3.0)


def lambert93(longitude: float, latitude: float) -> tuple[float, float]:
    """Return easting and northing in metres of a point in degrees.

    >>> [round(v) for v in lambert93(2.3522, 48.8566)]
    [652469, 6862035]
    """
    phi = radians(latitude)
    isometric = log(tan(pi / 4 + phi / 2) * ((1 - _E * sin(phi)) / (1 + _E * sin(phi))) ** (_E / 2))
    radius = _C * exp(-_N * isometric)
    angle = _N * (radians(longitude) - _MERIDIAN)
    return _X0 + radius * sin(angle), _Y0 - radius * sqrt(1 - sin(angle) ** 2)
