// A bare server of HTTP: every request gets the answer that another server gave to one question,
// kept ready.
import { once } from 'node:events';
import { createServer, get } from 'node:http';

const OWN = new Set(['date', 'connection', 'keep-alive']);
const [address, port, url] = process.argv.slice(2);
const [given] = await once(get(url, { agent: false }), 'response');
const chunks = [];
for await (const chunk of given) chunks.push(chunk);
const body = Buffer.concat(chunks);
const headers = Object.entries(given.headers).filter(([name]) => !OWN.has(name));
const server = createServer((_, response) => {
  response.writeHead(given.statusCode, headers.flat()).end(body);
});
server.listen(Number(port), address, () => console.log('listening'));
