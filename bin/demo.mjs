#!/usr/bin/env node
// `npm start`: the main job, shown on this very host with nothing but the installed program. Two
// servers, a service, its death. Ctrl-C ends what was started here, and only that. What runs is
// run by bin/run.js, as anyone would run it; each command is shown as it can be typed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { readerGone } from '../dist/cli/reader.js';
import { themeFor } from '../dist/cli/theme.js';

const RUN = fileURLToPath(new URL('run.js', import.meta.url));
const PORTS = [17340, 17341];
const SERVICE = `
  const { createServer } = require('node:http');
  const hello = (_, response) => response.end('hello from process ' + process.pid + '\\n');
  createServer(hello).listen(Number(process.argv[1]), '127.0.0.1');
`;
const TAKEN =
  `The demo needs ports ${PORTS.join(' and ')} of 127.0.0.1 for itself. If servers of development\n` +
  'run already, they are fine: use them, or stop them and start the demo again.\n' +
  'Who has the ports: ss -ltnp "sport >= 17340 and sport <= 17341"';
const theme = themeFor(process.stdout);
const children = new Set();
let isEnding = false;

class DemoError extends Error {}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));
// `npm start | head` leaves nothing behind: neither a write that fails nor a reader that has gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => void end(0));
readerGone().addEventListener('abort', () => void end(0));

try {
  await show();
} catch (error) {
  if (!isEnding) {
    console.error(`\n${theme.bad(error instanceof DemoError ? error.message : error.stack)}`);
    await end(1);
  }
}

async function show() {
  title('1. Two servers for this host, environment development');
  for (const port of PORTS) await startServer(port);

  title('2. A real service, registered by its sidecar');
  const port = await freePort();
  await startService(port);
  const pid = await pidOf(port);
  say(`an HTTP server, process ${pid}, on port ${port}: "web" at both servers`);

  title('3. Looked up through each server');
  for (const server of PORTS) await look(server);

  title('4. Killed: kill -9 of the service');
  await killAndTime(pid);
  for (const server of PORTS) await look(server);

  title('5. Started again; it is there as long as it runs');
  const sidecar = await startService(port);
  await look(PORTS[0]);

  title('Now you, from another terminal in this folder');
  say(theme.strong('node bin/run.js lookup web'));
  say(theme.strong('curl "$(node bin/run.js lookup web --one --format uri)"'));
  say(theme.strong('node bin/run.js lookup web --watch'), 'and then, beside it:');
  say(theme.strong(`kill -9 ${await pidOf(port)}`), 'the service; it is gone at once');
  say(theme.strong('node bin/run.js peers'));
  say(theme.strong('node bin/run.js status'));
  say(theme.strong('node bin/run.js register --name mine --port 8080'), 'until Ctrl-C');
  console.log('\nCtrl-C here stops the servers and the service.');
  sidecar.once('exit', (code) => void sayGone(code));
}

async function startServer(port) {
  typed('serve');
  const server = start(['serve', '--log-format', 'json']);
  const { text, fields } = await server.event('server-started', { orElse: TAKEN });
  if (!text.includes(`:${port}`)) throw new DemoError(`port ${port} is taken\n${TAKEN}`);
  say(fields.message);
}

async function startService(port) {
  const words = ['register', '--name', 'web', '--port', String(port), '--scheme', 'http'];
  typed(`${words.join(' ')} -- node -e '…' ${port}`);
  const command = [process.execPath, '-e', SERVICE, String(port)];
  const sidecar = start([...words, '--log-format', 'json', '--', ...command]);
  for (const _ of PORTS) await sidecar.event('registered');
  return sidecar.child;
}

/** Waits at both servers for the removal and says how long each took. */
async function killAndTime(pid) {
  const watches = PORTS.map((server) => {
    const words = ['lookup', 'web', '--watch', '--server', `127.0.0.1:${server}`];
    return { server, watch: start(words, 'stdout') };
  });
  for (const { watch } of watches) await watch.line(({ change }) => change === 'synced');
  const since = performance.now();
  process.kill(pid, 'SIGKILL');
  const took = watches.map(async ({ server, watch }) => {
    const { fields } = await watch.line(({ change }) => change === 'removed');
    const milliseconds = (performance.now() - since).toFixed(1);
    say(`gone from ${server} after ${theme.strong(`${milliseconds} ms`)} (${fields.cause})`);
    watch.child.kill('SIGTERM');
  });
  await Promise.all(took);
}

/** What follows when somebody kills the service of this demo, as it proposes. */
async function sayGone(code) {
  if (isEnding) return;
  title(`The service has ended, and its sidecar with it: exit ${code}`);
  for (const server of PORTS) await look(server);
  console.log('\nCtrl-C here stops the servers.');
}

async function look(server) {
  const words = ['lookup', 'web', '--server', `127.0.0.1:${server}`];
  typed(words.join(' '));
  const child = spawn(process.execPath, [RUN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray());
  const [code] = await once(child, 'exit');
  const text = (await Promise.all(output)).flat().join('').trim();
  if (isEnding) return;
  say(`${code === 0 ? theme.good(text) : text}   ${theme.faint(`exit ${code}`)}`);
}

/** Starts the program and reads its lines of JSON. */
function start(words, from = 'stderr') {
  const stdio = ['ignore', from === 'stdout' ? 'pipe' : 'ignore', 'pipe'];
  // In a group of its own: a Ctrl-C here is ours to pass on, in order.
  const child = spawn(process.execPath, [RUN, ...words], { stdio, detached: true });
  children.add(child);
  const seen = [];
  const lines = createInterface({ input: child[from] });
  let wake = () => undefined;
  let isOver = false;
  lines.on('line', (text) => {
    seen.push({ text, fields: parsed(text) });
    wake();
  });
  child.once('close', () => {
    children.delete(child);
    isOver = true;
    wake();
  });
  const line = async (matches, { orElse = '' } = {}) => {
    for (;;) {
      const at = seen.findIndex(({ fields }) => matches(fields));
      if (at !== -1) return seen.splice(0, at + 1).at(-1);
      if (isOver) throw new DemoError(failureText(words, seen, orElse));
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return { child, line, event: (name, more) => line(({ event }) => event === name, more) };
}

function failureText(words, seen, advice) {
  const told = seen.map(({ text, fields }) => fields.message ?? text).join('\n');
  return `rarangi ${words[0]} ended:\n${told}\n${advice}`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function pidOf(port) {
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  return Number(text.split(' ').at(-1));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Stops what was started, the latest first: the service, then the servers that know it. */
async function end(code) {
  if (isEnding) return;
  isEnding = true;
  console.log('\nstopping …');
  for (const child of [...children].reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  console.log('nothing is left running');
  process.exit(code);
}

function title(text) {
  console.log(`\n${theme.strong(text)}`);
}

function typed(words) {
  console.log(`  ${theme.faint(`$ rarangi ${words}`)}`);
}

function say(...texts) {
  console.log(`    ${texts.join('   ')}`);
}
