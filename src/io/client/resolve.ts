// One instance of a service, from a watch that is kept behind its name. The invariant: a server
// vouched for the answer within the last 1.5 s, by this process's own clock: a ping came back, not
// merely a connection that looks open. So an answer after a sleep, a blocked event loop or a cut
// cable is as right as any other. A watch never keeps the process alive; a call that waits does.

import type { DenialAt, Stop } from '../../core/client/effect.ts';
import type { ChoiceOrder, Wanted } from '../../core/client/matching.ts';
import { chosenOf, isWanted } from '../../core/client/matching.ts';
import type { WatcherView, WatchReport } from '../../core/client/watcher.ts';
import { Watcher } from '../../core/client/watcher.ts';
import type { Name } from '../../protocol/ids.ts';
import type { Instance } from '../../protocol/records.ts';
import type { InstanceInfo } from '../../answers/shapes.ts';
import { instanceInfoOf } from '../../answers/shapes.ts';
import { lookup } from './ask.ts';
import { candidatesOf } from './candidates.ts';
import type { Driven } from './driver.ts';
import { background, drive, lockFor, runtime } from './driver.ts';
import type { ClientOptions, LookupQuery } from './options.ts';
import { environmentOf, millisecondsOf, nameOf, timeoutMsOf, wantedOf } from './options.ts';
import {
  abortedError,
  dearthError,
  refusedError,
  unansweredError,
  unreachableError,
  waitedInVain,
} from './failures.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { Cancel } from '../machine/runtime.ts';
import { isOwnHost } from './own-hosts.ts';

/** Which instance is wanted of several, and how long it may take to find one. */
export interface ResolveOptions extends LookupQuery {
  /**
   * `nearest`, if absent: the same host, the same cluster, the rest, by lot among equals. `random`:
   * by lot among all.
   */
  readonly choice?: ChoiceOrder;
  /** Not these: they have just failed. */
  readonly except?: readonly InstanceInfo[];
  /** Whether a stale one is good enough when there is no live one; not if absent. */
  readonly allowStale?: boolean;
}

/** The watches of one client, by service. */
export class Resolver {
  readonly #options: ClientOptions;
  readonly #standing = new Map<Name, Standing>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The instance that is at hand, without waiting; null if none is. Throws RARANGI_USAGE. */
  recall(name: string, options: ResolveOptions): InstanceInfo | null {
    if (options.signal?.aborted === true) return null;
    const wish = wishOf(name, options);
    return this.#standing.get(wish.service)?.pick(wish) ?? null;
  }

