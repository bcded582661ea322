// Every timer of a server: its name, its owner, and what happens when it is due. One invariant: a
// timer that is not here can neither be set nor cancelled, and an owner that goes takes all of its
// timers along.

import type { TimerName, Timers, TimerTable } from '../kit/timers.ts';

/** The timers. A timer of an owner has the owner's id behind its name: `grace 1f…`. */
export const TIMERS = {
  handshake: { owner: 'connection', due: 'a connection that has not shaken hands is closed' },
  beat: { owner: 'connection', due: 'a sign of life is sent' },
  silence: { owner: 'connection', due: 'a connection that was silent for so long is lost' },
  held: { owner: 'connection', due: 'a link has held: its addresses are well' },
  released: { owner: 'connection', due: 'a link that the other end gave up is lost' },
  graft: { owner: 'connection', due: 'entries that were offered and have not come are asked for' },
  pause: { owner: 'connection', due: 'a session that was too fast is read again' },
  unread: { owner: 'connection', due: 'a session that does not read its answers is closed' },
  grace: { owner: 'origin', due: 'a suspect origin is judged, a new one dropped' },
  crashed: { owner: 'origin', due: 'a crashed origin is forgotten' },
  hold: { owner: 'origin', due: 'an origin that is split off is forgotten' },
  returned: {
    owner: 'origin',
    due: 'a host is back: servers that are not back with it are forgotten',
  },
  overdue: { owner: 'origin', due: 'a neighbour that has said nothing of itself is missed' },
  dial: { owner: 'target', due: 'an address is dialled' },
  departed: { owner: 'departed', due: 'the instances of a server that said goodbye are let go' },
  late: { owner: 'instance', due: 'news that may have been late counts' },
  'ask again': { owner: 'core', due: 'origins that are still split are judged again' },
  bare: { owner: 'core', due: 'logs that lack their registrations are asked for again' },
  check: { owner: 'core', due: 'neighbours are told the sequences and hashes, to compare' },
  flush: { owner: 'core', due: 'new entries are sent' },
  leave: { owner: 'core', due: 'a server that stops no longer waits for its sibling' },
  listen: { owner: 'core', due: 'a master is looked for, or links are given up' },
  'no-master': { owner: 'core', due: 'an operator is told that there is no master' },
  pulse: { owner: 'core', due: 'nothing but that: a server that slept finds it late' },
  'say missing': { owner: 'core', due: 'neighbours are told which hosts are missing' },
  seek: { owner: 'core', due: 'addresses of servers that were lost are tried' },
  settle: { owner: 'core', due: 'the view is looked at again' },
  changes: { owner: 'core', due: 'the watches that have waited are told the changes' },
  view: { owner: 'core', due: 'the view is computed, at most so often' },
  views: { owner: 'core', due: 'the watches that have waited are told the view' },
  wake: { owner: 'core', due: 'a server that slept has taken in the news of its clients' },
} as const satisfies TimerTable;

/** The timers of a server. */
export type ServerTimers = Timers<TimerName<typeof TIMERS>>;

type OwnerOf<Name extends keyof typeof TIMERS> = (typeof TIMERS)[Name]['owner'];

/** An owner that goes with all its timers. */
type Owner = Extract<OwnerOf<keyof typeof TIMERS>, 'connection' | 'origin'>;

/** Cancels all timers of a connection that is closed, or of an origin that is dropped. */
export function cancelTimersOf(timers: ServerTimers, owner: Owner, id: string | number): void {
  for (const name of NAMES[owner]) timers.cancel(`${name} ${String(id)}`);
}

const NAMES = { connection: namesOf('connection'), origin: namesOf('origin') };

function namesOf<O extends Owner>(owner: O): NameOf<O>[] {
  const names = Object.keys(TIMERS) as (keyof typeof TIMERS)[];
  return names.filter((name): name is NameOf<O> => TIMERS[name].owner === owner);
}

type NameOf<O extends Owner> = {
  [N in keyof typeof TIMERS]: OwnerOf<N> extends O ? N : never;
}[keyof typeof TIMERS];
