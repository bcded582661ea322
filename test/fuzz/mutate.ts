// How an input becomes another one: bytes changed blindly, which finds faults in reading them, and
// CBOR changed as a tree, which gets past the reading and finds faults behind it.

import { Decoder, Encoder } from 'cbor-x';
import { PLAIN_CBOR } from '../../src/protocol/codec.ts';
import type { Chance } from './chance.ts';

const encoder = new Encoder(PLAIN_CBOR);
const decoder = new Decoder(PLAIN_CBOR);

/** The bytes with some of them changed, added, removed, doubled or cut off. */
export function mutatedBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  let changed = [...bytes];
  for (let round = 1 + chance.below(4); round > 0; round -= 1) changed = spoiled(changed, chance);
  return Uint8Array.from(changed);
}

function spoiled(bytes: number[], chance: Chance): number[] {
  const at = chance.below(bytes.length + 1);
  switch (chance.below(6)) {
    case 0:
      return bytes.toSpliced(at, 1, (bytes[at] ?? 0) ^ (1 << chance.below(8)));
    case 1:
      return bytes.toSpliced(at, 0, ...chance.pick(DICTIONARY));
    case 2:
      return bytes.toSpliced(at, 1 + chance.below(8));
    case 3:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + 1 + chance.below(40)));
    case 4:
      return bytes.toSpliced(at, 1 + chance.below(3), ...chance.pick(DICTIONARY));
    default:
      return bytes.slice(0, at);
  }
}

/** One message with some of its values replaced, doubled or taken away: most are well-formed. */
export function mutatedItem(bytes: Uint8Array, chance: Chance): Uint8Array {
  let tree: unknown;
  try {
    tree = decoder.decode(bytes.slice());
  } catch {
    // An input that was spoiled before is no tree any more.
    return mutatedBytes(bytes, chance);
  }
  for (let round = 1 + chance.below(3); round > 0; round -= 1) tree = grafted(tree, chance);
  try {
    return Uint8Array.from(encoder.encode(tree));
  } catch {
    // Something that CBOR cannot hold, such as an integer above 2^64.
    return mutatedBytes(bytes, chance);
  }
}

/** The tree with one branch changed, each level as likely as the next. */
function grafted(tree: unknown, chance: Chance): unknown {
  const isLeaf = !(tree instanceof Map) && !Array.isArray(tree);
  if (isLeaf || chance.oneIn(12)) return replaced(tree, chance);
  if (Array.isArray(tree)) {
    const at = chance.below(tree.length + 1);
    const item: unknown = tree[at];
    if (item === undefined || chance.oneIn(8)) return resized(tree, at, chance);
    return tree.toSpliced(at, 1, grafted(item, chance));
  }
  const pairs = [...(tree as Map<unknown, unknown>)];
  const at = chance.below(pairs.length + 1);
  const pair = pairs[at];
  if (pair === undefined) return new Map([...pairs, [chance.pick(KEYS), chance.pick(VALUES)]]);
  if (chance.oneIn(10)) return new Map(pairs.toSpliced(at, 1));
  return new Map(pairs.toSpliced(at, 1, [pair[0], grafted(pair[1], chance)]));
}

function resized(items: unknown[], at: number, chance: Chance): unknown[] {
  const item: unknown = items[at - 1] ?? chance.pick(VALUES);
  if (chance.oneIn(3)) return items.toSpliced(at, 1 + chance.below(2));
  const times = chance.oneIn(4) ? 100 : 1;
  return items.toSpliced(at, 0, ...new Array<unknown>(times).fill(item));
}

function replaced(value: unknown, chance: Chance): unknown {
  if (typeof value === 'number' && chance.oneIn(2)) return value + chance.pick([-1, 1, 2, 1_000]);
  if (value instanceof Uint8Array && value.length === 16) {
    return chance.oneIn(5) ? chance.bytes(chance.below(20)) : idBytes(chance.below(IDS_COUNT));
  }
  return chance.pick(VALUES);
}

/** One of the few ids that all of this is about, so that messages meet. */
export function idBytes(index: number): Uint8Array {
  return new Uint8Array(16).fill(index * 17);
}

/** How many ids there are. */
export const IDS_COUNT = 6;

/** Heads and items that readers of CBOR have stumbled over. */
const DICTIONARY: readonly (readonly number[])[] = [
  [0x9f],
  [0xbf],
  [0xff],
  [0x5f],
  [0x7f],
  [0x1b, 255, 255, 255, 255, 255, 255, 255, 255],
  [0x3b, 255, 255, 255, 255, 255, 255, 255, 255],
  [0xf9, 0x7e, 0],
  [0xfb, 127, 240, 0, 0, 0, 0, 0, 0],
  [0xc0],
  [0xd9, 0xdf, 0xff],
  [0xd9, 1, 2],
  [0xf6],
  [0xf7],
  [0xf8, 32],
  [0xe0],
  [0x1c],
  [0x5c],
  [0x62, 0xc3, 0x28],
  [0x63, 0xed, 0xa0, 0x80],
  [0x9a, 255, 255, 255, 255],
  [0xba, 255, 255, 255, 255],
  [0x5b, 0, 0, 0, 1, 0, 0, 0, 0],
  [0x80],
  [0xa0],
  [0x60],
  [0x40],
  [0x00],
  [0x20],
  [0x69, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f],
  [0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81],
];

const KEYS: readonly unknown[] = [
  '__proto__',
  'constructor',
  'request',
  'kind',
  0,
  'x'.repeat(200),
];

const VALUES: readonly unknown[] = [
  0,
  1,
  2,
  255,
  65_536,
  2 ** 32,
  BigInt(2 ** 53 - 1),
  BigInt(2 ** 53 - 2),
  2n ** 53n,
  2n ** 64n - 1n,
  -1,
  1.5,
  Number.NaN,
  Infinity,
  true,
  false,
  null,
  undefined,
  '',
  'a',
  '__proto__',
  'toString',
  'x'.repeat(129),
  'é'.repeat(600),
  '\u001b[31m',
  'a\nb',
  '\u202e',
  '10.0.0.1:1',
  '[::1]:2',
  '/tmp/x',
  [],
  [[]],
  new Map(),
  new Map([['__proto__', new Map([['kind', 1]])]]),
  new Uint8Array(0),
  idBytes(0),
  idBytes(1),
  idBytes(2),
  [idBytes(1), 1],
  [idBytes(1), BigInt(2 ** 53 - 1)],
  'production',
  'client',
  'peer',
  'bye',
  [5],
  [0],
  [1, idBytes(2)],
  [4, idBytes(1), 'closed'],
];
