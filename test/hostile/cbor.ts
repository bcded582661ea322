// CBOR by hand, RFC 8949 in sixty lines: hostile input must not depend on the code that it tries to
// break, and no encoder would write half of it.

/** The head of an item: its major type, and its argument in the shortest form. */
export function head(major: number, argument: number | bigint): Buffer {
  const value = BigInt(argument);
  const first = major << 5;
  if (value < 24n) return Buffer.of(first | Number(value));
  if (value < 2n ** 8n) return Buffer.of(first | 24, Number(value));
  const rest = Buffer.alloc(9);
  rest.writeBigUInt64BE(value, 1);
  const length = value < 2n ** 16n ? 2 : value < 2n ** 32n ? 4 : 8;
  rest[8 - length] = first | (length === 2 ? 25 : length === 4 ? 26 : 27);
  return rest.subarray(8 - length);
}

export const uint = (value: number | bigint) => head(0, value);
export const bytes = (value: Uint8Array) => Buffer.concat([head(2, value.length), value]);
export const text = (value: string | Buffer) => {
  const content = Buffer.from(value);
  return Buffer.concat([head(3, content.length), content]);
};
export const array = (...items: readonly Buffer[]) =>
  Buffer.concat([head(4, items.length), ...items]);
/** A map of text keys; a key may come twice. */
export const map = (...pairs: readonly (readonly [string, Buffer])[]) =>
  Buffer.concat([head(5, pairs.length), ...pairs.flatMap(([key, value]) => [text(key), value])]);
export const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
export const no = hex('f4');
export const yes = hex('f5');
export const none = hex('f6');

/** A frame around some bytes. */
export const frame = (content: Uint8Array) => bytes(content);

/** A framed message. */
export const message = (code: number, ...fields: readonly (readonly [string, Buffer])[]) =>
  frame(array(uint(code), map(...fields)));

/** An item as it was read: maps as objects, byte strings as hexadecimal digits. */
export type Item = number | string | boolean | null | Item[] | ItemMap;

/** A map as it was read, by the text of its keys. */
export interface ItemMap {
  readonly [key: string]: Item;
}

/** Reads one item; undefined if it is cut off. */
export function read(from: Buffer, start: number): { item: Item; end: number } | undefined {
  const first = from[start];
  if (first === undefined) return undefined;
  const [major, info] = [first >> 5, first & 31];
  if (major === 7) return { item: { 20: false, 21: true }[info] ?? null, end: start + 1 };
  const size = info < 24 ? 0 : 2 ** (info - 24);
  if (start + 1 + size > from.length) return undefined;
  let argument = size === 0 ? info : 0;
  for (const byte of from.subarray(start + 1, start + 1 + size)) argument = argument * 256 + byte;
  const at = start + 1 + size;
  if (major === 0) return { item: argument, end: at };
  if (major < 4) {
    if (at + argument > from.length) return undefined;
    const content = from.subarray(at, at + argument);
    return { item: content.toString(major === 2 ? 'hex' : 'utf8'), end: at + argument };
  }
  return readItems(from, at, { count: major === 4 ? argument : 2 * argument, isMap: major === 5 });
}

function readItems(
  from: Buffer,
  start: number,
  { count, isMap }: { count: number; isMap: boolean },
) {
  const items: Item[] = [];
  let end = start;
  while (items.length < count) {
    const next = read(from, end);
    if (next === undefined) return undefined;
    items.push(next.item);
    end = next.end;
  }
  if (!isMap) return { item: items, end };
  const pairs = items.flatMap((key, at) =>
    at % 2 === 0 && typeof key === 'string' ? [[key, items[at + 1]!]] : [],
  );
  return { item: Object.fromEntries(pairs) as ItemMap, end };
}
