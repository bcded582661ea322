// A client that waits by HTTP for another answer sleeps through everything that does not change
// this answer.

import { expect } from 'vitest';

import { connect } from '../../src/index.ts';
import { type Door, openDoor } from '../support/door.ts';
import { test } from '../support/processes.ts';

const CHANGES = 10_000;
const AT_ONCE = 1_000;

/** Asks until the answer has changed. */
async function waitAt(door: Door, path: string) {
  const { headers } = await door.ask(path);
  const known = { headers: { 'If-None-Match': headers.etag } };
  const wait = {
    isOver: false,
    answer: door.ask(`${path}${path.includes('?') ? '&' : '?'}wait=10m`, known),
  };
  void wait.answer.finally(() => (wait.isOver = true));
  return wait;
}

/** Registers many instances of a service and gives them up, again and again. */
async function churn(server: string, changes: number): Promise<void> {
  for (let done = 0; done < changes; done += 2 * AT_ONCE) {
    const client = connect({ servers: [server] });
    const offers = Array.from({ length: AT_ONCE }, (_, index) =>
      client.register({ name: 'web', port: 1 + index, tags: { version: '8' } }),
    );
    await Promise.all(offers.map(({ registered }) => registered));
    await client.close();
  }
}

test('ten thousand changes of others wake no client, and one of its own answer does', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const key = '5be0'.repeat(8);
  const own = { service: 'web', port: 8000, tags: { version: '7' } };
  const stream = await door.register([
    { ...own, key },
    { service: 'db', port: 1 },
  ]);
  const registered = await stream.next();
  await stream.next();
  const others = await waitAt(door, '/v1/services/db');
  const tagged = await waitAt(door, '/v1/services/web?tag=version=7');

  await churn(door.host, CHANGES);
  const wereOver = [others.isOver, tagged.isOver];
  const metrics = await door.ask('/metrics');
  await door.ask(`/v1/register/${String(registered?.['instance'])}`, {
    method: 'PUT',
    headers: { 'Rarangi-Key': key },
    body: { ...own, port: 8001 },
  });
  const woken = await tagged.answer;
  const wasOver = others.isOver;
  stream.asked.destroy();
  const none = await others.answer;

  expect(wereOver).toEqual([false, false]);
  const added = /^rarangi_instances_added_total (\d+)$/m.exec(metrics.body)?.[1];
  expect(Number(added)).toBe(2 + CHANGES / 2);
  expect(woken.status).toBe(200);
  expect(JSON.parse(woken.body)).toMatchObject({ instances: [{ port: 8001 }] });
  expect([wasOver, none.status]).toEqual([false, 404]);
});
