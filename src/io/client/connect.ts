// A program's side of the library: one client, by which it registers its services and finds others.
// The invariant: everything that a client began ends with `close`, and nothing begins before it is
// needed: sessions with the first `register`, a watch with the first `resolve` of a name.

import type { InstanceInfo, LookupAnswer, WatchEvent } from '../../answers/shapes.ts';
import { lookup } from './ask.ts';
import { candidatesOf } from './candidates.ts';
import { lockFor } from './driver.ts';
import type { DenialInfo } from './failures.ts';
import type { ClientOptions, LookupQuery, WatchQuery } from './options.ts';
import { environmentOf, timeoutMsOf } from './options.ts';
import { Emitter } from '../emitter.ts';
import { Lifetime } from './lifetime.ts';
import type {
  ClientEvents,
  Offer,
  RegisterOptions,
  RegistrationHandle,
  Sessions,
} from './registration.ts';
import { joinSessions } from './registration.ts';
import type { ResolveOptions } from './resolve.ts';
import { Resolver } from './resolve.ts';
import { watchWithin } from './watch.ts';

/** The options of a client. Its `timeoutMs` is for all calls that have none of their own. */
export interface ConnectOptions extends ClientOptions {
  /**
   * This process only stands beside the service: over a UNIX socket it need not run for the service
   * to be live, and only the kernel's close counts. Its sessions are opened at once.
   */
  readonly isSidecar?: boolean;
}

/**
 * A program's client of an environment. It depends on no single server, and needs none to begin with.
 * Running calls, registrations and watches keep the process alive until they end; what `resolve`
 * keeps behind the scenes does not.
 */
export interface Client extends AsyncDisposable {
  /**
   * The addresses where it has or opens a connection to register by, open ones first. No server need
   * have answered there yet.
   */
  readonly contacts: readonly string[];
  /**
   * Why addresses where somebody is give it no session to register by, or refuse an offer: the latest
   * reason of each. Empty as long as it is taken everywhere, or nobody is there.
   */
  readonly denials: readonly DenialInfo[];
  /**
   * Offers a service with every server until the handle, the client or the process ends. Throws
   * RARANGI_USAGE.
   */
  register(offer: Offer, options?: RegisterOptions): RegistrationHandle;
  /**
   * All instances of a service, live ones nearest first, then stale ones. Asks a server each time.
   * Rejects with RARANGI_USAGE, _UNREACHABLE, _REFUSED, _TIMEOUT or _ABORTED; none is no error.
   */
  lookup(name: string, query?: LookupQuery): Promise<LookupAnswer>;
  /**
   * One live instance of a service. The first call of a name waits for the set that there is; from
   * then on a watch keeps the set at hand, for 5 minutes after the last call, and the answer is
   * there without a round trip. It is never older than 1.5 s: if it would be, as after a sleep of
   * this process, a server is asked first. Rejects with RARANGI_NONE when there surely is none,
   * with RARANGI_UNCERTAIN when no server can tell or all are stale, and as `lookup` does.
   */
  resolve(name: string, options?: ResolveOptions): Promise<InstanceInfo>;
  /**
   * The instances of a service and every change from then on, until the loop is left, the signal
   * comes or the client is closed. Throws RARANGI_USAGE at once, and RARANGI_REFUSED from the loop.
   */
  watch(name: string, query?: WatchQuery): AsyncIterable<WatchEvent>;
  /** Calls the listener at every such event; call the returned function to end that. */
  on<E extends keyof ClientEvents>(
    event: E,
    listener: (details: ClientEvents[E]) => void,
  ): () => void;
  /**
   * Gives up every registration, aborts every call, ends every watch. Resolves when every server
   * knows and nothing is left open; after 3 s at most.
   */
  close(): Promise<void>;
}

/** A client. Nothing is connected before it is needed. Throws RARANGI_USAGE. */
export function connect(options: ConnectOptions = {}): Client {
  return new OpenClient(options);
}

class OpenClient implements Client {
  readonly #options: ClientOptions;
  readonly #isSidecar: boolean;
  readonly #events = new Emitter<ClientEvents>();
  readonly #lifetime = new Lifetime();
  readonly #resolver: Resolver;
  #sessions: Sessions | null = null;
  #closed: Promise<void> | null = null;
  readonly #letGo: () => void;

  constructor({ signal, isSidecar = false, ...options }: ConnectOptions) {
    candidatesOf(options, environmentOf(options));
    lockFor(options, environmentOf(options));
    timeoutMsOf(options);
    this.#options = options;
    this.#isSidecar = isSidecar;
    this.#resolver = new Resolver(options);
    const abort = (): void => void this.close();
    this.#letGo = () => {
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    else if (isSidecar) this.#openSessions();
  }

  get contacts(): readonly string[] {
    return this.#sessions?.contacts ?? [];
  }

  get denials(): readonly DenialInfo[] {
    return this.#sessions?.denials ?? [];
  }

  register(offer: Offer, options: RegisterOptions = {}): RegistrationHandle {
    this.#lifetime.check();
    return this.#openSessions().register(offer, { ...options, member: this.#events });
  }

  async lookup(name: string, query: LookupQuery = {}): Promise<LookupAnswer> {
    return await this.#lifetime.within(query.signal, (signal) =>
      lookup(name, { ...this.#options, ...query, signal }),
    );
  }

  async resolve(name: string, options: ResolveOptions = {}): Promise<InstanceInfo> {
    this.#lifetime.check();
    const found = this.#resolver.recall(name, options);
    if (found !== null) return found;
    return await this.#lifetime.within(options.signal, (signal) =>
      this.#resolver.resolve(name, { ...options, signal }),
    );
  }

  watch(name: string, query: WatchQuery = {}): AsyncIterable<WatchEvent> {
    this.#lifetime.check();
    const begin = () => this.#lifetime.begin(query.signal);
    return watchWithin(name, { ...this.#options, ...query }, begin);
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (details: ClientEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #openSessions(): Sessions {
    const options = { client: this.#options, isSidecar: this.#isSidecar };
    this.#sessions ??= joinSessions(options, this.#events);
    return this.#sessions;
  }

  async #end(): Promise<void> {
    this.#letGo();
    this.#lifetime.end();
    await Promise.all([this.#resolver.close(), this.#sessions?.leave(this.#events)]);
  }
}
