// What a server knows when its life begins: itself, and nothing else. The invariant: every field of
// `State` begins here, so that what is built anew after a fault (recovery.ts) begins here as well.

import { LINK_SILENCE_MS } from '../../protocol/constants.ts';
import type { OriginId } from '../../protocol/ids.ts';
import type { Facts } from '../../protocol/records.ts';
import { Account } from '../kit/account.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import { Timers } from '../kit/timers.ts';
import { hostPartOf } from '../kit/text.ts';
import { History, HISTORY_ROWS } from './history.ts';
import { strangersOf } from './links/admission.ts';
import type { ServerOptions } from './options.ts';
import { Directory } from './origins/directory.ts';
import { createLog, createOrigin, holdersAmong } from './origins/origins.ts';
import { Outbox } from './outbox.ts';
import { Slots } from './replication/rows.ts';
import { Journal } from './replication/journal.ts';
import type { Departed, Origin, State } from './state.ts';
import { Tally } from './tally.ts';

/** A server that knows only itself. */
export function createState(options: ServerOptions): State {
  const slots = new Slots();
  const self = createSelf(options, slots);
  const origins = new Map<OriginId, Origin>([[self.id, self]]);
  const departed = new Map<OriginId, Departed>();
  const holders = holdersAmong(origins, departed);
  const directory = new Directory<Origin>();
  directory.file(self);
  return {
    options,
    ...{ out: new Outbox(), tally: new Tally() },
    timers: new Timers(),
    self,
    origins,
    slots,
    directory,
    journal: new Journal(),
    away: new Set(),
    asides: new Set(),
    losers: new Set(),
    bare: new Set(),
    unheard: new Set(),
    goodbyes: new Map(),
    ...{ departed, ended: new Map() },
    ...{ gone: new Map(), givenUpPeers: new Set() },
    wanted: new Map(),
    orphaned: new Set(),
    catalogue: options.keeping?.createCatalogue(holders) ?? new Catalogue(holders),
    unlisted: new Set(),
    connections: new Map(),
    strangers: strangersOf(options),
    limitsTold: new Map(),
    links: new Map(),
    pacesTold: new Map(),
    ...{ askers: new Set(), expecting: new Set() },
    flushDueMs: Infinity,
    announceDueMs: Infinity,
    flushedMs: -Infinity,
    ...{ sessions: new Map(), heldBySessions: new Account(), owners: new Map() },
    heldByLogs: new Account(),
    targets: new Map(),
    masterAddresses: new Set(),
    ...{ lostAddresses: new Set(), sought: [], seeks: 0, unspoken: new Set() },
    siblingAddresses: new Set(siblingAddressesOf(options)),
    forgetTokens: new Set(),
    ...{ removals: new Map(), vanished: new Map() },
    history: new History(options.historyRows ?? HISTORY_ROWS),
    nowMs: -Infinity,
    ...{ loose: new Set(), grown: new Set() },
    ...{ isViewDirty: false, areTargetsDirty: false },
    isSynced: false,
    ...{ isComplete: false, isVouched: false },
    viewedMs: -Infinity,
    missing: [],
    missingCount: 0,
    why: 'unsynced',
    sayMissingMs: Infinity,
    askedMs: -Infinity,
    missedBy: new Map(),
    ownMissing: [],
    newsMs: 0,
    held: null,
    ...{ reachesMaster: false, isWithoutMaster: false },
    ...{ faultsCount: 0, faultedMs: -Infinity, isSecondFault: false },
    barred: new Map(),
    ...{ isFailing: false, isAddressGone: false, isStopping: false, hasLeft: false },
    heldPlaces: [],
    leaveMs: Infinity,
  };
}

function createSelf(options: ServerOptions, slots: Slots): Origin {
  const log = createLog(options, options.origin, factsOf(options));
  return { ...createOrigin(log, slots.take()), standing: 'reachable', isProven: true };
}

/** What others must know of its silence is said if it is not what they take for granted. */
function factsOf({ facts, silenceMs }: ServerOptions): Facts {
  return silenceMs === LINK_SILENCE_MS ? facts : { ...facts, silenceMs };
}

/** Where a sibling may be: at its well-known port, or at a peer's of the same machine. */
function siblingAddressesOf({ siblings, peers, facts }: ServerOptions): string[] {
  const own = new Set(facts.addresses.map(hostPartOf));
  return [...siblings, ...peers.filter((peer) => own.has(hostPartOf(peer)))];
}
