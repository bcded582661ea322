// Lists that have no bound of their own, and travel in parts. The invariant: such a list stands in
// a message, never inside a record, and its message declares how a receiver recognizes the parts of
// one list. Both are types, so that a new message cannot forget it. `parts.ts` does the cutting.

import { uintBytes } from './uint.ts';
import type { FieldSpec, OptionalSpec } from './schema.ts';
import { list, optional } from './schema.ts';

/** A list of any length. */
export interface ManySpec<T> extends Omit<FieldSpec<readonly T[]>, 'item'> {
  readonly item: FieldSpec<T>;
}

/** A list of any length, of items each of which fits a frame. */
export function many<T>(item: FieldSpec<T>): ManySpec<T> {
  return Object.assign(list(item, Infinity), { item });
}

/** A list of any length that a message may leave out. */
export interface OptionalManySpec<T> extends Omit<OptionalSpec<readonly T[]>, 'item'> {
  readonly item: FieldSpec<T>;
}

/** The same, for a list that was added to a message later. */
export function optionalMany<T>(item: FieldSpec<T>): OptionalManySpec<T> {
  return Object.assign(optional(list(item, Infinity)), { item });
}

/** The items of a list that a part takes: from which one on, how many, and how many bytes. */
export interface Taken {
  readonly end: number;
  readonly bytes: number;
}

/** Takes items until so many bytes are full: one at least, if there is one. */
export function taken<T>(
  items: readonly T[],
  start: number,
  { bytesOf, bytesMax }: { readonly bytesOf: (item: T) => number; readonly bytesMax: number },
): Taken {
  let [end, bytes] = [start, 0];
  while (end < items.length) {
    const itemBytes = bytesOf(items[end] as T);
    if (end > start && bytes + itemBytes > bytesMax) break;
    bytes += itemBytes;
    end += 1;
  }
  return { end, bytes: bytes + uintBytes(end - start) };
}
