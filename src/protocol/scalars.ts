// Single values as they travel: numbers, names, ids, texts, words, addresses, each with its bound and
// its grammar. The invariant: a decoded value is sound, so that no handler checks it again; sums of
// a few sequences stay exact, and an address means the same to every program.

import {
  ADDRESS_BYTES_MAX,
  addressFaultOf,
  isServerAddress,
  SERVER_ADDRESS_BYTES_MAX,
} from './address.ts';
import { SCHEME_CHARACTERS_MAX, SEQUENCE_MAX } from './constants.ts';
import { ProtocolError } from './errors.ts';
import type { InstanceId, InstanceKey, Name, OriginId } from './ids.ts';
import { isId, isName } from './ids.ts';
import type { FieldSpec } from './schema.ts';
import { fail, leaf } from './schema.ts';
import { flat, hasControlCharacters, utf8Bytes } from './texts.ts';

/** A whole number from 0 to 2^53 - 1. */
export const uint: FieldSpec<number> = {
  ...leaf('uint', decodeUint),
  encode: encodeUint,
};

function encodeUint(value: number): number | bigint {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`not a whole number from 0 to 2^53 - 1: ${String(value)}`);
  }
  // cbor-x writes a number above 2^32 - 1 as a float; a bigint it writes as an integer.
  return value > 0xffffffff ? BigInt(value) : value;
}

function decodeUint(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) {
    return Number(value);
  }
  return fail('expected a whole number from 0 to 2^53 - 1');
}

/** A whole number up to a bound that has a name of its own in CDDL. */
function counter(rule: string, most: number): FieldSpec<number> {
  const { decode } = integer(0, most);
  return {
    ...leaf(rule, decode),
    rules: [[rule, `0..${String(most)}`]],
    encode: (value) => (value > most ? tooLarge(rule, value) : encodeUint(value)),
  };
}

function tooLarge(rule: string, value: number): never {
  throw new RangeError(`not a ${rule}: ${String(value)}`);
}

/** The number of an entry in its log, from 1; 0 is before the first. */
export const sequence: FieldSpec<number> = counter('sequence', SEQUENCE_MAX);

/** The number of a change of a registration. */
export const revision: FieldSpec<number> = counter('revision', SEQUENCE_MAX);

/** A whole number within bounds, both included. */
export function integer(least: number, most: number): FieldSpec<number> {
  return leaf(`${String(least)}..${String(most)}`, (value) => {
    const number = decodeUint(value);
    return number >= least && number <= most ? number : fail(`${String(number)} is out of bounds`);
  });
}

/** True or false. */
export const flag: FieldSpec<boolean> = leaf('bool', (value) =>
  typeof value === 'boolean' ? value : fail('expected true or false'),
);

/** A name: see `isName`. */
export const name: FieldSpec<Name> = leaf('name', (value) =>
  typeof value === 'string' && isName(value) ? flat(value) : fail('expected a name'),
);

/** Text without control characters, of a bounded number of UTF-8 bytes. */
export function text(bytesMax: number): FieldSpec<string> {
  return leaf(`tstr .size (0..${String(bytesMax)})`, (value) => {
    if (typeof value !== 'string') return fail('expected text');
    if (value.length * 3 > bytesMax && utf8Bytes(value) > bytesMax) fail('a text is too long');
    return hasControlCharacters(value) ? fail('a text has control characters') : flat(value);
  });
}

/**
 * A word with a grammar of its own. Its error is `refused`, not `malformed-message`: another text
 * is a request that cannot be granted, and may be answered.
 */
function word(
  rule: string,
  charactersMax: number,
  grammar: { readonly pattern: string; readonly faultOf: (value: string) => string | null },
): FieldSpec<string> {
  const { decode } = text(charactersMax);
  return {
    ...leaf(rule, (value) => {
      const given = decode(value);
      const fault = grammar.faultOf(given);
      if (fault !== null) throw new ProtocolError('refused', fault);
      return given;
    }),
    rules: [[rule, `tstr .regexp "${grammar.pattern}"`]],
  };
}

/** Where a service listens: see address.ts. */
export const address: FieldSpec<string> = word('instance-address', ADDRESS_BYTES_MAX, {
  pattern: `[A-Za-z0-9_.:-]{1,${String(ADDRESS_BYTES_MAX)}}`,
  faultOf: (value) => {
    const fault = addressFaultOf(value);
    return fault === null ? null : `${fault.problem}: ${fault.hint}`;
  },
});

