// Servers within one program, whose event loop is busy for so long at every SIGUSR2. Says on stderr,
// as a line of JSON each, what a server says, when it serves, and when it has been busy.

import { serve } from '../../dist/index.js';

const { servers, busyMs } = JSON.parse(process.argv[2]);

for (const options of servers) await serve({ ...options, onNotice });
say({ event: 'serving' });
process.on('SIGUSR2', () => {
  const endMs = performance.now() + busyMs;
  while (performance.now() < endMs);
  say({ event: 'was-busy' });
});

function onNotice({ name, fields }) {
  say({ event: name, ...fields });
}

function say(fields) {
  process.stderr.write(`${JSON.stringify(fields)}\n`);
}
