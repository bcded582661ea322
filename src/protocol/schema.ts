// Combinators for what travels: one value is at once a static type, a check of what arrived, the
// form in which it is handed to CBOR, and its CDDL. The invariant: a decoder returns a value of its
// type or throws ProtocolError('malformed-message'), whatever it is given. Records that travel in
// numbers are rows (arrays, by position); messages are maps, so that fields can be added.

import { ProtocolError } from './errors.ts';
import type { InstanceId, Name, OriginId } from './ids.ts';
import { isId, isName } from './ids.ts';

/**
 * How one value is typed, checked, encoded and described. What describes a compound is put together
 * when it is asked for: every start of a command builds the specs, and none prints them.
 */
export interface FieldSpec<T> {
  /** Its CDDL: a type, or the name of a rule in `rules`. */
  readonly cddl: string;
  /** The named rules that `cddl` leans on, in the order in which they are to be printed. */
  readonly rules: readonly (readonly [name: string, body: string])[];
  readonly isOptional: boolean;
  /** The value as plain numbers, strings, byte arrays, arrays and maps. */
  readonly encode: (value: T) => unknown;
  /** The value that arrived. Throws ProtocolError when it does not fit. */
  readonly decode: (value: unknown) => T;
}

/** A field that may be absent from its message. */
export interface OptionalSpec<T> extends FieldSpec<T> {
  readonly isOptional: true;
}

/** Some FieldSpec, of whatever type. */
export interface AnyFieldSpec {
  readonly cddl: string;
  readonly rules: FieldSpec<unknown>['rules'];
  readonly isOptional: boolean;
  readonly encode: (value: never) => unknown;
  readonly decode: (value: unknown) => unknown;
}

/** The fields of a message or a row, by name. */
export type FieldSpecs = Readonly<Record<string, AnyFieldSpec>>;

type Decoded<F> = F extends { readonly decode: (value: unknown) => infer T } ? T : never;
type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never;
}[keyof F];

/** The static type of a set of fields. */
export type Fields<F> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Decoded<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Decoded<F[K]> };

const identity = (value: unknown): unknown => value;

function fail(what: string): never {
  throw new ProtocolError('malformed-message', what);
}

function leaf<T>(cddl: string, decode: (value: unknown) => T): FieldSpec<T> {
  return { cddl, rules: [], isOptional: false, encode: identity, decode };
}

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
 * A copy, where a text may be a view of a longer one: cbor-x cuts texts out of the text of a whole
 * frame, and V8 keeps that as long as the least of them. Shorter ones V8 always copies.
 */
function flat<T extends string>(value: T): T {
  if (value.length < VIEW_CHARACTERS_MIN) return value;
  const units: number[] = [];
  for (let index = 0; index < value.length; index += 1) units.push(value.charCodeAt(index));
  return String.fromCharCode(...units) as T;
}

const VIEW_CHARACTERS_MIN = 13;

/**
 * Whether a text has control characters: C0, DEL or C1, the line ends among them. Half a surrogate
 * pair counts as one: UTF-8 cannot carry it.
 */
export function hasControlCharacters(value: string): boolean {
  // A walk: to compile a pattern of Unicode's classes takes longer than a lookup has for all else.
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
    if (unit < 0xd800 || unit >= 0xe000) continue;
    const next = value.charCodeAt(index + 1);
    if (unit >= 0xdc00 || !(next >= 0xdc00 && next < 0xe000)) return true;
    index += 1;
  }
  return false;
}

