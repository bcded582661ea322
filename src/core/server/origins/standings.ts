// The life of an origin as this server sees it. reachability.ts decides when an event happens; this
// table says what the origin becomes then, and the picture in ARCHITECTURE.md is made from it.

import type { Standing } from '../../catalogue/catalogue.ts';
import type { EventOf } from '../../kit/life-cycle.ts';
import { nextOf } from '../../kit/life-cycle.ts';

/** What happens to an origin, and what is thought of it then. What is not listed cannot happen. */
export const STANDINGS = {
  new: { reached: 'reachable', forgotten: 'gone', left: 'gone' },
  reachable: { lost: 'suspect', left: 'gone' },
  suspect: {
    reached: 'reachable',
    lost: 'suspect',
    crashed: 'crashed',
    split: 'split',
    left: 'gone',
  },
  crashed: { reached: 'reachable', split: 'split', forgotten: 'gone', left: 'gone' },
  split: { reached: 'reachable', crashed: 'crashed', forgotten: 'gone', left: 'gone' },
  gone: {},
} as const satisfies Readonly<
  Record<Standing | 'gone', Readonly<Record<string, Standing | 'gone'>>>
>;

/** An origin is no longer known: nobody reaches it, or it said goodbye. */
export type Departing = 'forgotten' | 'left';

/** What happens to an origin that stays known. */
export type Turn = Exclude<EventOf<typeof STANDINGS>, Departing>;

/** What is thought of an origin after something has happened to it; `gone` if it is dropped. */
export function standingAfter(standing: Standing, event: Turn | Departing): Standing | 'gone' {
  return nextOf(STANDINGS, standing, event);
}
