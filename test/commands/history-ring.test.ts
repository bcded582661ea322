// What a server remembers has a fixed size, whatever happens, and what it cannot tell it does not deny.

import { expect } from 'vitest';
import { keyOf, openSession, registrationOf } from '../bench/wire.ts';
import { eventually } from '../support/conditions.ts';
import { type Door, openDoor } from '../support/door.ts';
import { test } from '../support/processes.ts';

/** Seen is less than 1 MB; a ring that kept all of it would take 18 MB more. */
const GROWTH_BYTES_MAX = 10e6;

const CHANGES = 100_000;
const RING = 10_000;

/** A measure of a server, by its name. */
async function measure(door: Door, name: string): Promise<number> {
  const { body } = await door.ask('/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
}

/** Changes an instance so often; resolves when the server has done it. */
async function change(address: string, from: number, count: number): Promise<void> {
  let done: () => void = () => undefined;
  let left = count;
  const session = await openSession(address, (message) => {
    if (message.kind === 'error') throw new Error(message.reason);
    if (message.kind === 'done') left -= 1;
    if (left % BATCH === 0) done();
  });
  const { instance } = registrationOf(0, 'web');
  for (let sent = 0; sent < count; sent += BATCH) {
    const answered = new Promise<void>((resolve) => {
      done = resolve;
    });
    for (let index = 0; index < BATCH; index += 1) {
      const revision = from + sent + index;
      const registration = { ...registrationOf(0, 'web'), port: 1 + (revision % 60_000), revision };
      session.send({ kind: 'register', request: revision, registration, key: keyOf(instance) });
    }
    await answered;
  }
  session.close();
}

const BATCH = 500;

test('after 100,000 changes there are 10,000 rows, and the memory is level', async ({ stage }) => {
  // With a small nursery little garbage is measured along with what is kept.
  const door = await openDoor(stage, [], { NODE_OPTIONS: '--max-semi-space-size=1' });
  const address = `${door.host}:17340`;
  await change(address, 1, CHANGES / 5);
  const before = await measure(door, 'nodejs_heap_used_bytes');

  await change(address, 1 + CHANGES / 5, CHANGES - CHANGES / 5);
  const after = await measure(door, 'nodejs_heap_used_bytes');
  const rows = await measure(door, 'rarangi_history_rows');
  const all = await stage.run([
    ...['history', 'web', `--server=${door.host}`, '--limit=10000', '--json'],
  ]);

  expect(rows).toBe(RING);
  const told = JSON.parse(all.stdout) as { rows: { event: string }[] };
  expect(told.rows).toHaveLength(RING);
  expect(after - before).toBeLessThan(GROWTH_BYTES_MAX);
});

test('history and explain say by their exit status what a script has to know', async ({
  stage,
}) => {
  const door = await openDoor(stage, ['--history=4']);
  const web = await door.register({ service: 'web', port: 1 });
  await web.next();
  const at = `--server=${door.host}`;
  const codeOf = async (...words: string[]): Promise<number | null> =>
    (await stage.run([...words, at])).code;
  const before = await Promise.all([
    codeOf('history'),
    codeOf('history', 'web', '--since=1h'),
    codeOf('history', 'db'),
    codeOf('history', 'web', '--since=1ms'),
    codeOf('history', '--host=h9', '--since=24h'),
    codeOf('explain', 'web'),
    codeOf('explain', 'h1'),
    codeOf('explain', 'db'),
  ]);
  // The ring goes round: what it has forgotten it cannot deny.
  for (const port of [1, 2, 3, 4]) {
    const other = await door.register({ service: 'other', port });
    await other.next();
  }
  const forgotten = await stage.run(['history', 'web', '--since=1h', at]);
  const wrong = await Promise.all([
    codeOf('history', '--limit=0'),
    codeOf('history', '--instance=x'),
    codeOf('explain'),
    codeOf('explain', 'a b'),
  ]);
  await door.server.end();
  const gone = await Promise.all([codeOf('history'), codeOf('explain', 'web')]);

  expect(before).toEqual([0, 0, 1, 1, 5, 0, 0, 1]);
  expect([forgotten.code, forgotten.stdout]).toEqual([5, '']);
  expect(forgotten.stderr).toMatch(/^warning: cannot tell: this server has seen all since /);
  expect(wrong).toEqual([2, 2, 2, 2]);
  expect(gone).toEqual([3, 3]);
});

test('with --since only what is younger is told, and with --follow what comes after', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const at = `--server=${door.host}`;
  const old = await door.register({ service: 'old', port: 1 });
  await old.next();
  const sinceMs = performance.now();
  const young = await door.register({ service: 'young', port: 2 });
  await young.next();

  const agoMs = String(Math.floor(performance.now() - sinceMs));
  const follow = stage.start(['history', at, '--since', '1ms', '--follow', '--json']);
  const told = await stage.run(['history', at, '--since', `${agoMs}ms`, '--json']);
  await stage.run(['lookup', 'young', '--wait=10s', at]);
  const following = follow.printed({ event: 'registered' });
  // Whether it has asked for the first time nobody sees: something happens until it tells of it.
  const first = await eventually(
    () => 'nothing of what came was told',
    async () => {
      const fresh = await door.register({ service: 'fresh', port: 3 });
      await fresh.next();
      fresh.asked.destroy();
      return await Promise.race([following, Promise.resolve(undefined)]);
    },
  );
  await follow.end();

  expect(told.stdout).not.toContain('"old"');
  expect(['young', 'fresh']).toContain(first['service']);
});
