// The core of a server: one input in, effects out. `step` hands the input to the module that it
// concerns and then settles its consequences, once: which origins can be reached, whether the view
// is complete, which addresses to dial, what to tell the watchers and the neighbours. Pure from
// outside: the same options and inputs give the same effects; no clock, no socket, no randomness
// but the seeded one.

import type { Arrived } from '../../protocol/messages.ts';
import { handleAddressed } from './own-address.ts';
import { unreachable } from '../kit/assert.ts';
import type { ServerCounts } from './counts.ts';
import { countsOf } from './counts.ts';
import { connectionOf, handleOpened } from './links/connections.ts';
import { serverHosts } from './links/admission.ts';
import type { Effect } from '../effect.ts';
import { dispatch, endAtLimit, handleBreach, handleFlow, handleGone } from './dispatch.ts';
import type {
  Closed,
  ConnectionId,
  Faulted,
  Flow,
  Heard,
  Input,
  Received,
  Unreadable,
} from '../input.ts';
import { touchTurn } from './due.ts';
import { sendChecks } from './replication/checks.ts';
import type { ServerOptions } from './options.ts';
import { createState } from './birth.ts';
import { noteNews } from './origins/origins.ts';
import type { Tidings } from './origins/reachability.ts';
import { appendOwn } from './replication/replication.ts';
import { armPulse, handleLateness } from './sleep.ts';
import type { Fault } from './recovery.ts';
import { handleFaulted, isSecond, recovered, refuseOthers, tellFault } from './recovery.ts';
import type { State } from './state.ts';
import { STAGES } from './settle.ts';
import { handleStop } from './stop.ts';
import { handleReload, handleUndialled } from './links/targets.ts';

/** A server without sockets. */
export class Server {
  #state: State;
  #tidings: Tidings = noTidings();
  /** The stage of settle.ts that runs. */
  #stage = 0;

  constructor(options: ServerOptions) {
    this.#state = createState(options);
  }

  /** Takes in an input and returns its effects. The first input begins its life. */
  step(input: Input): Effect[] {
    const { out } = this.#state;
    const culprit = culpritOf(input);
    this.#attempt(null, this.#awake, input);
    out.culprit = culprit;
    this.#attempt(culprit, this.#handle, input);
    out.culprit = null;
    this.#attempt(null, runDue, this.#state);
    this.#settle();
    return this.#take();
  }

  // The parts of a step are made once, with the server: a closure for each of them in each step is
  // a tenth of what a step costs.
  readonly #awake = ({ nowMs }: Input): void => {
    const state = this.#state;
    const dueMs = state.timers.nextMs();
    try {
      if (state.nowMs === -Infinity) this.#begin(nowMs);
      else handleLateness(state, this.#tidings, { dueMs, nowMs });
    } finally {
      state.nowMs = Math.max(state.nowMs, nowMs);
    }
  };

  /** The bulkhead: see recovery.ts. Returns whether all went well. */
  #attempt<T>(culprit: ConnectionId | null, run: (of: T) => void, of: T): boolean {
    try {
      run(of);
      return true;
    } catch (error) {
      this.#recover({ connection: culprit, reason: reasonOf(error) });
      return false;
    }
  }

  /** If even that throws, or it happens again, the state as it is has to do for the end. */
  #recover(fault: Fault): void {
    if (fault.connection === null && this.#state.life.isFailing) {
      tellFault(this.#state, fault);
      return;
    }
    this.#tidings = noTidings();
    try {
      this.#state = recovered(this.#state, this.#tidings, fault);
      this.#armCheck();
      armPulse(this.#state);
    } catch (error) {
      tellFault(this.#state, { connection: null, reason: reasonOf(error) });
      this.#fail();
    }
    if (isSecond(this.#state)) this.#fail();
  }

  /** It stops in order. An error from now on is told, and stops nothing else. */
  #fail(): void {
    const state = this.#state;
    if (state.life.isFailing) return;
    state.life.isFailing = true;
    this.#attempt(null, handleStop, state);
  }

  /** The contents in numbers: no names. */
  counts(): ServerCounts {
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

  /** The knowledge of this server: for metrics, tests and checkers, never to be changed. */
  get state(): Readonly<State> {
    return this.#state;
  }

  #begin(nowMs: number): void {
    const state = this.#state;
    state.nowMs = nowMs;
    noteNews(state);
    state.history.begin(nowMs);
    appendOwn(state, { kind: 'facts', facts: state.self.log.facts });
    this.#armCheck();
    armPulse(state);
  }

  #armCheck(): void {
    const state = this.#state;
    state.timers.set('check', state.nowMs + CHECK_MS, () => {
      sendChecks(state);
      this.#armCheck();
    });
  }

  readonly #handle = (input: Input): void => {
    const state = this.#state;
    switch (input.kind) {
      case 'opened':
        handleOpened(state, input, endAtLimit);
        break;
      case 'undialled':
        handleUndialled(state, input);
        break;
      case 'deadline':
        touchTurn(state);
        break;
      case 'faulted':
        this.#meet(input);
        break;
      case 'addressed':
        handleAddressed(state, input);
        break;
      case 'held':
        state.life.heldPlaces = input.places;
        break;
      case 'stop':
        handleStop(state);
        break;
      case 'reload':
        handleReload(state);
        break;
      default:
        this.#handleConnected(input);
    }
  };

  #handleConnected(input: Received | Heard | Unreadable | Closed | Flow): void {
    const state = this.#state;
    switch (input.kind) {
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

  #meet(fault: Faulted): void {
    if (handleFaulted(this.#state, fault)) return;
    this.#recover(fault);
    refuseOthers(this.#state, fault);
  }

  #hear(id: number): void {
    const connection = connectionOf(this.#state, id);
    if (connection !== undefined) connection.heardMs = this.#state.nowMs;
  }

  /**
   * After a fault all consequences are settled anew; in a server that fails each stage by itself.
   */
  #settle(): void {
    this.#stage = 0;
    while (!this.#attempt(null, this.#runStages, STAGES)) {
      this.#stage = this.#state.life.isFailing ? this.#stage + 1 : 0;
    }
  }

  readonly #runStages = (stages: typeof STAGES): void => {
    for (; this.#stage < stages.length; this.#stage += 1) {
      stages[this.#stage]?.(this.#state, this.#tidings);
    }
  };

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

function runDue({ timers, nowMs }: State): void {
  timers.runDue(nowMs);
}

function noTidings(): Tidings {
  return { reached: new Set(), missed: new Set(), forgotten: new Set(), isAlone: false };
}

/** The connection of an input; none for a timer, or an operator's request. */
function culpritOf(input: Input): ConnectionId | null {
  return 'connection' in input ? input.connection : null;
}

/** An error with its stack, in one line. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Replication checks itself this often. */
const CHECK_MS = 10_000;
