// The ports of a host: who has one keeps it, and the other side is there the moment it is free.

import { expect, test } from 'vitest';

import { HostPort } from '../../../src/io/doors/host-port.ts';

class World {
  nowMs = 0;
  isTaken = true;
  triesAtMs: number[] = [];
  readonly told: string[] = [];
  isStranger = false;
  #ring: (() => void) | null = null;
  #dueMs = Infinity;

  readonly port = new HostPort({
    runtime: {
      nowMs: () => this.nowMs,
      setAlarm: (atMs, ring) => {
        this.#dueMs = atMs;
        this.#ring = ring;
        return () => (this.#ring = null);
      },
    },
    listen: () => {
      this.triesAtMs.push(this.nowMs);
      const error = Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
      return this.isTaken ? Promise.reject(error) : Promise.resolve({ close: () => undefined });
    },
    isStranger: () => Promise.resolve(this.isStranger),
    onHeld: (reason) => this.told.push(reason),
  });

  /** Lets time pass, alarm by alarm. */
  async passTo(endMs: number): Promise<void> {
    while (this.#ring !== null && this.#dueMs <= endMs) {
      const ring = this.#ring;
      this.#ring = null;
      this.nowMs = this.#dueMs;
      ring();
      await new Promise(setImmediate);
    }
    this.nowMs = endMs;
  }
}

test('a port that is in use is tried every second, and a sibling is waited for in silence', async () => {
  const world = new World();
  await world.port.open();

  await world.passTo(3_000);

  expect(world.triesAtMs).toEqual([0, 1_000, 2_000, 3_000]);
  expect([world.told, world.port.isHeld]).toEqual([[], false]);
});

test('once the sibling is lost it is tried at once and every 10 ms for a second', async () => {
  const world = new World();
  await world.port.open();
  await world.passTo(500);

  world.port.hasten();
  await new Promise(setImmediate);
  await world.passTo(540);
  world.isTaken = false;
  await world.passTo(2_000);

  expect(world.triesAtMs).toEqual([0, 500, 510, 520, 530, 540, 550]);
  expect(world.port.isHeld).toBe(true);
});

test('after that second it is tried every second again', async () => {
  const world = new World();
  await world.port.open();
  world.port.hasten();
  await new Promise(setImmediate);

  await world.passTo(3_500);

  expect(world.triesAtMs.filter((atMs) => atMs > 1_000)).toEqual([2_000, 3_000]);
});

test('a stranger is told of once', async () => {
  const world = new World();
  world.isStranger = true;
  await world.port.open();

  await world.passTo(100_000);

  expect(world.told).toEqual(['in use by something else']);
});

test('a port that is closed is tried no more', async () => {
  const world = new World();
  await world.port.open();
  world.port.close();

  world.port.hasten();
  await world.passTo(5_000);

  expect(world.triesAtMs).toEqual([0]);
});