/** An address, or an empty text for that of the server. */
export const addressOrOwn: FieldSpec<string> = {
  ...address,
  cddl: 'instance-address / ""',
  decode: (value) => (value === '' ? value : address.decode(value)),
};

/** Where a server listens: `ADDRESS:PORT`, IPv6 in brackets. */
export const serverAddress: FieldSpec<string> = word('server-address', SERVER_ADDRESS_BYTES_MAX, {
  pattern: `[][A-Za-z0-9_.:-]{3,${String(SERVER_ADDRESS_BYTES_MAX)}}`,
  faultOf: (value) =>
    isServerAddress(value) ? null : 'the address of a server is not ADDRESS:PORT',
});

/** The scheme of a URI (RFC 3986, section 3.1). */
export const scheme: FieldSpec<string> = word('scheme', SCHEME_CHARACTERS_MAX, {
  pattern: `[A-Za-z][A-Za-z0-9+.-]{0,${String(SCHEME_CHARACTERS_MAX - 1)}}`,
  faultOf: (value) => (isScheme(value) ? null : `the scheme is not valid: ${SCHEME_HINT}`),
});

/** Whether a text is the scheme of a URI. */
export function isScheme(value: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]{0,127}$/.test(value);
}

/** What a scheme is made of. */
export const SCHEME_HINT = 'begin with a letter, then use A-Z a-z 0-9 + . -';

/** One of some words; `unknown` for one that a newer version has added. */
export function oneOf<const W extends string>(...words: readonly W[]): FieldSpec<W | 'unknown'> {
  const known: ReadonlySet<unknown> = new Set(words);
  const cddl = words.map((word) => JSON.stringify(word)).join(' / ');
  return leaf(`${cddl} / tstr`, (value) => {
    if (known.has(value)) return value as W;
    return typeof value === 'string' ? 'unknown' : fail('expected text');
  });
}

function id<T extends OriginId | InstanceId | InstanceKey>(rule: string): FieldSpec<T> {
  return {
    ...leaf(rule, (value) => {
      if (!(value instanceof Uint8Array) || value.length !== 16) return fail('expected 16 bytes');
      return hexadecimal(value) as T;
    }),
    encode: bytesOfId,
    bytes: () => ID_BYTES,
  };
}

/** The id of an origin. */
export const originId: FieldSpec<OriginId> = id<OriginId>('id');

/** The id of an instance. */
export const instanceId: FieldSpec<InstanceId> = id<InstanceId>('id');

/** The key that an instance's id is made of: no answer has it. */
export const instanceKey: FieldSpec<InstanceKey> = id<InstanceKey>('instance-key');

/** The lower-case hexadecimal digits of some bytes, as a flat string. */
export function hexadecimal(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(digitCode(byte >> 4), digitCode(byte & 15));
  return String.fromCharCode(...codes);
}

function digitCode(digit: number): number {
  return digit + (digit < 10 ? 48 : 87);
}

/** Sixteen, and their head. */
const ID_BYTES = 17;

function digitOfCode(code: number): number {
  return code - (code < 58 ? 48 : 87);
}

/** The 16 bytes of an id or a key. The error does not quote a wrong text: it may be a secret. */
export function bytesOfId(value: string): Uint8Array {
  if (!isId(value)) throw new RangeError('not 32 hexadecimal digits');
  if (idsAt === ids.byteLength) [ids, idsAt] = [new ArrayBuffer(16 * IDS_CUT_MAX), 0];
  const bytes = new Uint8Array(ids, idsAt, 16);
  idsAt += 16;
  for (let index = 0; index < 16; index += 1) {
    const high = digitOfCode(value.charCodeAt(2 * index));
    bytes[index] = high * 16 + digitOfCode(value.charCodeAt(2 * index + 1));
  }
  return bytes;
}

/**
 * The buffer that ids are cut from: cbor-x asks an array for its buffer, and V8 has to make one for
 * each small array. This saves a third of the time that a server takes to encode a snapshot;
 * measured by `npm run bench sync`.
 */
let ids = new ArrayBuffer(0);
let idsAt = 0;

/** So many stay in memory as long as one of them does. */
const IDS_CUT_MAX = 256;
