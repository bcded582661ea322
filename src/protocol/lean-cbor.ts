// Stands in for cbor-x in the bundles of .ci/bundle.mjs: a command sends three messages, and
// loading cbor-x takes longer than all of them. It has the names and the shapes that codec.ts uses,
// and writes the same bytes; a property test compares both. The invariant: its input has passed
// checkWellFormed, so it checks nothing; its result shares no memory with the bytes.

/** Writes whole numbers, byte arrays, texts, arrays, maps, true, false, null and undefined. */
export class Encoder {
  encode(value: unknown): Uint8Array {
    const bytes: number[] = [];
    writeItem(bytes, value);
    return Uint8Array.from(bytes);
  }
}

/** Reads the same. */
export class Decoder {
  decode(bytes: Uint8Array): unknown {
    // A plain view: a Buffer of Node.js makes subarrays in JavaScript, slowly.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return readItem({ bytes: plain, position: 0 });
  }
}

function writeItem(to: number[], value: unknown): void {
  if (typeof value === 'number' || typeof value === 'bigint') writeHead(to, UINT, value);
  else if (typeof value === 'string') writeString(to, TEXT, utf8Of(value));
  else if (value instanceof Uint8Array) writeString(to, BYTES, value);
  else if (Array.isArray(value)) writeItems(to, ARRAY, value);
  else if (value instanceof Map) writePairs(to, value);
  else to.push(SIMPLE_BYTES.get(value) ?? unwritable(value));
}

function writeItems(to: number[], major: number, items: readonly unknown[]): void {
  writeHead(to, major, items.length);
  for (const item of items) writeItem(to, item);
}

function writePairs(to: number[], pairs: ReadonlyMap<unknown, unknown>): void {
  writeHead(to, MAP, pairs.size);
  for (const [key, value] of pairs) {
    writeItem(to, key);
    writeItem(to, value);
  }
}

function writeString(to: number[], major: number, bytes: Uint8Array | readonly number[]): void {
  writeHead(to, major, bytes.length);
  for (const byte of bytes) to.push(byte);
}

/** The shortest form, as deterministic CBOR demands. */
function writeHead(to: number[], major: number, argument: number | bigint): void {
  const size = LENGTHS.findIndex((limit) => argument < limit);
  const high = major << 5;
  if (size === 0) {
    to.push(high + Number(argument));
    return;
  }
  to.push(high + 23 + size);
  const exact = BigInt(argument);
  for (let bits = 2 ** (size + 2) - 8; bits >= 0; bits -= 8) {
    to.push(Number((exact >> BigInt(bits)) & 255n));
  }
}

function unwritable(value: unknown): never {
  throw new RangeError(`a ${typeof value} has no place on the wire`);
}

function utf8Of(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) bytes.push(point);
    else writePoint(bytes, point);
  }
  return bytes;
}

function writePoint(to: number[], point: number): void {
  const followers = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  to.push((LEADS[followers] ?? 0) | (point >> (6 * followers)));
  for (let left = followers - 1; left >= 0; left -= 1) to.push(0x80 | ((point >> (6 * left)) & 63));
}

interface Reading {
  readonly bytes: Uint8Array;
  position: number;
}

function readItem(from: Reading): unknown {
  const head = from.bytes[from.position] ?? 0;
  from.position += 1;
  const major = head >> 5;
  if (major === SIMPLE) return SIMPLES[head - SIMPLE_FALSE];
  const argument = readArgument(from, head & 31);
  switch (major) {
    case UINT:
      return argument;
    case NEGATIVE:
      return typeof argument === 'bigint' ? -1n - argument : -1 - argument;
    case BYTES:
      return new Uint8Array(readBytes(from, Number(argument)));
    case TEXT:
      return textOf(readBytes(from, Number(argument)));
    case ARRAY:
      return Array.from({ length: Number(argument) }, () => readItem(from));
    default:
      return readPairs(from, Number(argument));
  }
}

function readPairs(from: Reading, pairs: number): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let left = pairs; left > 0; left -= 1) {
    const key = readItem(from);
    map.set(key, readItem(from));
  }
  return map;
}

function readBytes(from: Reading, length: number): Uint8Array {
  const start = from.position;
  from.position += length;
  return from.bytes.subarray(start, from.position);
}

/** A bigint where a number would not be exact. */
function readArgument(from: Reading, info: number): number | bigint {
  if (info < 24) return info;
  let argument = 0;
  let exact = 0n;
  const bytes = readBytes(from, 2 ** (info - 24));
  for (const byte of bytes) argument = argument * 256 + byte;
  if (Number.isSafeInteger(argument)) return argument;
  for (const byte of bytes) exact = exact * 256n + BigInt(byte);
  return exact;
}

function textOf(bytes: Uint8Array): string {
  let text = '';
  let codes: number[] = [];
  for (let index = 0; index < bytes.length;) {
    const first = bytes[index] ?? 0;
    const followers = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let point = followers === 0 ? first : first & (63 >> followers);
    for (let next = 1; next <= followers; next += 1) {
      point = point * 64 + ((bytes[index + next] ?? 0) & 63);
    }
    index += 1 + followers;
    codes.push(point);
    if (codes.length < CODES_MAX && index < bytes.length) continue;
    text += String.fromCodePoint(...codes);
    codes = [];
  }
  return text;
}

/** The marks of the first byte of a character, by how many bytes follow it. */
const LEADS = [0, 0xc0, 0xe0, 0xf0];

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;

const SIMPLE_FALSE = 0xf4;
const SIMPLES: readonly unknown[] = [false, true, null, undefined];
const SIMPLE_BYTES: ReadonlyMap<unknown, number> = new Map(
  SIMPLES.map((value, index) => [value, SIMPLE_FALSE + index]),
);

/** Below each, an argument takes 0, 1, 2, 4 or 8 bytes. */
const LENGTHS = [24, 2 ** 8, 2 ** 16, 2 ** 32, Infinity];

/** A call may safely have so many arguments. */
const CODES_MAX = 1024;
