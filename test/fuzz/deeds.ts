// What liars may do, chosen by chance: mostly sound things and few at a time, once in a while as many
// as may be, and now and then as many as may be of the largest: each part of a sum has its bound, and
// the sum none but by our code. A fuzzer plays them as parts of a script, the simulator one after the other.

import { mayArrive } from '../../src/core/server/links/connections.ts';
import type { Message, MessageKind } from '../../src/protocol/messages.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import type { Chance } from './chance.ts';
import type { Deed } from './liar.ts';
import { madeUpId } from './speech.ts';

/** The same with other choices, or nearer to the edges. */
export function sharpened(deed: Deed, chance: Chance): Deed {
  const edgeOneIn = chance.pick([0, 1, 2, 4]);
  return { ...deed, seed: chance.below(2 ** 32), edgeOneIn };
}

/** Any deed of a server; of what it says these kinds. */
export function newDeed(chance: Chance, kinds: readonly MessageKind[]): Deed {
  if (chance.oneIn(SUM_ONE_IN)) return newSum(chance);
  const wish = { seed: chance.below(2 ** 32), edgeOneIn: chance.pick([0, 0, 1, 3, 8]) };
  switch (chance.below(10)) {
    case 0:
      return { ...wish, deed: 'crowd', count: countOf(chance, 300) };
    case 1:
      return {
        ...wish,
        deed: 'grow',
        entry: chance.pick(ENTRIES),
        count: countOf(chance, GROWN_MAX, 5),
      };
    case 2:
      return {
        ...wish,
        deed: 'whole',
        links: countOf(chance, 64_000),
        count: countOf(chance, 300),
      };
    case 3:
    case 4:
      return { ...wish, deed: 'leave', of: chance.below(MADE_UP.length) };
    default:
      return newSaying(chance, kinds);
  }
}

/** As many entries as a log keeps at hand, of a kind that may be large, each of the largest. */
function newSum(chance: Chance): Deed & { readonly deed: 'grow' } {
  const entry = chance.pick(LARGE_ENTRIES);
  return { deed: 'grow', seed: chance.below(2 ** 32), edgeOneIn: 1, entry, count: GROWN_MAX };
}

/** Whether a deed is only of use at an edge. */
export function isSum(deed: Deed): boolean {
  return deed.deed === 'grow' && deed.count === GROWN_MAX && deed.edgeOneIn === 1;
}

/** It says something of one of these kinds. */
export function newSaying(chance: Chance, kinds: readonly MessageKind[]): Deed {
  const wish = { seed: chance.below(2 ** 32), edgeOneIn: chance.pick([0, 0, 1, 3, 8]) };
  return { ...wish, deed: 'say', kind: chance.pick(kinds), itemsMax: countOf(chance, 60_000) };
}

/** Few or, once in a while, as many as may be. */
function countOf(chance: Chance, most: number, mostOneIn = 20): number {
  return chance.oneIn(mostOneIn) ? most : chance.pick([0, 1, 4, 4, 30]);
}

/** Whether a deed takes long. */
export function isHeavy(deed: Deed): boolean {
  return Math.max(...SIZES.map((size) => sizeOf(deed, size))) >= HEAVY;
}

function sizeOf(deed: Deed, size: (typeof SIZES)[number]): number {
  return (deed as Partial<Record<typeof size, number>>)[size] ?? 0;
}

const SIZES = ['count', 'links', 'itemsMax'] as const;
const HEAVY = 300;

/** More than a megabyte of the largest, and fewer than a log keeps at hand. */
const GROWN_MAX = 700;
const SUM_ONE_IN = 40;

/** Servers that a liar makes up. */
export const MADE_UP = [0, 1, 2, 3].map(madeUpId);
const ENTRIES = ['facts', 'up', 'down', 'put', 'delete', 'bye', 'missing'] as const;
const LARGE_ENTRIES = ['facts', 'facts', 'put', 'missing'] as const;
/** All there are, in place or not. */
export const KINDS = Object.keys(MESSAGES) as readonly MessageKind[];
/** What a server may say. */
export const FROM_PEERS = KINDS.filter((kind) => mayArrive('link', { kind } as Message));
/** What a client may say. */
export const FROM_CLIENTS = KINDS.filter((kind) => mayArrive('session', { kind } as Message));
