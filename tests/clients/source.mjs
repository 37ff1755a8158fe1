// Prints the rows that Comunica gets of an endpoint which it finds out to be one by itself: node source.mjs ENDPOINT QUERY
import { QueryEngine } from '@comunica/query-sparql';

const [endpoint, query, type] = process.argv.slice(2);
const source = type ? { type, value: endpoint } : endpoint;
const bindings = await (await new QueryEngine().queryBindings(query, { sources: [source] })).toArray();
const values = bindings.map((row) => Object.fromEntries([...row].map(([name, term]) => [name.value, term.value])));
console.log(JSON.stringify(values));
process.exit(0);
