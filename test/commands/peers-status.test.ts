// `peers` and `status`: the shapes that scripts read, and what the exit says.

import { expect } from 'vitest';
import { startHosts } from '../support/hosts.ts';
import { test } from '../support/processes.ts';

const ORIGIN = expect.stringMatching(/^[0-9a-f]{32}$/) as string;

test('peers and status have exactly the documented shape', async ({ stage }) => {
  const hosts = await startHosts(stage, 2);
  const [h1, h2] = hosts;
  await h1!.a.said({ event: 'view-complete' });
  const server = `--server=${h1!.address}:17340`;

  const peers = await stage.run(['peers', '--json', server]);
  const status = await stage.run(['status', '--json', server]);
  const lines = await stage.run(['peers', server]);

  const row = (host: string, side: string, address: string) => ({
    name: `${host}-${side}`,
    origin: ORIGIN,
    host,
    cluster: 'default',
    role: 'master',
    state: 'reachable',
    addresses: [address],
    links: 3,
    registrations: 0,
    self: host === 'h1' && side === 'a',
  });
  const linked = (row: object): object => ({ ...row, roundTripMs: expect.any(Number) as number });
  const rows = [
    row('h1', 'a', `${h1!.address}:17340`),
    row('h1', 'b', `${h1!.address}:17341`),
    row('h2', 'a', `${h2!.address}:17340`),
    row('h2', 'b', `${h2!.address}:17341`),
  ];
  expect(peers.code).toBe(0);
  expect(JSON.parse(peers.stdout)).toEqual({
    complete: true,
    servers: rows.map((one) => (one.self ? one : linked(one))),
  });
  expect(JSON.parse(status.stdout)).toEqual({
    environment: 'development',
    state: 'healthy',
    complete: true,
    missing: [],
    missingCount: 0,
    reasons: [],
    server: rows[0],
    servers: { reachable: 4, suspect: 0, split: 0, gone: 0 },
    masters: { reachable: 4, known: 4 },
    services: 0,
    instances: { live: 0, stale: 0 },
  });
  expect(
    lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0]),
  ).toEqual(['h1-a', 'h1-b', 'h2-a', 'h2-b']);
});

test('a server that reaches none of its neighbours is isolated, and status exits 1', async ({
  stage,
}) => {
  const [address, nobody] = [stage.address(), stage.address()];
  const server = stage.start(['serve', `--bind=${address}`, `--peer=${nobody}`]);
  await server.line(/serves development/);

  const page = await stage.run(['status', `--server=${address}`]);
  const json = await stage.run(['status', '--json', `--server=${address}`]);

  expect([page.code, json.code]).toEqual([1, 1]);
  expect(page.stdout).toContain('isolated');
  expect(JSON.parse(json.stdout)).toMatchObject({ state: 'isolated', complete: false });
});

test('forgetting a host that is not split is answered with no', async ({ stage }) => {
  const address = stage.address();
  const server = stage.start(['serve', `--bind=${address}`]);
  await server.line(/serves development/);

  const { code, stdout } = await stage.run([
    ...['peers', '--forget=h9', '--json', `--server=${address}`],
  ]);

  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ host: 'h9', forgotten: 0 });
});

test('without a server, peers and status exit 3 and say what to do', async ({ stage }) => {
  const nobody = `--server=${stage.address()}`;

  const ended = await Promise.all(
    ['peers', 'status'].map((command) => stage.run([command, '--json', nobody])),
  );

  for (const { code, stdout } of ended) {
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'RARANGI_UNREACHABLE' } });
  }
});

test('status --wait exits 0 as soon as all is well, and else 6 with the reasons', async ({
  stage,
}) => {
  const [address, other, nobody] = [stage.address(), stage.address(), stage.address()];
  const waiting = stage.run(['status', '--json', '--wait=1m', `--server=${address}`]);
  await stage.start(['serve', `--bind=${address}`]).line(/serves development/);
  const words = ['serve', '--master', '--host=h2', `--bind=${other}`, `--peer=${nobody}`];
  await stage.start(words).line(/serves development/);

  const well = await waiting;
  const unwell = await stage.run(['status', '--wait=200ms', `--server=${other}`]);

  expect(well.code).toBe(0);
  expect(JSON.parse(well.stdout)).toMatchObject({ state: 'healthy', complete: true, reasons: [] });
  expect(unwell.code).toBe(6);
  expect(unwell.stdout).toContain('peer-unanswered: ');
  expect(unwell.stdout).toContain('named by --peer, has not answered since the start');
});
