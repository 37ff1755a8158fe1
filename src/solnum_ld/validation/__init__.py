"""SHACL validation behind one function, whichever engine does it. The only importer of pyshacl and of shacl."""

from solnum_ld.validation.engines import validate_file
from solnum_ld.validation.reach import check_shapes
from solnum_ld.validation.reference import validate
from solnum_ld.validation.results import Result

__all__ = ["Result", "check_shapes", "validate", "validate_file"]
