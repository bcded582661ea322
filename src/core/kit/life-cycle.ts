// Life cycles as tables: a row for each state, with what may happen in it and the state that this
// leads to. The invariant: what a table does not list cannot happen; it would be a bug of ours.

import { present } from './assert.ts';

/** States, and for each of them the next one by what happens. */
export type LifeCycle = Readonly<Record<string, Readonly<Record<string, string>>>>;

type Row<Table extends LifeCycle> = Table[keyof Table];

/** What may happen in some state or other. */
export type EventOf<Table extends LifeCycle> =
  Row<Table> extends infer R ? (R extends R ? keyof R & string : never) : never;

/** The state after an event. Throws AssertionError where that cannot happen. */
export function nextOf<Table extends LifeCycle>(
  table: Table,
  state: keyof Table & string,
  event: EventOf<Table>,
): keyof Table & string {
  const row: Readonly<Record<string, string>> | undefined = table[state];
  const happened: string = event;
  return present(row?.[happened], `what follows on ${happened} when ${state}`);
}
