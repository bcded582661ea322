// The contents of a server, in numbers, for an operator of a process that perhaps answers no
// question any more. The invariant: numbers only: no name, tag or key, so that a user who may send
// a signal or read the log learns only how much there is.

import type { State } from './state.ts';

/** How many there are of each. */
export interface ServerCounts {
  /** This one included. */
  readonly servers: number;
  readonly links: number;
  /** Hosts that cannot be reached. */
  readonly missing: number;
  readonly registrations: number;
  /** Those of its own clients. */
  readonly own: number;
  readonly clients: number;
  readonly watches: number;
  /** Connections that have not shaken hands. */
  readonly strangers: number;
}

/** Counts the present contents of a server. */
export function countsOf(state: State): ServerCounts {
  const {
    origins,
    links,
    view: { missing },
    clients: { owners },
    sessions,
    linking: { strangers },
  } = state;
  let registrations = 0;
  let watches = 0;
  for (const { log } of origins.values()) registrations += log.registrations.size;
  for (const session of sessions.values()) watches += session.watches.size;
  return {
    servers: origins.size,
    links: links.size,
    missing: missing.length,
    registrations,
    own: owners.size,
    clients: sessions.size,
    watches,
    strangers: strangers.size,
  };
}
