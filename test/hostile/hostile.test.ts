// A server among enemies: each of them by raw bytes on a bare socket, all of them against one real
// process, which afterwards answers as before and has no more memory.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test as plainTest } from 'vitest';
import { eventually } from '../support/conditions.ts';
import { CASES } from './cases.ts';
import { clientOf, lookupMs, Raw } from './raw.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');
const HOST = `127.${String(32 + ((process.pid >> 8) & 31))}.${String(process.pid & 255)}.1`;

interface Victim {
  readonly pid: number;
  /** Every line of its log. */
  readonly log: string[];
}

const test = plainTest.extend<{ victim: Victim }>({
  // One process for the whole file: a test that breaks it breaks the later ones.
  victim: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'rarangi-hostile-'));
      // A peer that is slow on a busy machine is no silent one.
      const words = [RUN, 'serve', `--bind=${HOST}`, '--silence=30s', '--log-format=json'];
      const child = spawn(process.execPath, words, {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const log: string[] = [];
      createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
      await eventually(
        () => log.join('\n'),
        () => log.find((line) => line.includes('started')),
      );
      await use({ pid: child.pid ?? 0, log });
      await endOf(child);
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'file' },
  ],
});

for (const { name, bytes, outcome } of CASES) {
  test(name, async ({ victim }) => {
    const raw = new Raw(HOST).send(...bytes);

    const found = await raw.outcome();
    raw.leave();

    expect(found).toBe(outcome);
    expect(await lookupMs(HOST)).toBeGreaterThan(0);
    expect(victim.log.filter((line) => CONTROLS.test(line))).toEqual([]);
  });
}

test.for(['fin', 'reset'] as const)(
  'a client that leaves in the middle of a message, by a %s, is forgotten',
  async (how, { victim }) => {
    const raw = await clientOf(HOST);
    raw.send(Buffer.from('5a00080000820a', 'hex'));

    raw.leave(how);

    expect(await lookupMs(HOST)).toBeGreaterThan(0);
    expect(victim.log.at(-1)).not.toContain('bug');
  },
);

test('a client that drips a byte now and then has 2 s for the handshake, as one that says nothing', async ({
  victim,
}) => {
  const startMs = performance.now();
  const silent = new Raw(HOST);
  const dripping = new Raw(HOST).send(Buffer.from('58ff', 'hex'));
  const drip = setInterval(() => dripping.send(Buffer.of(0)), 100);

  await Promise.all([silent.closed(), dripping.closed()]);
  clearInterval(drip);

  for (const { said } of [silent, dripping]) {
    expect(said.at(-1)).toMatchObject({ code: 3, fields: { error: 8 } });
  }
  expect(performance.now() - startMs).toBeGreaterThan(1_900);
  // It has refused a hundred from this address by now, and has not logged each.
  const refusals = victim.log.filter((line) => line.includes('"refused-stranger"'));
  expect(refusals.length).toBeLessThan(CASES.length / 2);
});

test('afterwards it has no more memory, and answers as fast', async ({ victim }) => {
  const fast = CASES.filter(({ bytes }) => Buffer.concat(bytes).length < 10_000);
  const round = async (): Promise<void> => {
    for (const { bytes } of fast) {
      const raw = new Raw(HOST).send(...bytes);
      await raw.outcome();
      raw.leave();
    }
  };
  await round();
  const beforeMs = await medianLookupMs();
  const before = await residentBytes(victim, Math.max);

  for (let rounds = 0; rounds < 3; rounds += 1) await round();
  const after = await residentBytes(victim, Math.min);
  const afterMs = await medianLookupMs();

  const figures = `${mebibytes(before)} before, ${mebibytes(after)} after`;
  const speeds = `${beforeMs.toFixed(1)} ms before, ${afterMs.toFixed(1)} ms after`;
  process.stdout.write(`memory: ${figures}; a lookup: ${speeds}\n`);
  expect(after).toBeLessThan(before * 1.1);
});

async function medianLookupMs(): Promise<number> {
  const taken: number[] = [];
  for (let count = 0; count < 21; count += 1) taken.push(await lookupMs(HOST));
  return taken.sort((one, other) => one - other)[10]!;
}

/** Of several looks, for the collector comes when it likes. */
async function residentBytes(
  { pid }: Victim,
  choose: (...looks: number[]) => number,
): Promise<number> {
  const looks: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    await lookupMs(HOST);
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    looks.push(Number(kilobytes) * 1024);
  }
  return choose(...looks);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Characters that a terminal obeys; JSON writes them as they are from DEL on. */
const CONTROLS = /[\u007f-\u009f]|\\u00(0|1)/;