/** The number of bytes that a text takes in UTF-8. */
export function utf8Bytes(value: string): number {
  let bytes = 0;
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** One of a closed set of words. */
export function oneOf<const W extends string>(...words: readonly W[]): FieldSpec<W> {
  const known: ReadonlySet<unknown> = new Set(words);
  const cddl = words.map((word) => JSON.stringify(word)).join(' / ');
  return leaf(cddl, (value) =>
    known.has(value) ? (value as W) : fail(`expected one of: ${words.join(', ')}`),
  );
}

function id<T extends OriginId | InstanceId>(): FieldSpec<T> {
  return {
    ...leaf('id', (value) => {
      if (!(value instanceof Uint8Array) || value.length !== 16) return fail('expected 16 bytes');
      return hexadecimal(value) as T;
    }),
    encode: bytesOfId,
  };
}

/** The id of an origin. */
export const originId: FieldSpec<OriginId> = id<OriginId>();

/** The id of an instance. */
export const instanceId: FieldSpec<InstanceId> = id<InstanceId>();

/** The lower-case hexadecimal digits of some bytes, as a flat string. */
export function hexadecimal(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(digitCode(byte >> 4), digitCode(byte & 15));
  return String.fromCharCode(...codes);
}

function digitCode(digit: number): number {
  return digit + (digit < 10 ? 48 : 87);
}

function digitOfCode(code: number): number {
  return code - (code < 58 ? 48 : 87);
}

/** The 16 bytes of an id. */
export function bytesOfId(value: string): Uint8Array {
  if (!isId(value)) throw new RangeError(`not an id: ${value}`);
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
 * Of what ids are cut: cbor-x asks an array for the buffer beneath, and V8 has to make one for each
 * small array of its own. A third of the time that a server takes to encode a snapshot; measured by
 * `npm run bench sync`.
 */
let ids = new ArrayBuffer(0);
let idsAt = 0;

/** So many are kept in memory as long as one of them is. */
const IDS_CUT_MAX = 256;

/** A list of at most so many items; without a number, of what fits a frame. */
export function list<T>(item: FieldSpec<T>, itemsMax = Infinity): FieldSpec<readonly T[]> {
  return {
    get cddl() {
      return `[*${itemsMax === Infinity ? '' : String(itemsMax)} ${item.cddl}]`;
    },
    get rules() {
      return item.rules;
    },
    isOptional: false,
    encode: (values) => values.map(item.encode),
    decode: (value) => {
      if (!Array.isArray(value)) return fail('expected a list');
      if (value.length > itemsMax) fail(`a list has more than ${String(itemsMax)} items`);
      return value.map(item.decode);
    },
  };
}

/** A value, or null for none: in rows, where nothing can be left out. */
export function orNull<T>(field: FieldSpec<T>): FieldSpec<T | null> {
  return {
    get cddl() {
      return `${field.cddl} / null`;
    },
    get rules() {
      return field.rules;
    },
    isOptional: false,
    encode: (value) => (value === null ? null : field.encode(value)),
    decode: (value) => (value === null ? null : field.decode(value)),
  };
}

/** A field that a message may leave out. */
export function optional<T>(field: FieldSpec<T>): OptionalSpec<T> {
  const { encode, decode } = field;
  return {
    get cddl() {
      return field.cddl;
    },
    get rules() {
      return field.rules;
    },
    isOptional: true,
    encode,
    decode,
  };
}

/** A record that travels as an array, by position. What a newer version appends is ignored. */
export function row<const F extends FieldSpecs>(rule: string, fields: F): FieldSpec<Fields<F>> {
  const columns = columnsOf(fields);
  return {
    cddl: rule,
    get rules(): FieldSpec<unknown>['rules'] {
      return [...rulesOf(columns), [rule, `[${columnsCddl(columns)}, * any]`]];
    },
    isOptional: false,
    encode: (value) => encodeColumns(columns, value, []),
    decode: (value) => {
      if (!Array.isArray(value)) return fail(`${rule}: expected an array`);
      return decodeColumns({ rule, columns, value, offset: 0 }, {}) as Fields<F>;
    },
  };
}

type VariantSpecs = Readonly<
  Record<string, { readonly code: number; readonly doc: string; readonly fields: FieldSpecs }>
>;

/** One of several rows, told apart by the number they begin with; `kind` in the static type. */
export function variant<const V extends VariantSpecs>(
  rule: string,
  variants: V,
): FieldSpec<{ [K in keyof V]: { readonly kind: K } & Fields<V[K]['fields']> }[keyof V]> {
  type Value = { [K in keyof V]: { readonly kind: K } & Fields<V[K]['fields']> }[keyof V];
  const arms = Object.entries(variants).map(([kind, spec]) => ({
    kind,
    code: spec.code,
    columns: columnsOf(spec.fields),
  }));
  const armsByKind = new Map(arms.map((arm) => [arm.kind, arm]));
  const armsByCode = new Map<unknown, (typeof arms)[number]>(arms.map((arm) => [arm.code, arm]));
  return {
    cddl: rule,
    get rules(): FieldSpec<unknown>['rules'] {
      const bodies = arms.map((arm): [string, string] => {
        const columns = arm.columns.length === 0 ? '' : `, ${columnsCddl(arm.columns)}`;
        return [`${rule}-${arm.kind}`, `[${String(arm.code)}${columns}, * any]`];
      });
      return [
        ...arms.flatMap((arm) => rulesOf(arm.columns)),
        ...bodies,
        [rule, bodies.map(([armRule]) => armRule).join(' / ')],
      ];
    },
    isOptional: false,
    encode: (value) => {
      const record = value as Readonly<Record<string, unknown>>;
      const arm = armsByKind.get(String(record['kind']));
      if (arm === undefined) throw new RangeError(`${rule}: no kind ${String(record['kind'])}`);
      return encodeColumns(arm.columns, record, [arm.code]);
    },
    decode: (value) => {
      if (!Array.isArray(value)) return fail(`${rule}: expected an array`);
      const arm = armsByCode.get(value[0]);
      if (arm === undefined) {
        // A text could bring what a terminal obeys into the reason.
        const code = typeof value[0] === 'number' ? String(value[0]) : 'of that code';
        return fail(`${rule}: no kind ${code}`);
      }
      const given = { rule, columns: arm.columns, value, offset: 1 };
      return decodeColumns(given, { kind: arm.kind }) as unknown as Value;
    },
  };
}

type Column = readonly [name: string, field: FieldSpec<unknown>];

function columnsOf(fields: FieldSpecs): readonly Column[] {
  return Object.entries(fields) as unknown as readonly Column[];
}

function columnsCddl(columns: readonly Column[]): string {
  return columns.map(([column, field]) => `${column}: ${field.cddl}`).join(', ');
}

function rulesOf(columns: readonly Column[]): (readonly [string, string])[] {
  return columns.flatMap(([, field]) => field.rules);
}

function encodeColumns(
  columns: readonly Column[],
  value: Readonly<Record<string, unknown>>,
  cells: unknown[],
): unknown[] {
  for (const [column, field] of columns) cells.push(field.encode(value[column]));
  return cells;
}

function decodeColumns(
  given: { rule: string; columns: readonly Column[]; value: readonly unknown[]; offset: number },
  record: Record<string, unknown>,
): Record<string, unknown> {
  const { rule, columns, value, offset } = given;
  if (value.length < columns.length + offset) fail(`${rule}: too short`);
  let cell = offset;
  for (const [column, field] of columns) {
    record[column] = field.decode(value[cell]);
    cell += 1;
  }
  return record;
}
