// A small one of the large worlds of `npm run sim:scale`: what a change costs, and that all agree
// after each event. Its figures in time are no test: a machine is busy or not.

import { expect, test } from 'vitest';
import type { Message } from '../../../src/protocol/messages.ts';
import { bytesOf, encodedBytes } from './bytes.ts';
import { change, coldStart, heal, loseMaster, split } from './phases.ts';
import { ScaleWorld } from './world.ts';

function smallWorld(): ScaleWorld {
  return new ScaleWorld(1, { hosts: 20, clusters: 3, masters: 2, instances: 60 });
}

test('a change reaches every server, with little more than one delivery each', () => {
  const world = smallWorld();
  coldStart(world);

  const { agreedMs, remarks } = change(world, 10);

  expect(agreedMs).toBeLessThan(1_000);
  expect(remarks['deliveries per server']).toBeGreaterThanOrEqual(1);
  expect(remarks['deliveries per server']).toBeLessThanOrEqual(1.3);
});

test('a cold start costs no link more than a few times the catalogue', () => {
  const world = smallWorld();

  const { agreedMs, remarks } = coldStart(world);

  expect(agreedMs).toBeLessThan(2_000);
  expect(remarks['per link and way, most, in catalogues']).toBeLessThan(3);
});

test('in a boot storm leaves spread over the masters, whichever is heard of first', () => {
  const world = new ScaleWorld(1, { hosts: 40, clusters: 4, masters: 2, instances: 40 });

  const { remarks } = coldStart(world);

  const [median = 0, most] = ['median', 'most'].map((which) => {
    return remarks[`links of a master, ${which}`];
  });
  expect(most).toBeLessThan(1.6 * median);
});

test('all agree after a master is lost, in a three-way split, and after it', () => {
  const world = smallWorld();
  coldStart(world);

  const phases = [loseMaster(world), split(world), heal(world)];
  const wrong = phases.map(({ remarks }) => remarks['catalogues that are wrong']);

  for (const { phase, agreedMs } of phases)
    expect([phase, agreedMs < 35_000]).toEqual([phase, true]);
  expect(wrong).toEqual([0, 0, 0]);
});

test('the bytes of messages are counted as the codec writes them', () => {
  const world = smallWorld();
  const wrong: Message[] = [];
  world.onArrival = (message) => {
    if (bytesOf(message) !== encodedBytes(message)) wrong.push(message);
  };

  coldStart(world);

  expect(wrong).toEqual([]);
});
