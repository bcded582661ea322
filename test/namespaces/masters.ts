// Masters taken away, with real processes: by loss of power, where nothing says goodbye and no
// kernel answers; and by a kill, where the kernel closes their connections.

import { expect } from 'vitest';

import { printDelays } from './figures.ts';
import { agree, agreeAll, changesAt, sightsOf } from './views.ts';
import { HOSTS, netTest, PATIENTLY, serversOf } from './world.ts';
import type { World } from './shapes.ts';

netTest(
  'a master that loses power is gone, and its leaves go on with others',
  PATIENTLY,
  async ({ world }) => {
    const rest = without('h1');
    const cutMs = performance.now();
    await world.powerOff('h1');
    await agree(world, sightsOf(rest, { reached: rest, split: [] }));
    const others = serversOf(world, rest);
    const lost = others.map((server) => changesAt(server, cutMs));
    const bootMs = performance.now();
    await world.boot('h1');
    await agreeAll(world);

    const back = others.map((server) => changesAt(server, bootMs));
    expect(lost).toEqual(others.map(() => ['removed h1']));
    expect(back).toEqual(others.map(() => ['added h1']));
    printDelays('power off: removed', others, { change: 'removed h1', sinceMs: cutMs });
  },
);

netTest(
  'a leaf whose masters are all killed goes on with those of the other cluster',
  PATIENTLY,
  async ({ world }) => {
    const rest = without('h1', 'h2');
    const killMs = performance.now();
    for (const name of ['h1', 'h2']) world.kill(name);
    await agree(world, sightsOf(rest, { reached: rest, split: [] }));
    const others = serversOf(world, rest);
    const lost = others.map((server) => changesAt(server, killMs).sort());
    await bootAll(world, ['h1', 'h2']);
    await agreeAll(world);

    expect(lost).toEqual(others.map(() => ['removed h1', 'removed h2']));
    printDelays('both killed: removed', others, { change: 'removed h1', sinceMs: killMs });
  },
);

netTest(
  'masters of a cluster that lose power together are split off until they are back',
  PATIENTLY,
  async ({ world }) => {
    const rest = without('h1', 'h2');
    const cutMs = performance.now();
    await world.powerOff('h1', 'h2');
    await agree(world, sightsOf(rest, { reached: rest, split: ['h1', 'h2'] }));
    const others = serversOf(world, rest);
    const lost = others.map((server) => changesAt(server, cutMs).sort());
    const bootMs = performance.now();
    await bootAll(world, ['h1', 'h2']);
    await agreeAll(world);

    const back = others.map((server) => changesAt(server, bootMs).sort());
    expect(lost).toEqual(others.map(() => ['stale h1', 'stale h2']));
    expect(back).toEqual(others.map(() => ['added h1', 'added h2', 'removed h1', 'removed h2']));
    printDelays('both without power: stale', others, { change: 'stale h1', sinceMs: cutMs });
  },
);

function without(...names: readonly string[]): string[] {
  return HOSTS.filter((name) => !names.includes(name));
}

async function bootAll(world: World, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => world.boot(name)));
}
