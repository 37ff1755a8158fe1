"""The remote engine: any SPARQL 1.1 engine over HTTP. README lists those that were tested, and what each does in its own way."""
