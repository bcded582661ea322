// The ports of a host: the side that has one keeps it, and the other side takes it the moment it is
// free.

import { expect, test } from 'vitest';

import { SharedPort } from '../../../src/io/doors/host-port.ts';

class World {
  nowMs = 0;
  isTaken = true;
  triesAtMs: number[] = [];
  readonly told: string[] = [];
  readonly strangers: boolean[] = [];
  isStranger = false;
  /** Whether the file of the socket is there; null for a port. */
  isInPlace: boolean | null = null;
  #ring: (() => void) | null = null;
  #dueMs = Infinity;

  readonly port = new SharedPort({
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
      if (this.isTaken) return Promise.reject(error);
      const close = (): void => undefined;
      if (this.isInPlace === null) return Promise.resolve({ close });
      this.isInPlace = true;
      return Promise.resolve({ close, isInPlace: () => this.isInPlace === true });
    },
    isStranger: () => Promise.resolve(this.isStranger),
    onHeld: (reason) => this.told.push(reason),
    onStranger: (isThere) => this.strangers.push(isThere),
    onBoundAnew: () => this.told.push('bound anew'),
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

test('a sibling that is killed while it is asked is no stranger', async () => {
  const world = new World();
  world.isStranger = true;
  await world.port.open();
  await world.passTo(500);

  world.port.hasten();
  await world.passTo(900);
  world.isTaken = false;
  await world.passTo(2_000);

  expect([world.told, world.strangers, world.port.isHeld]).toEqual([[], [], true]);
});

test('a stranger is told of once', async () => {
  const world = new World();
  world.isStranger = true;
  await world.port.open();

  await world.passTo(100_000);

  expect(world.told).toEqual(['in use by something else']);
});

test('a stranger that has left its place to the sibling is there no more', async () => {
  const world = new World();
  world.isStranger = true;
  await world.port.open();
  await world.passTo(5_000);

  world.isStranger = false;
  await world.passTo(15_000);

  expect(world.strangers).toEqual([true, false]);
});

for (const [how, leave] of [
  ['is free', (world: World) => (world.isTaken = false)],
  ['is given up', (world: World) => world.port.close()],
] as const) {
  test(`no stranger is at a place that ${how}`, async () => {
    const world = new World();
    world.isStranger = true;
    await world.port.open();
    await world.passTo(2_500);

    leave(world);
    await world.passTo(5_000);

    expect(world.strangers).toEqual([true, false]);
  });
}

test('a port that is closed is tried no more', async () => {
  const world = new World();
  await world.port.open();
  world.port.close();

  world.port.hasten();
  await world.passTo(5_000);

  expect(world.triesAtMs).toEqual([0]);
});

test('a socket whose file was removed is bound anew, and told of once', async () => {
  const world = new World();
  world.isTaken = false;
  world.isInPlace = true;
  await world.port.open();
  await world.passTo(5_000);

  world.isInPlace = false;
  await world.passTo(9_000);

  expect(world.triesAtMs).toEqual([0, 6_000]);
  expect([world.told, world.port.isHeld]).toEqual([['bound anew'], true]);
});

test('a removed socket that the sibling has taken meanwhile is left to it', async () => {
  const world = new World();
  world.isTaken = false;
  world.isInPlace = true;
  await world.port.open();

  world.isInPlace = false;
  world.isTaken = true;
  await world.passTo(3_500);
  world.isTaken = false;
  await world.passTo(4_500);

  expect(world.triesAtMs).toEqual([0, 2_000, 3_000, 4_000]);
  expect([world.told, world.port.isHeld]).toEqual([[], true]);
});
