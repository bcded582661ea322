// A service's side of the library: a client that holds a session with every server and keeps what it
// registers registered. The invariant: a registration is offered until it is closed, whatever
// becomes of the servers, and nothing is left open after `close`.

import { randomBytes } from 'node:crypto';

import type { ClientCommand } from '../core/client.ts';
import { ClientCore } from '../core/client.ts';
import type { Stop } from '../core/client-effect.ts';
import type { ClientReport, Offered } from '../core/client-registry.ts';
import type { InstanceId } from '../protocol/ids.ts';
import { candidatesOf } from './candidates.ts';
import type { Driven } from './client-driver.ts';
import { drive, runtime } from './client-driver.ts';
import type { ClientOptions } from './client-options.ts';
import { addressOf, environmentOf, nameOf, portOf, schemeOf, tagsOf } from './client-options.ts';
import { abortedError } from './failures.ts';
import { RarangiError } from './rarangi-error.ts';

/** What a service offers. */
export interface Offer {
  /** The name that clients look up. */
  readonly name: string;
  readonly port: number;
  /** The host part of what the server advertises, if absent. */
  readonly address?: string;
  /** Of its URI; `tcp` is meant if absent. */
  readonly scheme?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** One registration, for as long as it is offered. */
export interface RegistrationHandle {
  /** The id of the instance, unique for all time. */
  readonly instance: string;
  /** Resolves with the first acknowledgement. Rejects when it is closed before, or all refuse. */
  readonly registered: Promise<void>;
  /** Changes the offer under the same id. Throws RARANGI_USAGE. */
  update(change: Partial<Offer>): void;
  /** Gives it up: resolves when every session knows, after 2 s at most. */
  close(cause?: 'deregistered' | 'unhealthy'): Promise<void>;
}

/** What a client tells, by the name of the event. */
export interface ClientEvents {
  readonly registered: {
    readonly service: string;
    readonly server: string;
    readonly instance: string;
  };
  readonly lost: { readonly server: string; readonly reason: string };
  readonly refused: { readonly server: string; readonly reason: string };
  readonly 'refused-by-all': { readonly reason: string };
}

/** Sessions with every server, and what is registered on them. */
export interface Client {
  /** Offers a service until the handle is closed. Throws RARANGI_USAGE. */
  register(offer: Offer): RegistrationHandle;
  /** Gives up every registration, closes every session. */
  close(): Promise<void>;
  /** Calls the listener at every such event; what is returned ends that. */
  on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): () => void;
}

type Listener<E extends keyof ClientEvents> = (details: ClientEvents[E]) => void;

/** What a client is, besides. */
export interface ConnectOptions extends ClientOptions {
  /**
   * This process only stands beside the service: over a UNIX socket it need not run for the service
   * to be live, and the kernel's close alone judges.
   */
  readonly isSidecar?: boolean;
}

/** Throws RARANGI_USAGE when an offer is none, as `register` would. */
export function checkOffer(offer: Offer): void {
  offeredOf(offer);
}

/** Opens sessions with every server, and keeps them open. Throws RARANGI_USAGE. */
export function connect(options: ConnectOptions = {}): Client {
  const environment = environmentOf(options);
  const candidates = candidatesOf(options, environment);
  return new OpenClient(
    new ClientCore({
      ...candidates,
      environment,
      random: () => runtime.random(),
      areSocketsJudged: options.isSidecar !== true,
    }),
    options.signal,
  );
}

class OpenClient implements Client {
  readonly #driven: Driven<ClientCommand | Stop>;
  readonly #listeners = new Map<string, Set<(details: never) => void>>();
  readonly #entries = new Map<InstanceId, Entry>();
  #refusal: RarangiError | null = null;
  #isClosed = false;

  constructor(core: ClientCore, signal: AbortSignal | undefined) {
    this.#driven = drive<ClientCommand | Stop, ClientReport>({
      core,
      onReport: (report) => {
        this.#handle(report);
      },
    });
    const abort = (): void => void this.close();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    void this.#driven.stopped.then(() => {
      signal?.removeEventListener('abort', abort);
    });
  }

  register(offer: Offer): RegistrationHandle {
    if (this.#isClosed) throw new RarangiError('RARANGI_USAGE', 'the client is closed');
    const offered = offeredOf(offer);
    const instance = randomBytes(16).toString('hex') as InstanceId;
    const entry = createEntry(offer.name);
    this.#entries.set(instance, entry);
    if (this.#refusal !== null) entry.registered.reject(this.#refusal);
    this.#driven.submit({ kind: 'register', instance, offer: offered });
    return {
      instance,
      registered: entry.registered.promise,
      update: (change) => {
        this.#driven.submit({ kind: 'update', instance, change: changeOf(change) });
      },
      close: async (cause = 'deregistered') => {
        this.#driven.submit({ kind: 'deregister', instance, cause });
        await Promise.race([entry.gone.promise, this.#driven.stopped]);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#driven.submit({ kind: 'stop' });
    await this.#driven.stopped;
  }

  on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  #tell<E extends keyof ClientEvents>(event: E, details: ClientEvents[E]): void {
    const listeners = this.#listeners.get(event) as Set<Listener<E>> | undefined;
    for (const listener of listeners ?? []) listener(details);
  }

  #handle(report: ClientReport): void {
    switch (report.kind) {
      case 'registered':
        this.#entries.get(report.instance)?.registered.resolve();
        this.#tell('registered', {
          service: report.service,
          server: report.server,
          instance: report.instance,
        });
        return;
      case 'deregistered':
        this.#handleGone(report.instance);
        return;
      case 'denied':
        this.#entries
          .get(report.instance)
          ?.registered.reject(new RarangiError('RARANGI_REFUSED', report.reason));
        return;
      case 'lost':
      case 'refused':
        this.#tell(report.kind, { server: report.server, reason: report.reason });
        return;
      case 'refused-by-all':
        this.#refusal = new RarangiError('RARANGI_REFUSED', `refused ${report.reason}`);
        for (const entry of this.#entries.values()) entry.registered.reject(this.#refusal);
        this.#tell('refused-by-all', { reason: report.reason });
        return;
    }
  }

  #handleGone(instance: InstanceId): void {
    const entry = this.#entries.get(instance);
    this.#entries.delete(instance);
    entry?.registered.reject(abortedError(`the registration of ${entry.service}`));
    entry?.gone.resolve();
  }
}

interface Entry {
  readonly service: string;
  readonly registered: Deferred;
  readonly gone: Deferred;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: RarangiError) => void;
}

function createEntry(service: string): Entry {
  const entry = { service, registered: deferred(), gone: deferred() };
  // Whoever does not wait for it has the events.
  entry.registered.promise.catch(() => undefined);
  return entry;
}

function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: RarangiError) => void;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

function offeredOf(offer: Offer): Offered {
  return {
    service: nameOf(offer.name, 'service'),
    address: addressOf(offer.address ?? ''),
    port: portOf(offer.port),
    scheme: schemeOf(offer.scheme),
    tags: tagsOf(offer.tags),
  };
}

function changeOf(change: Partial<Offer>): Partial<Offered> {
  const { name, port, address, scheme, tags } = change;
  return {
    ...(name === undefined ? {} : { service: nameOf(name, 'service') }),
    ...(port === undefined ? {} : { port: portOf(port) }),
    ...(address === undefined ? {} : { address: addressOf(address) }),
    ...(scheme === undefined ? {} : { scheme: schemeOf(scheme) }),
    ...(tags === undefined ? {} : { tags: tagsOf(tags) }),
  };
}
