// The history of several hosts: which were cut off, which instances were replaced, and all of it by
// ages, whatever their clocks say and however old one of them is.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';
import type { Edit } from '../sim/mutations/mutant.ts';
import { Door } from '../support/door.ts';
import { allComplete, type Host, type Starter, startHosts } from '../support/hosts.ts';
import { plantedServe } from '../support/planted-build.ts';
import { type Running, type Stage, test } from '../support/processes.ts';
import { type Row, toldOf } from '../support/told.ts';

/** A sidecar at a host, once it is registered. */
async function register(stage: Stage, host: Host, name: string): Promise<Running> {
  const words = ['register', `--server=${host.address}`, '--log-format=json', '--port=1'];
  const sidecar = stage.start([...words, `--name=${name}`]);
  await sidecar.said({ event: 'registered' });
  return sidecar;
}

test('an instance that a net-split cuts off is stale elsewhere, and live again, with its host', async ({
  stage,
}) => {
  const hosts = await startHosts(stage, 4);
  await allComplete(hosts);
  const [h1, , ...far] = hosts;
  await register(stage, far[0]!, 'web');
  await toldOf(stage, { host: h1!, service: 'web', event: 'registered' });
  const servers = far.flatMap(({ a, b }) => [a, b]);

  for (const server of servers) server.signal('SIGSTOP');
  const stale = await toldOf(stage, { host: h1!, service: 'web', event: 'stale' });
  for (const server of servers) server.signal('SIGCONT');
  const live = await toldOf(stage, { host: h1!, service: 'web', event: 'live' });

  const where = { host: 'h3', server: expect.stringMatching(/^h3-[ab]/) as unknown };
  expect(stale).toMatchObject({ ...where, cause: 'split', detail: 'host h3 is cut off' });
  expect(live).toMatchObject(where);
});

test('an instance that is offered under another name is told elsewhere to be replaced', async ({
  stage,
}) => {
  const hosts = await startHosts(stage, 3);
  await allComplete(hosts);
  const [h1, , h3] = hosts;
  const door = new Door(h3!.address, h3!.a);
  const key = '0123456789abcdef'.repeat(2);
  const web = await door.register({ service: 'web', port: 1, key });
  await web.next();
  await toldOf(stage, { host: h1!, service: 'web', event: 'registered' });

  const shop = await door.register({ service: 'shop', port: 1, key, revision: 2 });
  await shop.next();
  const row = await toldOf(stage, { host: h1!, service: 'web', event: 'removed' });

  expect(row).toMatchObject({
    host: 'h3',
    server: 'h3-a',
    cause: 'replaced',
    detail: 'it is offered as shop now',
  });
});

/** Starts servers whose clock is wrong by so much. */
function skewed(stage: Stage, byMs: number): Starter {
  const preload = join(stage.folder, 'skew.cjs');
  writeFileSync(preload, SKEW);
  const env = { NODE_OPTIONS: `--require=${preload}`, TEST_SKEW_MS: String(byMs) };
  return (words) => stage.start(words, { env });
}

const SKEW = `const { now } = Date;
const byMs = Number(process.env.TEST_SKEW_MS);
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length === 0 ? [now() + byMs] : given));
  }
  static now() {
    return now() + byMs;
  }
};`;

const HOUR_MS = 3_600_000;

test('clocks that differ by hours change neither order nor ages', async ({ stage }) => {
  const hosts = await startHosts(stage, 3, {
    h1: skewed(stage, HOUR_MS),
    h2: skewed(stage, -HOUR_MS),
  });
  await allComplete(hosts);
  const startedMs = performance.now();
  const began = Date.now();
  const order = ['one', 'two', 'three'];
  for (const [index, name] of order.entries()) {
    // Each service registers on the next host.
    await register(stage, hosts[index]!, name);
    await Promise.all(
      hosts.map((host) => toldOf(stage, { host, service: name, event: 'registered' })),
    );
  }

  const answers = await Promise.all(
    hosts.map(async ({ address }) => {
      const { stdout } = await stage.run(['history', `--server=${address}`, '--json']);
      const { rows } = JSON.parse(stdout) as { rows: Row[] };
      return rows.filter(({ event }) => event === 'registered');
    }),
  );
  const passedMs = performance.now() - startedMs;

  // The servers do live in other hours, by what they log.
  const [h1, h2] = hosts.map(({ a }) => Date.parse(String(a.allSaid({})[0]?.['time'])));
  expect(h1! - h2!).toBeGreaterThan(HOUR_MS);
  for (const rows of answers) {
    expect(rows.map(({ service }) => service)).toEqual(order);
    for (const { ageMs, time } of rows) {
      expect(ageMs).toBeGreaterThanOrEqual(0);
      expect(ageMs).toBeLessThan(passedMs);
      expect(Date.parse(time)).toBeGreaterThanOrEqual(began - 1);
      expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
    }
  }
});

/** Servers from before there was a history: they know neither the question nor the details. */
const OLDER: readonly Edit[] = [
  ['records#entry', '{ instance: instanceId, cause, detail }', '{ instance: instanceId, cause }'],
  [
    'messages#MESSAGES',
    '{ request, instance: instanceId, cause, detail, key: instanceKey }',
    '{ request, instance: instanceId, cause, key: instanceKey }',
  ],
  ['messages#MESSAGES', '25', '9025'],
];

test('an older server in the mesh costs the detail of what it held, and no error', async ({
  stage,
}) => {
  const older = await plantedServe(stage.folder, OLDER);
  const hosts = await startHosts(stage, 3, {
    h3: ([, ...words]) => stage.spawn([...older, ...words]),
  });
  await allComplete(hosts);
  const [h1, , h3] = hosts;
  const [there, here] = [await register(stage, h3!, 'there'), await register(stage, h1!, 'here')];
  for (const service of ['there', 'here']) {
    await toldOf(stage, { host: h1!, service, event: 'registered' });
  }
  await stage.run(['lookup', 'here', '--wait=20s', `--server=${h3!.address}`]);

  await Promise.all([there.end(), here.end()]);
  const [atOlder, atOurs] = await Promise.all(
    ['there', 'here'].map((service) => toldOf(stage, { host: h1!, service, event: 'removed' })),
  );
  const watch = stage.start(['lookup', 'here', '--watch', '--json', `--server=${h3!.address}`]);
  await watch.printed({ change: 'synced' });
  const asked = await stage.run(['history', `--server=${h3!.address}`]);
  const explained = await stage.run(['explain', 'there', `--server=${h3!.address}`]);

  expect(atOlder).toMatchObject({ cause: 'deregistered', host: 'h3' });
  expect(atOlder).not.toHaveProperty('detail');
  expect(atOurs).toMatchObject({ cause: 'deregistered', detail: 'SIGTERM to the sidecar' });
  expect(watch.allPrinted({ change: 'present' })).toEqual([]);
  expect([asked.code, explained.code]).toEqual([4, 4]);
  expect(asked.stderr).toContain('the server is older than this program');
  for (const server of hosts.flatMap(({ a, b }) => [a, b])) {
    for (const event of ['protocol-breach', 'link-down', 'bug']) {
      expect(server.allSaid({ event })).toEqual([]);
    }
  }
});
