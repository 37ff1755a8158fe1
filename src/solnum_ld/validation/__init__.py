"""SHACL validation behind one function, so that a faster engine can follow. The only importer of pyshacl."""

from solnum_ld.validation.shacl import Result, check_shapes, validate

__all__ = ["Result", "check_shapes", "validate"]
