// Services that are held by HTTP, on a host whose servers are restarted: a client that holds two
// streams, or moves to the address that a stopping server names, is never missing; and the port of
// the host always answers.

import { expect } from 'vitest';

import { Door, type Lines } from '../support/door.ts';
import { serveWords, startHost } from '../support/hosts.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

const RESTARTS = 20;
const [SIDE_A, SIDE_B, OF_HOST] = [17_342, 17_343, 17_348];
const OFFER = { service: 'web', port: 8000, key: '5be0'.repeat(8) };

/** A host with both servers, and a watch that has its present set. */
async function begin(stage: Stage) {
  const options = { name: 'h1', address: stage.address(), isMaster: true, peers: [] };
  const host = await startHost(stage, options);
  await Promise.all([host.a, host.b].map((server) => server.said({ event: 'view-complete' })));
  const watch = stage.start(['lookup', 'web', '--watch', `--server=${host.address}:17341`]);
  await watch.printed({ change: 'synced' });
  return { host, watch, serve: () => stage.start(serveWords(options)) };
}

/** Opens the stream of the offer at a port, as soon as somebody is there. */
async function hold(door: Door, port: number): Promise<Lines> {
  for (;;) {
    const given = { method: 'POST', body: OFFER, port };
    const stream = await door.stream('/v1/register', given).catch(() => null);
    const line = await stream?.next().catch(() => null);
    if (stream !== null && line?.['event'] === 'registered') return stream;
  }
}

/** The answer of the host's port about the service to a question from now on. */
async function asked(door: Door): Promise<string> {
  for (;;) {
    const path = '/v1/services/web?format=port';
    const answer = await door.ask(path, { port: OF_HOST }).catch(() => null);
    if (answer !== null) return `${String(answer.status)} ${answer.body}`;
  }
}

function changesOf(watch: Running): unknown[] {
  return watch.allPrinted({}).map(({ change }) => change);
}

test(
  'two streams of one instance and the port of the host outlive twenty restarts of a side',
  {
    timeout: 120_000,
  },
  async ({ stage }) => {
    const { host, watch, serve } = await begin(stage);
    const door = new Door(host.address, host.a);
    const steady = await hold(door, SIDE_B);
    await hold(door, SIDE_A);
    const answers: string[] = [];

    let { a } = host;
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await a.end('SIGKILL');
      answers.push(await asked(door));
      a = serve();
      await a.said({ event: 'view-complete' });
      await hold(door, SIDE_A);
      answers.push(await asked(door));
    }
    // The end of both is the next that is told.
    await a.end('SIGKILL');
    steady.asked.destroy();
    await watch.printed({ change: 'removed' });

    expect(new Set(answers)).toEqual(new Set(['200 8000\n']));
    expect(changesOf(watch)).toEqual(['synced', 'added', 'removed']);
  },
);

test('one stream that goes where its server says when that stops leaves no gap', async ({
  stage,
}) => {
  const { host, watch, serve } = await begin(stage);
  const door = new Door(host.address, host.a);
  let { a } = host;
  let stream = await hold(door, SIDE_A);

  for (let restart = 0; restart < 3; restart += 1) {
    const ended = a.end('SIGTERM');
    let line = await stream.next();
    while (line?.['event'] === 'alive') line = await stream.next();
    const [other = ''] = line?.['other'] as string[];
    const moved = await hold(door, Number(new URL(other).port));
    await ended;
    a = serve();
    await a.said({ event: 'view-complete' });
    stream = await hold(door, SIDE_A);
    moved.asked.destroy();
  }
  stream.asked.destroy();
  await watch.printed({ change: 'removed' });

  expect(changesOf(watch)).toEqual(['synced', 'added', 'removed']);
});
