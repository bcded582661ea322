// The messages of one turn for watches. A change goes to all watches whose requests have the same
// number in one message, which is encoded once. The invariant: each watch hears its changes in the
// order in which they were added here.

import type { Change } from '../../catalogue/catalogue.ts';
import type { ConnectionId } from '../../input.ts';
import type { Watch } from '../entities.ts';
import type { Outbox } from '../outbox.ts';
import type { WatchEntry } from './watches.ts';

interface Letter {
  readonly change: Change;
  readonly request: number;
  readonly to: ConnectionId[];
}

/** What the watches are told in a turn. */
export class Letters {
  readonly #all: Letter[] = [];
  /** Where the newest letter of a change is, by the number of the request. */
  readonly #places = new Map<Change, Map<number, number>>();
  /** Where the latest letter of each watch is. */
  readonly #latest = new Map<Watch, number>();

  /** Returns whether that takes another message. */
  add(change: Change, { to, request, watch }: WatchEntry): boolean {
    const places = this.#placesOf(change);
    const place = places.get(request);
    // Another watch may be ahead of this one: its letters must not come first.
    if (place === undefined || place < (this.#latest.get(watch) ?? -1)) {
      places.set(request, this.#all.length);
      this.#latest.set(watch, this.#all.length);
      this.#all.push({ change, request, to: [to] });
      return true;
    }
    this.#latest.set(watch, place);
    this.#all[place]?.to.push(to);
    return false;
  }

  sendTo(out: Pick<Outbox, 'send'>): void {
    for (const { change, request, to } of this.#all) {
      const { servers: _, ...told } = change;
      out.send(to, { kind: 'change', request, ...told });
    }
  }

  #placesOf(change: Change): Map<number, number> {
    let places = this.#places.get(change);
    if (places === undefined) {
      places = new Map();
      this.#places.set(change, places);
    }
    return places;
  }
}
