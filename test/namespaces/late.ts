// News that comes late, with real processes: a service lives for a moment, and the logs of the two
// servers of its host tell that one after the other. However late they come, it has lived once.

import { expect } from 'vitest';

import { LIBRARY, NODE_SCRIPT, type Program } from './programs.ts';
import type { Server, World } from './shapes.ts';
import { agreeAll, toldAt } from './views.ts';
import { HOSTS, netTest, passed, PATIENTLY, said, serversOf } from './world.ts';

netTest(
  'a service that is killed while its host is cut off for a moment has lived once, or not at all',
  PATIENTLY,
  async ({ world }) => {
    const sinceMs = performance.now();
    const fleeting = await startFleeting(world);
    const cutMs = performance.now();
    await world.cut(['h2']);
    const id = await liveAndDie(fleeting);
    await passed(cutMs + CUT_MS);
    await world.heal();
    const healMs = performance.now();
    await agreeAll(world);
    await passed(healMs + LATE_MS);

    const lives = elsewhere(world).map((server) => lifeAt(server, { id, sinceMs }));
    process.stderr.write(`    cut off for ${(healMs - cutMs).toFixed(0)} ms\n`);
    // An instance that came and went within one batch of news need not be told.
    const others = lives.filter(
      (life) => !['', 'added removed', 'added updated removed'].includes(life),
    );
    expect(others).toEqual([]);
  },
);

/** Starts a program on h2 that waits to offer a service; both servers have a session of it. */
async function startFleeting(world: World): Promise<Program> {
  const fleeting = world.host('h2').node.start([...NODE_SCRIPT, FLEETING]);
  await said(fleeting, { is: 'connected' });
  return fleeting;
}

/** The service is offered, changed, and killed; returns the instance. */
async function liveAndDie(fleeting: Program): Promise<unknown> {
  fleeting.type('offer');
  const { fields } = await said(fleeting, { is: 'updated' });
  fleeting.signal('SIGKILL');
  return fields['instance'];
}

function elsewhere(world: World): Server[] {
  const names = HOSTS.filter((name) => name !== 'h2');
  return serversOf(world, names);
}

/** The events of an instance in the watch at a server. */
function lifeAt(server: Server, { id, sinceMs }: { id: unknown; sinceMs: number }): string {
  const told = toldAt(server, sinceMs).filter(({ instance }) => instance === id);
  return told.map(({ what }) => what.replace(' h2', '')).join(' ');
}

const FLEETING = `
  import { connect } from ${JSON.stringify(LIBRARY)};
  const client = connect({ environment: 'production' });
  const say = (fields) => console.log(JSON.stringify(fields));
  let web;
  let doneCount = 0;
  client.on('registered', () => {
    doneCount += 1;
    if (doneCount === 2) say({ is: 'connected' });
    if (doneCount === 3) web.update({ tags: { version: '1' } });
    if (doneCount === 4) say({ is: 'updated', instance: web.instance });
  });
  process.stdin.once('data', () => {
    web = client.register({ name: 'web', port: 81 });
  });
  client.register({ name: 'before', port: 82 });`;

const CUT_MS = 200;

/** First news of a log is in doubt for a second: it would be told by then. */
const LATE_MS = 2_000;
