// Combinators for what travels: one value is at once a static type, a check of what arrived, the
// form in which it is handed to CBOR, and its CDDL. The invariant: a decoder returns a value of its
// type or throws ProtocolError('malformed-message'), whatever it is given. Records that travel in
// numbers are rows (arrays, by position); messages are maps, so that fields can be added.

import { ProtocolError } from './errors.ts';
import { plainBytes, sumOf } from './measure.ts';
import { uintBytes } from './uint.ts';

/**
 * How one value is typed, checked, encoded and described. The description of a compound is made
 * when it is asked for: every start of a command builds the specs, and none prints them.
 */
export interface FieldSpec<T> {
  /** Its CDDL: a type, or the name of a rule in `rules`. */
  readonly cddl: string;
  /** The named rules that `cddl` uses, in the order in which they are printed. */
  readonly rules: readonly (readonly [name: string, body: string])[];
  readonly isOptional: boolean;
  /** The value as plain numbers, strings, byte arrays, arrays and maps. */
  readonly encode: (value: T) => unknown;
  /** How many bytes it takes on the wire. */
  readonly bytes: (value: T) => number;
  /** Only for a list without a bound, which is none of these: see many.ts. */
  readonly item?: never;
  /** The decoded value. Throws ProtocolError when it does not fit. */
  readonly decode: (value: unknown) => T;
}

/** A field that may be absent from its message. */
export interface OptionalSpec<T> extends FieldSpec<T> {
  readonly isOptional: true;
}

/** A FieldSpec of any type. */
export interface AnyFieldSpec {
  readonly cddl: string;
  readonly rules: FieldSpec<unknown>['rules'];
  readonly isOptional: boolean;
  readonly encode: (value: never) => unknown;
  readonly bytes: (value: never) => number;
  readonly item?: AnyFieldSpec;
  readonly decode: (value: unknown) => unknown;
}

/** The fields of a message or a row, by name. */
export type FieldSpecs = Readonly<Record<string, AnyFieldSpec & { readonly item?: never }>>;

type Decoded<F> = F extends { readonly decode: (value: unknown) => infer T } ? T : never;
type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never;
}[keyof F];

/** The static type of a set of fields. */
export type Shape<F> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Decoded<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Decoded<F[K]> };

const identity = (value: unknown): unknown => value;

/** The error for a value that does not fit its declaration. */
export function fail(what: string): never {
  throw new ProtocolError('malformed-message', what);
}

/** A value that is handed to CBOR as it is. */
export function leaf<T>(cddl: string, decode: (value: unknown) => T): FieldSpec<T> {
  return { cddl, rules: [], isOptional: false, encode: identity, bytes: plainBytes, decode };
}

/** A list of at most so many items. One without a bound is `many`, and stands in a message. */
export function list<T>(item: FieldSpec<T>, itemsMax: number): FieldSpec<readonly T[]> {
  return {
    get cddl() {
      return `[*${itemsMax === Infinity ? '' : String(itemsMax)} ${item.cddl}]`;
    },
    get rules() {
      return item.rules;
    },
    isOptional: false,
    encode: (values) => values.map(item.encode),
    bytes: (values) => uintBytes(values.length) + sumOf(values, item.bytes),
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
    bytes: (value) => (value === null ? 1 : field.bytes(value)),
    decode: (value) => (value === null ? null : field.decode(value)),
  };
}

/** A field that a message may leave out. */
export function optional<T>(field: FieldSpec<T>): OptionalSpec<T> {
  const { encode, bytes, decode } = field;
  return {
    get cddl() {
      return field.cddl;
    },
    get rules() {
      return field.rules;
    },
    isOptional: true,
    encode,
    bytes,
    decode,
  };
}

/**
 * A record that travels as an array, by position. Values that a newer version appends are ignored;
 * the last columns, if they are optional, may be absent, or null where a later one is there.
 */
export function row<const F extends FieldSpecs>(rule: string, fields: F): FieldSpec<Shape<F>> {
  const columns = columnsOf(fields);
  return {
    cddl: rule,
    get rules(): FieldSpec<unknown>['rules'] {
      return [...rulesOf(columns), [rule, `[${columnsCddl(columns)}, * any]`]];
    },
    isOptional: false,
    encode: (value) => encodeColumns(columns, value, []),
    bytes: (value) => bytesOfRow(columns, value, { cells: 0, bytes: 0 }),
    decode: (value) => {
      if (!Array.isArray(value)) return fail(`${rule}: expected an array`);
      return decodeColumns({ rule, columns, value, offset: 0 }, {}) as Shape<F>;
    },
  };
}

