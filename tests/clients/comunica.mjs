// Prints how many labels Comunica finds of an IRI that it dereferences by itself: node comunica.mjs IRI
import { QueryEngine } from '@comunica/query-sparql';

const iri = process.argv[2];
const query = `SELECT ?label WHERE { <${iri}> <http://www.w3.org/2000/01/rdf-schema#label> ?label }`;
const bindings = await (await new QueryEngine().queryBindings(query, { sources: [iri] })).toArray();
console.log(JSON.stringify(bindings.map((binding) => binding.get('label').value)));
process.exit(0);
