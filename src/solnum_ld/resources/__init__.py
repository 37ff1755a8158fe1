"""From a description to what is sent: RDF in every format, and what a page shows of it. Knows no HTTP."""