/** A record whose values must also fit each other. */
export function where<T>(
  field: FieldSpec<T>,
  { holds, otherwise }: { readonly holds: (value: T) => boolean; readonly otherwise: string },
): FieldSpec<T> {
  const { cddl, isOptional, encode, bytes } = field;
  return {
    cddl,
    get rules() {
      return field.rules;
    },
    isOptional,
    encode,
    bytes,
    decode: (given) => {
      const value = field.decode(given);
      return holds(value) ? value : fail(otherwise);
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
): FieldSpec<{ [K in keyof V]: { readonly kind: K } & Shape<V[K]['fields']> }[keyof V]> {
  type Value = { [K in keyof V]: { readonly kind: K } & Shape<V[K]['fields']> }[keyof V];
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
    bytes: (value) => {
      const record = value as Readonly<Record<string, unknown>>;
      const arm = armsByKind.get(String(record['kind']));
      // An unknown kind is an error of the encoding side.
      if (arm === undefined) return 0;
      return bytesOfRow(arm.columns, record, { cells: 1, bytes: uintBytes(arm.code) });
    },
    decode: (value) => {
      if (!Array.isArray(value)) return fail(`${rule}: expected an array`);
      const arm = armsByCode.get(value[0]);
      if (arm === undefined) {
        // A text could bring control characters into the reason.
        const code = typeof value[0] === 'number' ? String(value[0]) : 'of that code';
        return fail(`${rule}: no kind ${code}`);
      }
      const given = { rule, columns: arm.columns, value, offset: 1 };
      return decodeColumns(given, { kind: arm.kind }) as unknown as Value;
    },
  };
}

type Column = readonly [name: string, field: FieldSpec<unknown>];

/** Optional columns are the last ones. */
function columnsOf(fields: FieldSpecs): readonly Column[] {
  const columns = Object.entries(fields) as unknown as readonly Column[];
  const first = columns.findIndex(([, { isOptional }]) => isOptional);
  if (first >= 0 && !columns.slice(first).every(([, { isOptional }]) => isOptional)) {
    throw new RangeError('a column that must be there follows one that may be lacking');
  }
  return columns;
}

/** The cells, and the head of their array; `before` is what precedes the first. */
function bytesOfRow(
  columns: readonly Column[],
  record: object,
  before: { readonly cells: number; readonly bytes: number },
): number {
  const values = record as Readonly<Record<string, unknown>>;
  let { cells, bytes } = before;
  let holes = 0;
  for (const [column, field] of columns) {
    const cell = values[column];
    if (cell === undefined && field.isOptional) {
      holes += 1;
      continue;
    }
    // Each hole before a value that is there is written as null, in one byte.
    bytes += holes + field.bytes(cell);
    cells += holes + 1;
    holes = 0;
  }
  return uintBytes(cells) + bytes;
}

function columnsCddl(columns: readonly Column[]): string {
  const cells = columns.map(([column, field]) =>
    field.isOptional ? `? ${column}: ${field.cddl} / null` : `${column}: ${field.cddl}`,
  );
  return cells.join(', ');
}

function rulesOf(columns: readonly Column[]): (readonly [string, string])[] {
  return columns.flatMap(([, field]) => field.rules);
}

function encodeColumns(
  columns: readonly Column[],
  value: Readonly<Record<string, unknown>>,
  cells: unknown[],
): unknown[] {
  let holes = 0;
  for (const [column, field] of columns) {
    const cell = value[column];
    if (cell === undefined && field.isOptional) {
      holes += 1;
      continue;
    }
    for (; holes > 0; holes -= 1) cells.push(null);
    cells.push(field.encode(cell));
  }
  return cells;
}

function decodeColumns(
  given: { rule: string; columns: readonly Column[]; value: readonly unknown[]; offset: number },
  record: Record<string, unknown>,
): Record<string, unknown> {
  const { rule, columns, value, offset } = given;
  let at = offset;
  for (const [column, field] of columns) {
    const cell = value[at];
    if (field.isOptional) {
      if (cell !== null && at < value.length) record[column] = field.decode(cell);
    } else if (at < value.length) record[column] = field.decode(cell);
    else fail(`${rule}: too short`);
    at += 1;
  }
  return record;
}
