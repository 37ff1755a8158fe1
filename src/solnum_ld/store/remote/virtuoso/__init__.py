"""Virtuoso 7, open source, as an engine: what it misreads is worded otherwise, what it gives back otherwise is mended.

``literals`` are kept from it where it would alter them, ``wording`` and ``expressions`` say queries in words that it answers as
SPARQL means them, ``reading`` puts its answers into the standard's form, ``engine`` joins them. README lists what is left.
"""

from solnum_ld.store.remote.virtuoso.engine import Virtuoso

__all__ = ["Virtuoso"]
