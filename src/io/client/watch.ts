// A watch as an async iterable: the present set, a mark, then every change, for ever. The
// invariant: leaving the loop, in any way, closes everything at once, even while it waits for the
// next event; an end by the signal is no error.

import type { WatchReport } from '../../core/client/watcher.ts';
import { Watcher } from '../../core/client/watcher.ts';
import type { Stop } from '../../core/client/effect.ts';
import type { WatchEvent } from '../../answers/shapes.ts';
import { instanceInfoOf } from '../../answers/shapes.ts';
import { candidatesOf } from './candidates.ts';
import type { ClientDrive, Driven } from './driver.ts';
import { drive, lockFor, runtime } from './driver.ts';
import type { WatchOptions } from './options.ts';
import { environmentOf, nameOf, wantedOf } from './options.ts';
import { refusedError } from './failures.ts';
import { UnheardTeller } from './unheard.ts';
import type { Call } from './lifetime.ts';
import { Mailbox } from './mailbox.ts';
import { isOwnHost } from './own-hosts.ts';

/**
 * The instances of a service and every change from then on. It survives the restart of servers, and
 * ends when the loop is left or the signal comes. Each loop over it is a watch of its own. For a
 * loop that is slow up to 1,000 events wait; beyond that, those of one instance are merged. Throws
 * RARANGI_USAGE at once, and RARANGI_REFUSED from the loop when every server refuses.
 */
export function watch(name: string, options: WatchOptions = {}): AsyncIterable<WatchEvent> {
  const { signal = NEVER } = options;
  return watchWithin(name, options, () => ({ signal, release: () => undefined }));
}

/** The same, each loop within a call. Throws RARANGI_USAGE. */
export function watchWithin(
  name: string,
  options: WatchOptions,
  begin: () => Call,
): AsyncIterable<WatchEvent> {
  const environment = environmentOf(options);
  const settings = {
    environment,
    service: nameOf(name, 'service'),
    wanted: wantedOf(options),
    addresses: candidatesOf(options, environment).addresses,
    random: () => runtime.random(),
    isOwnHost,
  };
  const lock = lockFor(options, environment);
  const { onUnheard } = options;
  const create = (): Watching => {
    const watcher = new Watcher(settings);
    if (onUnheard === undefined) return { core: watcher, lock };
    const teller = new UnheardTeller(options, onUnheard);
    const core: Watching['core'] = {
      step: (input) => {
        const effects = watcher.step(input);
        teller.look(watcher.unheard());
        return effects;
      },
      nextDeadlineMs: () => watcher.nextDeadlineMs(),
    };
    return { core, lock };
  };
  return { [Symbol.asyncIterator]: () => new WatchLoop(create, begin) };
}

/** A watcher, and what locks the connections that it opens. */
type Watching = Pick<ClientDrive<Stop, WatchReport>, 'core' | 'lock'>;

/** One loop. It begins with the first `next`, because nobody would end a loop that never runs. */
class WatchLoop implements AsyncIterator<WatchEvent, undefined> {
  readonly #create: () => Watching;
  readonly #begin: () => Call;
  readonly #mailbox = new Mailbox();
  #close: (() => void) | null = null;

  constructor(create: () => Watching, begin: () => Call) {
    this.#create = create;
    this.#begin = begin;
  }

  async next(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#close ??= this.#open();
    try {
      const event = await this.#mailbox.take();
      if (event !== null) return { value: event, done: false };
    } catch (error) {
      this.#close();
      throw error;
    }
    return { value: undefined, done: true };
  }

  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#mailbox.end(null);
    this.#close?.();
    this.#close = () => undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  #open(): () => void {
    const { signal, release } = this.#begin();
    const end = (): void => void this.return();
    if (signal.aborted) {
      release();
      this.#mailbox.end(null);
      return () => undefined;
    }
    signal.addEventListener('abort', end);
    const driven: Driven<Stop> = drive<Stop, WatchReport>({
      ...this.#create(),
      onReport: (report) => {
        if (report.kind === 'refused') this.#mailbox.end(refusedError(report.refusal));
        else this.#mailbox.put(eventOf(report));
      },
    });
    return () => {
      signal.removeEventListener('abort', end);
      release();
      driven.submit({ kind: 'stop' });
    };
  }
}

function eventOf(report: Exclude<WatchReport, { readonly kind: 'refused' }>): WatchEvent {
  if (report.kind === 'synced') return { change: 'synced' };
  const { change, instance, cause } = report;
  const event = { change, instance: instanceInfoOf(instance) };
  return cause === undefined ? event : { ...event, cause };
}

/** For callers without a signal. */
const NEVER = new AbortController().signal;
