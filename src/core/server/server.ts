// The core of a server: one input in, effects out. `step` hands the input to the module that it
// concerns and then settles what follows from it, once: who can be reached, whether the view is
// complete, whom to dial, what the watchers and the neighbours must be told. Pure from outside: the
// same options and inputs give the same effects; no clock, no socket, no chance but the seeded one.

import type { OriginId } from '../../protocol/ids.ts';
import type { Arrived } from '../../protocol/messages.ts';
import { tellWatchers } from './sessions/answers.ts';
import { unreachable } from '../kit/assert.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import type { Counts } from './counts.ts';
import { countsOf } from './counts.ts';
import { connectionOf, handleOpened } from './links/connections.ts';
import { serverHosts, strangersOf } from './links/limits.ts';
import { Places } from './replication/cursors.ts';
import { Directory } from './origins/directory.ts';
import type { Effect } from '../effect.ts';
import { dispatch, handleBreach, handleFlow, handleGone } from './dispatch.ts';
import { flushLinks } from './replication/flush.ts';
import type { Input } from '../input.ts';
import { sendChecks } from './replication/intake.ts';
import { Journal } from './replication/journal.ts';
import { dropUnneeded } from './links/links.ts';
import type { ServerOptions } from './options.ts';
import { createLog, createOrigin, holdersAmong, listUnlisted } from './origins/origins.ts';
import { Outbox } from './outbox.ts';
import { noteMasters, wantedAddresses } from './links/policy.ts';
import type { Tidings } from './origins/reachability.ts';
import { refreshReachability } from './origins/reachability.ts';
import { appendOwn, spreadTidings } from './replication/replication.ts';
import { handleLateness } from './sleep.ts';
import type { Departed, Origin, State } from './state.ts';
import { handleStop, isReadyToLeave, leave } from './stop.ts';
import { dialWanted, handleReload, handleUndialled, hasten } from './links/targets.ts';
import { hostPartOf } from '../kit/text.ts';
import { Timers } from '../kit/timers.ts';
import { refreshView } from './replication/view.ts';

/** A server without sockets. */
export class Server {
  readonly #state: State;
  readonly #tidings: Tidings = { reached: new Set(), missed: new Set(), forgotten: new Set() };

  constructor(options: ServerOptions) {
    this.#state = createState(options);
  }

  /** Takes in what happened and says what is to be done. The first input begins its life. */
  step(input: Input): Effect[] {
    const state = this.#state;
    const dueMs = state.timers.nextMs();
    if (state.nowMs === -Infinity) this.#begin(input.nowMs);
    else handleLateness(state, this.#tidings, { dueMs, nowMs: input.nowMs });
    state.nowMs = Math.max(state.nowMs, input.nowMs);
    this.#handle(input);
    state.timers.runDue(state.nowMs);
    this.#settle();
    return this.#take();
  }

  /** What there is, in numbers: no names. */
  counts(): Counts {
    return countsOf(this.#state);
  }

  /** The addresses, without ports, of the servers that are configured or known. */
  serverHosts(): Iterable<string> {
    return serverHosts(this.#state);
  }

  /** When `step` wants a `deadline`, in milliseconds; Infinity for never. */
  nextDeadlineMs(): number {
    return this.#state.timers.nextMs();
  }

  /** What this server knows: for metrics, tests and checkers, never to be changed. */
  get state(): Readonly<State> {
    return this.#state;
  }

  #begin(nowMs: number): void {
    const state = this.#state;
    state.nowMs = nowMs;
    state.newsMs = nowMs;
    appendOwn(state, { kind: 'facts', facts: state.options.facts });
    state.areTargetsDirty = true;
    state.isViewDirty = true;
    this.#armCheck();
  }

  #armCheck(): void {
    const state = this.#state;
    state.timers.set('check', state.nowMs + CHECK_MS, () => {
      sendChecks(state);
      this.#armCheck();
    });
  }

  #handle(input: Input): void {
    const state = this.#state;
    switch (input.kind) {
      case 'opened':
        handleOpened(state, input);
        break;
      case 'undialled':
        handleUndialled(state, input);
        break;
      case 'received':
        this.#receive(input.connection, input.message);
        break;
      case 'heard':
        this.#hear(input.connection);
        break;
      case 'unreadable':
        handleBreach(state, input.connection, input.error);
        break;
      case 'closed':
        handleGone(state, input.connection, input.reason);
        break;
      case 'congested':
      case 'drained':
        handleFlow(state, input);
        break;
      case 'deadline':
        break;
      case 'stop':
        handleStop(state);
        break;
      case 'reload':
        handleReload(state);
        break;
      default:
        unreachable(input);
    }
  }

