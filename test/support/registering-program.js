// A program with many clients of the library, each with a service. It says as a line of JSON on stdout
// when both servers hold all of them, how often that was so, and why sessions
// were lost before.

import { connect } from '../../dist/index.js';

const [count, ...servers] = process.argv.slice(2);

const held = new Set();
let reasons = {};
let times = 0;

for (let number = 1; number <= Number(count); number += 1) {
  const client = connect(servers.length > 0 ? { servers } : {});
  client.on('registered', ({ server }) => {
    held.add(`${number} ${server}`);
    if (held.size < 2 * Number(count)) return;
    times += 1;
    process.stdout.write(`${JSON.stringify({ times, reasons })}\n`);
    reasons = {};
  });
  client.on('lost', ({ server, reason }) => {
    held.delete(`${number} ${server}`);
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  });
  client.register({ name: 'web', port: number });
}