  /** One instance. Rejects with a RarangiError of any code. */
  async resolve(name: string, options: ResolveOptions): Promise<InstanceInfo> {
    const { signal } = options;
    const wish = wishOf(name, options);
    const waitMs = millisecondsOf(options.waitMs ?? 0, 'wait');
    const timeoutMs = timeoutMsOf({ ...this.#options, ...options });
    const standing = this.#standingOf(wish.service);
    const found = await standing.until({
      look: () => {
        const picked = standing.pick(wish);
        return picked ?? (waitMs === 0 ? standing.lack() : undefined);
      },
      limitMs: Math.max(waitMs, timeoutMs),
      signal,
    });
    if (typeof found === 'object') return found;
    // The watch may rest for minutes: a question of its own finds out whether there is still none.
    if (found === 'nobody') return await this.#askAll(wish, { ...options, timeoutMs });
    const view = standing.view();
    if (waitMs > 0) throw waitedInVain({ ...wish, ...view, waitMs, denials: standing.denials() });
    if (found === undefined) throw await this.#unheardError(wish, { view, timeoutMs });
    const wanted = view.instances.filter((instance) => isWanted(instance, wish.wanted));
    const dearth = dearthOf(wanted.map(instanceInfoOf), wish);
    if (view.complete) throw dearthError({ ...wish, ...dearth, complete: true, missing: [] });
    return await this.#askAll(wish, { ...options, timeoutMs });
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    const all = [...this.#standing.values()];
    this.#standing.clear();
    await Promise.all(all.map((standing) => standing.close()));
  }

  #standingOf(service: Name): Standing {
    const known = this.#standing.get(service);
    if (known !== undefined) return known;
    const standing = new Standing(this.#options, service, () => {
      if (this.#standing.get(service) === standing) this.#standing.delete(service);
    });
    this.#standing.set(service, standing);
    return standing;
  }

  /** A server that has just started must not hide an instance that others know. */
  async #askAll(wish: Wish, options: ResolveOptions): Promise<InstanceInfo> {
    const { timeoutMs, signal, cluster, tags } = { ...options, ...wish.wanted };
    const answer = await lookup(wish.service, {
      ...this.#options,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(tags === undefined ? {} : { tags }),
    });
    const fitting = answer.instances.filter((instance) => !wish.except.has(instance.instance));
    const live = fitting.filter(({ state }) => state === 'live');
    const candidates = live.length === 0 && wish.allowStale ? fitting : live;
    const lot = wish.choice === 'nearest' ? 0 : Math.floor(runtime.random() * candidates.length);
    const chosen = candidates[lot];
    if (chosen !== undefined) return chosen;
    throw dearthError({ ...wish, ...answer, ...dearthOf(answer.instances, wish) });
  }

  /** No server vouches for the known set, if there is one. */
  async #unheardError(
    { service }: Wish,
    { view, timeoutMs }: { readonly view: WatcherView; readonly timeoutMs: number },
  ): Promise<RarangiError> {
    if (!view.wasConnected) return await unreachableError(this.#options, []);
    if (view.instances.length === 0) return unansweredError([], timeoutMs);
    return new RarangiError(
      'RARANGI_UNCERTAIN',
      `no catalogue server has confirmed the instances of ${service} within ${String(timeoutMs)} ms`,
      { hint: 'accept those that were known last with allowStale, or see: rarangi status' },
    );
  }
}

/** Which instance is wanted. */
interface Wish {
  readonly service: Name;
  readonly wanted: Wanted;
  readonly choice: ChoiceOrder;
  /** By id. */
  readonly except: ReadonlySet<string>;
  readonly allowStale: boolean;
}

function wishOf(name: string, options: ResolveOptions): Wish {
  const { choice = 'nearest', except = [], allowStale = false } = options;
  return {
    service: nameOf(name, 'service'),
    wanted: wantedOf(options),
    choice,
    except: new Set(except.map(({ instance }) => instance)),
    allowStale,
  };
}

/** How many would match that cannot be used. */
function dearthOf(
  instances: readonly InstanceInfo[],
  wish: Wish,
): { readonly live: number; readonly stale: number } {
  const isStale = ({ instance, state }: InstanceInfo): boolean =>
    state === 'stale' && !wish.except.has(instance);
  return {
    live: instances.filter(({ instance }) => wish.except.has(instance)).length,
    stale: instances.filter(isStale).length,
  };
}

/** What is waited for. */
interface Until<T> {
  /** The end of the waiting; undefined as long as it goes on. */
  readonly look: () => T | undefined;
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A watch behind a service, as long as calls ask for it. */
class Standing {
  readonly #service: Name;
  readonly #watcher: Watcher;
  readonly #driven: Driven<Stop>;
  readonly #onEnd: () => void;
  readonly #waiting = new Set<() => void>();
  #refusal: RarangiError | null = null;
  #known: WatcherView | null = null;
  /** As of when that is. */
  #knownMs = -Infinity;
  #usedMs = background.nowMs();
  #cancelIdle: Cancel;

