// A watch as an async iterable: the present set, a mark, then every change, for ever. The invariant:
// leaving the loop, by whatever way, closes everything; an end by the signal is no error.

import type { WatchReport } from '../core/watcher.ts';
import { Watcher } from '../core/watcher.ts';
import type { Stop } from '../core/client-effect.ts';
import type { InstanceInfo } from './answers.ts';
import { instanceInfoOf } from './answers.ts';
import { candidatesOf } from './candidates.ts';
import type { Driven } from './client-driver.ts';
import { drive, runtime } from './client-driver.ts';
import type { WatchOptions } from './client-options.ts';
import { environmentOf, nameOf, wantedOf } from './client-options.ts';
import { refusedError } from './failures.ts';
import type { RarangiError } from './rarangi-error.ts';

/** A part of the present set, the mark where it ends (`synced`), or a change. */
export interface WatchEvent {
  readonly change: 'present' | 'synced' | 'added' | 'updated' | 'stale' | 'live' | 'removed';
  /** Absent for `synced`. */
  readonly instance?: InstanceInfo;
  /** Why it is gone: for `removed`. */
  readonly cause?: string;
}

/**
 * The instances of a service and every change from then on. It survives the restart of servers, and
 * ends when the loop is left or the signal comes. Throws RARANGI_USAGE at once, and RARANGI_REFUSED
 * from the loop when every server refuses.
 */
export function watch(name: string, options: WatchOptions = {}): AsyncIterable<WatchEvent> {
  const environment = environmentOf(options);
  const settings = {
    environment,
    service: nameOf(name, 'service'),
    wanted: wantedOf(options),
    addresses: candidatesOf(options, environment).addresses,
    random: () => runtime.random(),
  };
  return {
    [Symbol.asyncIterator]: () => follow(new Watcher(settings), options.signal),
  };
}

async function* follow(
  watcher: Watcher,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent, void> {
  if (signal?.aborted === true) return;
  const mailbox = new Mailbox();
  const end = (): void => {
    mailbox.end(null);
  };
  signal?.addEventListener('abort', end);
  const driven: Driven<Stop> = drive<Stop, WatchReport>({
    core: watcher,
    onReport: (report) => {
      if (report.kind === 'refused') mailbox.end(refusedError(report.refusal));
      else mailbox.put(eventOf(report));
    },
  });
  try {
    for (;;) {
      const event = await mailbox.take();
      if (event === null) return;
      yield event;
    }
  } finally {
    signal?.removeEventListener('abort', end);
    driven.submit({ kind: 'stop' });
  }
}

function eventOf(report: Exclude<WatchReport, { readonly kind: 'refused' }>): WatchEvent {
  if (report.kind === 'synced') return { change: 'synced' };
  const { change, instance, cause } = report;
  const event = { change, instance: instanceInfoOf(instance) };
  return cause === undefined ? event : { ...event, cause };
}

/** Events that wait for whoever reads them. */
class Mailbox {
  readonly #waiting: WatchEvent[] = [];
  #end: { readonly error: RarangiError | null } | null = null;
  #wake: (() => void) | null = null;

  put(event: WatchEvent): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** Nothing more will come: an error, or null for a quiet end. */
  end(error: RarangiError | null): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** The next event; null at the end. Throws the error that ended it. */
  async take(): Promise<WatchEvent | null> {
    for (;;) {
      if (this.#end?.error === null) return null;
      const next = this.#waiting.shift();
      if (next !== undefined) return next;
      if (this.#end !== null) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
