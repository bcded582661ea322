// The state of a server: the fields that all of its folders read, and a slice for each concern.
// Only the folder that declares a slice writes it (a test reads the code for that); others call a
// function of that folder. The work for the end of a step is noted in `due` (due.ts), and settle.ts
// does it.

import type { OriginId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/ids.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ConnectionId } from '../input.ts';
import type { Due } from './due.ts';
import type { Connection, Link, Origin, Session } from './entities.ts';
import type { History } from './history.ts';
import type { Life } from './life.ts';
import type { Linking } from './links/slice.ts';
import type { ServerOptions } from './options.ts';
import type { Addresses, Past, Reach } from './origins/slice.ts';
import type { Outbox } from './outbox.ts';
import type { Replication, View } from './replication/slice.ts';
import type { Clients } from './sessions/slice.ts';
import type { Tally } from './tally.ts';
import type { ServerTimers } from './timers.ts';

/** Everything. */
export interface State {
  options: ServerOptions;
  nowMs: number;
  readonly out: Outbox;
  readonly timers: ServerTimers;
  readonly tally: Tally;
  /** The events that this server saw. */
  readonly history: History;
  readonly catalogue: Catalogue;
  readonly self: Origin;
  readonly origins: Map<OriginId, Origin>;
  readonly connections: Map<ConnectionId, Connection>;
  readonly links: Map<OriginId, Link>;
  readonly sessions: Map<ConnectionId, Session>;
  readonly reach: Reach;
  readonly past: Past;
  readonly addresses: Addresses;
  readonly replication: Replication;
  readonly view: View;
  readonly linking: Linking;
  readonly clients: Clients;
  readonly life: Life;
  readonly due: Due;
}

/** The origins that can be reached, this server first, in the order in which they became known. */
export function* reachableOrigins(state: State): Generator<Origin> {
  for (const origin of state.origins.values()) {
    if (origin.standing === 'reachable') yield origin;
  }
}

/** Whether a host is this server's own. */
export function isOwnHost(state: State, host: Name): boolean {
  return host === state.options.facts.host;
}