  constructor(options: ClientOptions, service: Name, onEnd: () => void) {
    const environment = environmentOf(options);
    this.#service = service;
    this.#onEnd = onEnd;
    this.#watcher = new Watcher({
      environment,
      addresses: candidatesOf(options, environment).addresses,
      service,
      wanted: {},
      random: () => background.random(),
      isOwnHost,
    });
    this.#driven = drive<Stop, WatchReport>({
      core: {
        step: (input) => {
          const effects = this.#watcher.step(input);
          queueMicrotask(this.#lookAgain);
          return effects;
        },
        nextDeadlineMs: () => this.#watcher.nextDeadlineMs(),
      },
      onReport: (report) => {
        this.#known = null;
        if (report.kind !== 'refused') return;
        this.#refusal = refusedError(report.refusal);
        this.#end();
      },
      lock: lockFor(options, environment),
      isBackground: true,
    });
    this.#cancelIdle = this.#armIdle();
  }

  /** Whether a server has vouched for what is known a moment ago. */
  isFresh(): boolean {
    return background.nowMs() - this.#watcher.vouchedMs() <= FRESH_MS;
  }

  /**
   * What is not worth waiting for: a server, if no address has ever had one; or an instance, if a
   * server has just vouched for the whole known set.
   */
  lack(): 'nobody' | 'none' | undefined {
    if (this.isFresh()) return 'none';
    return this.#watcher.isResting() && !this.view().wasConnected ? 'nobody' : undefined;
  }

  /** What is known. */
  view(): WatcherView {
    return this.#watcher.view();
  }

  denials(): readonly DenialAt[] {
    return this.#watcher.denials();
  }

  /** The instance that fulfils a wish now, if there is one. */
  pick(wish: Wish): InstanceInfo | null {
    this.#usedMs = background.nowMs();
    const isFresh = this.isFresh();
    const { instances, place } = this.#recall();
    const isFitting = (instance: Instance): boolean =>
      (instance.state === 'stale' ? wish.allowStale : isFresh) &&
      !wish.except.has(instance.registration.instance) &&
      isWanted(instance, wish.wanted);
    const { choice } = wish;
    const random = () => background.random();
    const chosen = chosenOf(instances.filter(isFitting), { choice, place }, random);
    return chosen === null ? null : instanceInfoOf(chosen);
  }

  /** Looks at every news; undefined when the time is over. Rejects by the signal or a refusal. */
  until<T>({ look, limitMs, signal }: Until<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.#waiting.delete(lookOnce);
        signal?.removeEventListener('abort', abort);
        cancelAlarm();
        act();
      };
      const lookOnce = (): void => {
        const refusal = this.#refusal;
        const found = refusal === null ? look() : undefined;
        if (refusal !== null) finish(() => reject(refusal));
        else if (found !== undefined) finish(() => resolve(found));
      };
      const abort = (): void => {
        const error = abortedError(`the search for ${this.#service}`, signal?.reason);
        finish(() => reject(error));
      };
      const cancelAlarm = runtime.setAlarm(runtime.nowMs() + limitMs, () => {
        finish(() => resolve(undefined));
      });
      this.#waiting.add(lookOnce);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
      else lookOnce();
    });
  }

  async close(): Promise<void> {
    this.#end();
    await this.#driven.stopped;
  }

  /** The known set, made anew only when there is news, or the watch has moved. */
  #recall(): WatcherView {
    const vouchedMs = this.#watcher.vouchedMs();
    if (this.#knownMs !== vouchedMs) this.#known = null;
    this.#knownMs = vouchedMs;
    this.#known ??= this.#watcher.view();
    return this.#known;
  }

  readonly #lookAgain = (): void => {
    for (const look of [...this.#waiting]) look();
  };

  #armIdle(): Cancel {
    return background.setAlarm(this.#usedMs + IDLE_MS, () => {
      const nowMs = background.nowMs();
      // A call that waits counts as use.
      if (this.#waiting.size > 0) this.#usedMs = nowMs;
      if (nowMs - this.#usedMs < IDLE_MS) this.#cancelIdle = this.#armIdle();
      else this.#end();
    });
  }

  #end(): void {
    this.#cancelIdle();
    this.#onEnd();
    this.#driven.submit({ kind: 'stop' });
  }
}

/** An answer is never older. Servers are asked for a sign of life every half second. */
const FRESH_MS = 1_500;

/** A name that no call has asked for in all this time is no longer watched. */
const IDLE_MS = 300_000;
