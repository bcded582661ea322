// Cables cut and mended, with real processes: one host that vanishes is a crash, several are a
// net-split, and a loss in one direction only is the loss of those links and of nothing else.

import { expect } from 'vitest';

import { printDelays } from './figures.ts';
import type { Ended } from './programs.ts';
import { agree, agreeAll, askAll, changesAt, sightsOf } from './views.ts';
import { EAST, HOSTS, netTest, PATIENTLY, said, serversOf, WEST } from './world.ts';
import type { World } from './shapes.ts';

netTest(
  'a host whose cable is out is gone elsewhere and isolated by itself',
  PATIENTLY,
  async ({ world }) => {
    const rest = HOSTS.filter((name) => name !== 'h6');
    const cutMs = performance.now();
    await world.unplug('h6');
    await agree(world, {
      ...sightsOf(rest, { reached: rest, split: [] }),
      h6: { reached: ['h6'], split: rest },
    });
    const alone = await Promise.all([
      askAll(world, ['h6'], ['lookup', 'web', '--cluster=east']),
      askAll(world, ['h6'], ['lookup', 'web', '--cluster=east', '--live']),
      askAll(world, ['h6'], ['lookup', 'nothing']),
    ]);
    const healMs = performance.now();
    await world.heal();
    await agreeAll(world);

    const others = serversOf(world, rest);
    expect(alone.map((answers) => answers.map(({ code }) => code))).toEqual([
      [0, 0],
      [5, 5],
      [5, 5],
    ]);
    expect(others.map((server) => changesAt(server, cutMs))).toEqual(
      others.map(() => ['removed h6', 'added h6']),
    );
    expect(causesOf(world, rest, cutMs)).toEqual(['crash']);
    // Its address is still its own, and its service stays as it is.
    const lines = serversOf(world, ['h6']).flatMap(({ program }) => program.said);
    expect(lines.filter(({ fields }) => fields['event'] === 'address-gone')).toEqual([]);
    printDelays('cable out: removed', others, { change: 'removed h6', sinceMs: cutMs });
    printDelays('cable in: back', others, { change: 'added h6', sinceMs: healMs });
  },
);

netTest(
  'clusters that are cut off from each other mark and keep what they lost',
  PATIENTLY,
  async ({ world }) => {
    const cutMs = performance.now();
    await world.cut(WEST);
    await agree(world, {
      ...sightsOf(EAST, { reached: EAST, split: WEST }),
      ...sightsOf(WEST, { reached: WEST, split: EAST }),
    });
    const split = await askFarSide(world);

    expect(split.map((answers) => answers.map(({ code }) => code))).toEqual([
      Array(12).fill(0),
      Array(12).fill(5),
      Array(12).fill(5),
    ]);
    expect(split[0]!.every(({ stderr }) => stderr.includes('only stale instances'))).toBe(true);
    for (const server of serversOf(world)) {
      const far = EAST.includes(server.name.slice(0, 2)) ? WEST : EAST;
      expect(changesAt(server, cutMs).sort()).toEqual(far.map((name) => `stale ${name}`));
    }
    printDelays('split: stale', serversOf(world, EAST), { change: 'stale h4', sinceMs: cutMs });
  },
);