  #receive(id: number, message: Arrived): void {
    const connection = connectionOf(this.#state, id);
    if (connection === undefined) return;
    connection.heardMs = this.#state.nowMs;
    dispatch(this.#state, connection, message);
  }

  #hear(id: number): void {
    const connection = connectionOf(this.#state, id);
    if (connection !== undefined) connection.heardMs = this.#state.nowMs;
  }

  #settle(): void {
    const state = this.#state;
    refreshReachability(state, this.#tidings);
    listUnlisted(state);
    this.#passNews();
    spreadTidings(state, this.#tidings);
    if (state.areTargetsDirty) {
      state.areTargetsDirty = false;
      noteMasters(state);
      dropUnneeded(state);
      dialWanted(state, wantedAddresses(state));
    }
    const isViewNew = refreshView(state);
    tellWatchers(state, isViewNew);
    if (state.isStopping && isReadyToLeave(state)) leave(state);
    flushLinks(state);
  }

  /** An origin that can be reached again is news of its addresses: they are dialled at once. */
  #passNews(): void {
    for (const id of this.#tidings.reached) {
      const origin = this.#state.origins.get(id);
      if (origin !== undefined) hasten(this.#state, origin.log.facts.addresses);
    }
  }

  #take(): Effect[] {
    const state = this.#state;
    const effects = state.out.take();
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      for (const id of effect.connections) {
        const connection = state.connections.get(id);
        if (connection !== undefined) connection.sentMs = state.nowMs;
      }
    }
    return effects;
  }
}

function createState(options: ServerOptions): State {
  const places = new Places();
  const self: Origin = {
    ...createOrigin(createLog(options, options.origin, options.facts), places.take()),
    standing: 'reachable',
    isProven: true,
  };
  const origins = new Map<OriginId, Origin>([[self.id, self]]);
  const departed = new Map<OriginId, Departed>();
  const holders = holdersAmong(origins, departed);
  const directory = new Directory<Origin>();
  directory.file(self);
  return {
    options,
    out: new Outbox(),
    timers: new Timers(),
    self,
    origins,
    places,
    directory,
    journal: new Journal(),
    away: new Set(),
    asides: new Set(),
    losers: new Set(),
    unheard: new Set(),
    goodbyes: new Map(),
    departed,
    wanted: new Map(),
    orphaned: new Set(),
    catalogue: options.keeping?.createCatalogue(holders) ?? new Catalogue(holders),
    unlisted: new Set(),
    connections: new Map(),
    strangers: strangersOf(options),
    limitsTold: new Map(),
    links: new Map(),
    askers: new Set(),
    expecting: new Set(),
    flushDueMs: Infinity,
    announceDueMs: Infinity,
    flushedMs: -Infinity,
    sessions: new Map(),
    owners: new Map(),
    targets: new Map(),
    masterAddresses: new Set(),
    siblingAddresses: new Set(siblingAddressesOf(options)),
    forgetTokens: new Set(),
    removals: new Map(),
    nowMs: -Infinity,
    loose: new Set(),
    grown: new Set(),
    isViewDirty: false,
    areTargetsDirty: false,
    isSynced: false,
    isComplete: false,
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
    reachesMaster: false,
    isStopping: false,
    leaveMs: Infinity,
    hasLeft: false,
  };
}

/** Where a sibling may be: at its well-known port, or at a peer's of the same machine. */
function siblingAddressesOf({ siblings, peers, facts }: ServerOptions): string[] {
  const own = new Set(facts.addresses.map(hostPartOf));
  return [...siblings, ...peers.filter((peer) => own.has(hostPartOf(peer)))];
}

/** Replication checks itself this often. */
const CHECK_MS = 10_000;
