"""Publish a directory of RDF as linked data: validated releases, dereferencing, SPARQL, pages for people."""

__version__ = "0.1.0"