netTest(
  'what was given up in a split stays gone, and what is new is everywhere',
  PATIENTLY,
  async ({ world }) => {
    await world.cut(WEST);
    await agree(world, {
      ...sightsOf(EAST, { reached: EAST, split: WEST }),
      ...sightsOf(WEST, { reached: WEST, split: EAST }),
    });
    world.host('h4').web!.signal('SIGTERM');
    world.startExtra('h2');
    const webs = { h2: 2 };
    await agree(world, {
      ...sightsOf(EAST, { reached: EAST, split: WEST, webs }),
      ...sightsOf(WEST, { reached: WEST, split: EAST, webs: { h4: 0 } }),
    });
    const healMs = performance.now();
    await world.heal();
    await agree(world, sightsOf(HOSTS, { reached: HOSTS, split: [], webs: { h2: 2, h4: 0 } }));

    const east = serversOf(world, EAST).map((server) => new Set(changesAt(server, healMs)));
    const west = serversOf(world, WEST).map((server) => new Set(changesAt(server, healMs)));
    expect(east).toEqual(east.map(() => new Set(['live h5', 'live h6', 'removed h4'])));
    expect(west).toEqual(west.map(() => new Set(['added h2', 'live h1', 'live h2', 'live h3'])));
    printDelays('heal: live', serversOf(world, EAST), { change: 'live h5', sinceMs: healMs });
    printDelays('of that, since the first link', serversOf(world, EAST), {
      change: 'live h5',
      sinceMs: firstLinkMs(world, healMs),
    });
  },
);

netTest(
  'links that are lost in one direction are replaced, and nobody is',
  PATIENTLY,
  async ({ world }) => {
    const [h1, h3, h4] = ['h1', 'h3', 'h4'].map((name) => world.host(name));
    const cutMs = performance.now();
    await h1!.node.drop([h4!.node.address]);
    await h3!.node.drop([h1!.node.address]);
    await Promise.all([
      said(h1!.servers[0]!.program, { event: 'link-down' }, cutMs),
      said(h4!.servers[0]!.program, { event: 'link-down' }, cutMs),
    ]);
    await agreeAll(world);
    await world.heal();
    await agreeAll(world);

    const told = serversOf(world).map((server) => changesAt(server, cutMs));
    expect(told).toEqual(told.map(() => []));
  },
);

netTest(
  'a host that hears nobody, though all hear it, is gone like one that is cut off',
  PATIENTLY,
  async ({ world }) => {
    const rest = HOSTS.filter((name) => name !== 'h3');
    const cutMs = performance.now();
    await world.host('h3').node.drop(rest.map((name) => world.host(name).node.address));
    await agree(world, {
      ...sightsOf(rest, { reached: rest, split: [] }),
      h3: { reached: ['h3'], split: rest },
    });
    await world.heal();
    await agreeAll(world);

    const others = serversOf(world, rest);
    expect(others.map((server) => changesAt(server, cutMs))).toEqual(
      others.map(() => ['removed h3', 'added h3']),
    );
    printDelays('deaf host: removed', others, { change: 'removed h3', sinceMs: cutMs });
  },
);

/** The causes of all removals that were told of since then. */
function causesOf(world: World, names: readonly string[], sinceMs: number): unknown[] {
  const lines = serversOf(world, names).flatMap(({ watch }) => watch.said);
  const removals = lines.filter(
    ({ atMs, fields }) => atMs >= sinceMs && fields['change'] === 'removed',
  );
  return [...new Set(removals.map(({ fields }) => fields['cause']))];
}

/** When the first link came up since then. */
function firstLinkMs(world: World, sinceMs: number): number {
  const lines = serversOf(world).flatMap(({ program }) => program.said);
  const ups = lines.filter(({ atMs, fields }) => atMs >= sinceMs && fields['event'] === 'link-up');
  return Math.min(...ups.map(({ atMs }) => atMs));
}

/** Asks every server for services that are only on the far side. */
async function askFarSide(world: World): Promise<Ended[][]> {
  const ask = async (ofEast: readonly string[], ofWest: readonly string[]) => [
    ...(await askAll(world, EAST, ofWest)),
    ...(await askAll(world, WEST, ofEast)),
  ];
  const inEast = ['lookup', 'web', '--cluster=east'];
  const inWest = ['lookup', 'web', '--cluster=west'];
  const nothing = ['lookup', 'nothing'];
  return [
    await ask(inEast, inWest),
    await ask([...inEast, '--live'], [...inWest, '--live']),
    await ask(nothing, nothing),
  ];
}
