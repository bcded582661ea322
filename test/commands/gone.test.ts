// The words of a certain "none" while a host is lost, and the list of servers that are gone.

import { expect } from 'vitest';
import { Door } from '../support/door.ts';
import { allComplete, startHosts } from '../support/hosts.ts';
import { test } from '../support/processes.ts';

test('a none says which host was lost, and peers --all since when and why', async ({ stage }) => {
  const hosts = await startHosts(stage, 3);
  await allComplete(hosts);
  const [h1, h2, h3] = hosts;
  const server = `--server=${h1!.address}:17340`;

  await h2!.b.end('SIGTERM');
  await Promise.all([h3!.a.end('SIGKILL'), h3!.b.end('SIGKILL')]);
  await h1!.a.said({ event: 'origin-crashed', server: 'h3-a' });
  await h1!.a.said({ event: 'origin-crashed', server: 'h3-b' });
  await stage.run(['status', '--wait=10s', server]);
  const none = await stage.run(['lookup', 'db', server]);
  const json = await stage.run(['lookup', 'db', '--json', server]);
  const byHttp = await new Door(h1!.address, h1!.a).ask('/v1/services/db');
  const allByHttp = await new Door(h1!.address, h1!.a).ask('/v1/services');
  const list = await stage.run(['lookup', server]);
  const all = await stage.run(['peers', '--all', server]);
  const crashed = await stage.run(['peers', '--state=crashed', '--host=h3', '--json', server]);
  const status = await stage.run(['status', '--json', server]);

  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/no instance of db: none in reach; h3 was lost \d+ s ago\n/);
  expect(JSON.parse(json.stdout)).toMatchObject({
    complete: true,
    doubts: { lost: [{ host: 'h3' }], unanswered: [] },
  });
  for (const { status, body } of [byHttp, allByHttp]) {
    expect(status).toBe(404);
    expect(JSON.parse(body)).toMatchObject({
      error: {
        message: expect.stringMatching(/: none in reach; h3 was lost \d+ s ago$/) as unknown,
      },
      complete: true,
      doubts: { lost: [{ host: 'h3' }], unanswered: [] },
    });
  }
  expect(list.stderr).toMatch(/none in reach; h3 was lost \d+ s ago\n/);
  const rows = all.stdout.trimEnd().split('\n');
  expect(rows.map((row) => row.split('\t')).map(([name, , , , state]) => [name, state])).toEqual([
    ['h1-a', 'reachable'],
    ['h1-b', 'reachable'],
    ['h2-a', 'reachable'],
    ['h2-b', 'left'],
    ['h3-a', 'crashed'],
    ['h3-b', 'crashed'],
  ]);
  expect(rows[4]).toMatch(/\t\d+ s ago$/);
  expect(JSON.parse(crashed.stdout)).toMatchObject({
    servers: [],
    gone: [
      { name: 'h3-a', state: 'crashed' },
      { name: 'h3-b', state: 'crashed' },
    ],
  });
  expect(JSON.parse(status.stdout)).toMatchObject({ servers: { reachable: 3, gone: 3 } });
});

test('a host named by --peer that never answered is named, until peers --forget', async ({
  stage,
}) => {
  const [address, silent] = [stage.address(), stage.address()];
  const words = ['serve', '--log-format=json', `--bind=${address}`, `--peer=${silent}`];
  const one = stage.start([...words, '--host=h1', '--master']);
  await one.said({ event: 'server-started' });
  const other = stage.address();
  const peer = `--peer=${address}`;
  const second = stage.start(['serve', `--bind=${other}`, '--host=h2', '--master', peer]);
  await one.said({ event: 'origin-reachable', server: 'h2-a' });
  await one.said({ event: 'view-complete' });
  const server = `--server=${address}:17340`;

  const before = await stage.run(['lookup', 'db', server]);
  const forget = await stage.run(['peers', `--forget=${silent}`, server]);
  const after = await stage.run(['lookup', 'db', server]);
  const status = await stage.run(['status', '--json', server]);

  expect(before.stderr).toContain(
    `none in reach; ${silent}, named by --peer, has not answered since the start`,
  );
  expect(forget.code).toBe(0);
  expect(after.stderr).not.toContain('none in reach');
  expect(status.stdout).not.toContain('peer-unanswered');
  await second.end();
});
