// The cost of one client at its limits for the others: the delay of a lookup of one instance, alone
// and beside clients that flood the server, each from a process of its own. Run: npm run build,
// then npx vitest bench test/bench/limits.bench.ts. Nothing fails for being slow.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bench } from 'vitest';
import { array, hex, message, none, text, uint } from '../hostile/cbor.ts';
import { clientHello, clientOf, id, lookup, ping, type Raw } from '../hostile/raw.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');
const HOST = '127.13.0.1';
const ROWS = 1_000;
const ROUND_MS = 3_000;

/** The message that a flooding client sends again and again, and whether it reads the answers. */
const FLOODS = {
  'nobody else': null,
  'a client that sends pings': { bytes: message(5), isReading: true },
  'a client that looks up 1,000 instances': { bytes: lookup('many'), isReading: true },
  'the same without reading': { bytes: lookup('many'), isReading: false },
  'strangers that connect and say nothing': { bytes: null, isReading: false },
} as const;

bench(
  'a lookup beside a client at its limits',
  async () => {
    const words = [RUN, 'serve', `--bind=${HOST}`];
    const server = spawn(process.execPath, words, { stdio: 'ignore' });
    try {
      await delay(2_000);
      const holder = await fill();
      const lines: string[] = [];
      for (const [who, flood] of Object.entries(FLOODS)) {
        const flooder = flood === null ? null : startFlood(flood);
        await delay(1_000);
        const delays = await lookups(holder);
        lines.push(`${who}: ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms`);
        if (flooder !== null) await endOf(flooder);
      }
      process.stdout.write(`a lookup of one instance beside\n${lines.join('\n')}\n`);
      holder.leave();
    } finally {
      await endOf(server);
    }
  },
  { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 },
);

/** A session with one instance of `one`, and as many of `many` as a session may have. */
async function fill(): Promise<Raw> {
  const holder = await clientOf(HOST);
  for (let count = 0; count < ROWS; count += 1) {
    const service = text(count === 0 ? 'one' : 'many');
    const row = [id(String(count)), uint(1), service, text('10.0.0.1'), uint(80), none, array()];
    holder.send(message(10, ['request', uint(count)], ['registration', array(...row)]));
  }
  await holder.send(ping(1)).hear(6);
  return holder;
}

function startFlood(flood: { bytes: Buffer | null; isReading: boolean }): ChildProcess {
  const { bytes, isReading } = flood;
  const digits =
    bytes === null ? '' : Buffer.concat(new Array<Buffer>(500).fill(bytes)).toString('hex');
  const program = `
    const { connect } = require('node:net');
    const bytes = Buffer.from('${digits}', 'hex');
    const open = () => connect({ host: '${HOST}', port: 17340 }).on('error', () => undefined);
    const fill = (socket) => { while (socket.write(bytes)); socket.once('drain', () => fill(socket)); };
    if (bytes.length === 0) setInterval(() => { for (let n = 0; n < 20; n += 1) open(); }, 10);
    else {
      const socket = open();
      socket.write(Buffer.from('${clientHello.toString('hex')}', 'hex'));
      ${isReading ? 'socket.resume();' : 'socket.pause();'}
      fill(socket);
    }`;
  return spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
}

/** The delays of lookups on one session after another, 50 a second, in order of their length. */
async function lookups(holder: Raw): Promise<number[]> {
  const delays: number[] = [];
  const endMs = performance.now() + ROUND_MS;
  while (performance.now() < endMs) {
    holder.send(hex('438205a0'));
    const asking = await clientOf(HOST);
    const startMs = performance.now();
    await asking.send(lookup('one')).hear(14);
    delays.push(performance.now() - startMs);
    asking.leave();
    await delay(20);
  }
  return delays.sort((one, other) => one - other);
}

function at(delays: readonly number[], share: number): string {
  return (delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? NaN).toFixed(2);
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
