// What a server knows when its life begins: itself, and nothing else. The invariant: every slice of
// `State` begins here, so that what is built anew after a fault (recovery.ts) begins here as well.

import { LINK_SILENCE_MS } from '../../protocol/constants.ts';
import type { OriginId } from '../../protocol/ids.ts';
import type { Facts } from '../../protocol/records.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import { Timers } from '../kit/timers.ts';
import { hostPartOf } from '../kit/text.ts';
import { History, HISTORY_ROWS } from './history.ts';
import { createDue } from './due.ts';
import { createLife } from './life.ts';
import { strangersOf } from './links/admission.ts';
import { createLinking } from './links/slice.ts';
import type { ServerOptions } from './options.ts';
import { createLog, createOrigin, holdersAmong } from './origins/origins.ts';
import { Outbox } from './outbox.ts';
import { createAddresses, createPast, createReach } from './origins/slice.ts';
import { Slots } from './origins/slots.ts';
import { createView, Replication } from './replication/slice.ts';
import { createClients } from './sessions/slice.ts';
import type { Origin } from './entities.ts';
import type { State } from './state.ts';
import { Tally } from './tally.ts';

/** A server that knows only itself. */
export function createState(options: ServerOptions): State {
  const slots = new Slots();
  const self = createSelf(options, slots);
  const origins = new Map<OriginId, Origin>([[self.id, self]]);
  const past = createPast();
  const holders = holdersAmong(origins, past.departed);
  return {
    options,
    nowMs: -Infinity,
    out: new Outbox(),
    timers: new Timers(),
    tally: new Tally(),
    history: new History(options.historyRows ?? HISTORY_ROWS),
    catalogue: options.keeping?.createCatalogue(holders) ?? new Catalogue(holders),
    self,
    origins,
    connections: new Map(),
    links: new Map(),
    sessions: new Map(),
    reach: createReach(slots, self),
    past,
    addresses: createAddresses(siblingAddressesOf(options)),
    replication: new Replication(),
    view: createView(),
    linking: createLinking(strangersOf(options)),
    clients: createClients(),
    life: createLife(),
    due: createDue(),
  };
}

function createSelf(options: ServerOptions, slots: Slots): Origin {
  const log = createLog(options, options.origin, factsOf(options));
  return { ...createOrigin(log, slots.take()), standing: 'reachable', isProven: true };
}

/** Its silence is in its facts if it is not the usual one. */
function factsOf({ facts, silenceMs }: ServerOptions): Facts {
  return silenceMs === LINK_SILENCE_MS ? facts : { ...facts, silenceMs };
}

/** Where a sibling may be: at its well-known port, or at a peer's of the same machine. */
function siblingAddressesOf({ siblings, peers, facts }: ServerOptions): string[] {
  const own = new Set(facts.addresses.map(hostPartOf));
  return [...siblings, ...peers.filter((peer) => own.has(hostPartOf(peer)))];
}
