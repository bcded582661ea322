// The watch of a NAME, which is a service or a pattern that stands for several. Servers tell the
// changes of one service at a time, so for a pattern the list of services is asked for new ones
// again and again, and every service found has a watch of its own. The invariant: it tells what one
// watch of all would tell: the present set, one mark, then changes, each once.

import { EventEmitter, on } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { isPattern } from '../../answers/glob.ts';
import { RarangiError, services, watch, type WatchEvent, type WatchOptions } from '../../index.ts';
import { write } from '../output.ts';
import { endOfInterest } from '../signals.ts';
import { matcherOf } from './service-pattern.ts';

/**
 * Prints the present set and every change from then on, a JSON line each, until no process reads
 * them.
 */
export async function printChanges(name: string, options: WatchOptions): Promise<void> {
  for await (const change of watchNamed(name, { ...options, signal: endOfInterest() })) {
    write('stdout', `${JSON.stringify(change)}\n`);
  }
}

/** The instances of a service, or of all that match, and every change from then on. */
export function watchNamed(name: string, options: WatchOptions): AsyncIterable<WatchEvent> {
  return isPattern(name) ? watchMatching(name, options) : watch(name, options);
}

/** The same of a pattern. Ends by the signal, or when the loop is left. Throws RARANGI_USAGE. */
export function watchMatching(
  pattern: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void> {
  return follow(matcherOf(pattern), options);
}

async function* follow(
  isMatch: (name: string) => boolean,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void> {
  const left = new AbortController();
  const signals = [left.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(signals);
  const isOver = (): boolean => signal.aborted;
  if (isOver()) return;
  const emitter = new EventEmitter();
  // A caller that has left the loop gets no error, and nobody else needs it.
  emitter.on('error', () => undefined);
  const events = on(emitter, 'event', { close: ['end'] });
  const many = new ManyWatches(emitter, { ...options, signal });
  const end = (): void => void emitter.emit('end');
  signal.addEventListener('abort', end);
  void many.look(isMatch);
  try {
    for await (const [event] of events as AsyncIterable<[WatchEvent]>) {
      if (isOver()) return;
      yield event;
    }
  } finally {
    left.abort();
  }
}

/** One service that is watched. */
interface Watched {
  readonly instances: Set<string>;
  readonly leave: AbortController;
  isSynced: boolean;
}

/** Watches that come and go with the services, told as one. */
class ManyWatches {
  readonly #emitter: EventEmitter;
  readonly #options: WatchOptions & { readonly signal: AbortSignal };
  readonly #onUnheard: NonNullable<WatchOptions['onUnheard']>;
  readonly #watched = new Map<string, Watched>();
  #isListed = false;
  #isSynced = false;

  constructor(emitter: EventEmitter, options: WatchOptions & { readonly signal: AbortSignal }) {
    // The list tells whether there is a server, for all watches.
    const { onUnheard = () => undefined, ...others } = options;
    this.#emitter = emitter;
    this.#options = others;
    this.#onUnheard = onUnheard;
  }

  /** Looks for services until the signal comes. Never rejects. */
  async look(isMatch: (name: string) => boolean): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        const answer = await services(this.#options);
        const names = new Set(answer.services.map(({ name }) => name).filter(isMatch));
        this.#settle(names, answer.complete);
        this.#onUnheard(null);
      } catch (error) {
        // A server that is not there will come; the watches outlive it too.
        if (!(error instanceof RarangiError && error.retryable)) this.#fail(error);
        else if (error.code !== 'RARANGI_ABORTED') this.#onUnheard(error);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #settle(names: ReadonlySet<string>, isComplete: boolean): void {
    for (const name of names) if (!this.#watched.has(name)) this.#begin(name);
    for (const [name, { instances, leave }] of this.#watched) {
      if (!isComplete || names.has(name) || instances.size > 0) continue;
      leave.abort();
      this.#watched.delete(name);
    }
    this.#isListed = true;
    this.#maybeSynced();
  }

  #begin(name: string): void {
    const watched = { instances: new Set<string>(), leave: new AbortController(), isSynced: false };
    this.#watched.set(name, watched);
    this.#follow(name, watched).catch((error: unknown) => {
      this.#fail(error);
    });
  }

  async #follow(name: string, watched: Watched): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, watched.leave.signal]);
    for await (const event of watch(name, { ...this.#options, signal })) {
      const { change, instance } = event;
      if (instance === undefined) watched.isSynced = true;
      else if (change === 'removed') watched.instances.delete(instance.instance);
      else watched.instances.add(instance.instance);
      if (instance === undefined) this.#maybeSynced();
      else this.#tell({ ...event, change: this.#changeAsOne(change) });
    }
  }

  /** An instance of a service that came later was not there at the mark, and the reverse. */
  #changeAsOne(change: WatchEvent['change']): WatchEvent['change'] {
    if (change !== 'present' && change !== 'added') return change;
    return this.#isSynced ? 'added' : 'present';
  }

  #maybeSynced(): void {
    const isReady = this.#isListed && [...this.#watched.values()].every(({ isSynced }) => isSynced);
    if (this.#isSynced || !isReady) return;
    this.#isSynced = true;
    this.#tell({ change: 'synced' });
  }

  #tell(event: WatchEvent): void {
    this.#emitter.emit('event', event);
  }

  #fail(error: unknown): void {
    this.#emitter.emit('error', error);
  }
}

/** How late a service of a new name may be noticed. */
const LOOK_EVERY_MS = 500;
