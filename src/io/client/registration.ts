// What a program offers: the sessions with every server, and the registrations on them. All clients
// of a process that look in the same places share their sessions, because a session costs both ends
// some signs of life a second. The invariant: a registration is offered until it is closed,
// whatever happens to the servers; `lost` and `regained` alternate, beginning with `lost`, and
// neither comes after the close.

import type { ClientCommand } from '../../core/client/client.ts';
import { ClientCore } from '../../core/client/client.ts';
import type { Refusal, Stop } from '../../core/client/effect.ts';
import type { ClientReport, Ending, Offered } from '../../core/client/registry.ts';
import type { InstanceId } from '../../protocol/ids.ts';
import { candidatesOf } from './candidates.ts';
import type { Driven } from './driver.ts';
import { drive, lockFor, runtime } from './driver.ts';
import type { ClientOptions } from './options.ts';
import { addressOf, environmentOf, nameOf, portOf, schemeOf, tagsOf } from './options.ts';
import { type Deferred, deferred } from '../deferred.ts';
import { Emitter } from '../emitter.ts';
import type { DenialInfo } from './failures.ts';
import { abortedError, deniedError, denialInfoOf, refusedError } from './failures.ts';
import { newIdentity } from '../machine/instance-key.ts';
import type { RarangiError } from '../rarangi-error.ts';
import { isOwnHost } from './own-hosts.ts';

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

/** How an offer is made. */
export interface RegisterOptions {
  /** Gives the registration up, as its `close` does. */
  readonly signal?: AbortSignal;
}

/** What a registration tells, by the name of the event. */
export interface RegistrationEvents {
  /**
   * The last server that held it is lost: lookups do not find it now. It is registered again by
   * itself.
   */
  readonly lost: { readonly server: string; readonly reason: string };
  /** A server holds it again. */
  readonly regained: { readonly server: string };
}

/** One registration, for as long as it is offered. */
export interface RegistrationHandle extends AsyncDisposable {
  /**
   * The id of the instance, unique for all time. It changes when a server says that the instance is
   * lost though the session lives: then the offer is registered anew.
   */
  readonly instance: string;
  /**
   * Resolves with the first acknowledgement, however long that takes: without a server it waits.
   * Rejects with RARANGI_ABORTED when it is closed before, and with RARANGI_REFUSED when all
   * servers refuse us or the offer. A caller that does not wait for it need not handle its
   * rejection.
   */
  readonly registered: Promise<void>;
  /** Whether at least one server holds it now. */
  readonly isRegistered: boolean;
  /** Changes the offer under the same id. Throws RARANGI_USAGE. */
  update(change: Partial<Offer>): void;
  /**
   * Gives it up: resolves when every session knows, after 2 s at most. The detail says who or what
   * did it, to people who ask for the history: 200 bytes of it.
   */
  close(cause?: 'deregistered' | 'unhealthy', detail?: string): Promise<void>;
  /** Calls the listener at every such event; call the returned function to end that. */
  on<E extends keyof RegistrationEvents>(
    event: E,
    listener: (details: RegistrationEvents[E]) => void,
  ): () => void;
}

/** What a client tells, by the name of the event. Servers are given by their names. */
export interface ClientEvents {
  /** A server has acknowledged a registration, or a change of one. */
  readonly registered: {
    readonly service: string;
    readonly server: string;
    readonly instance: string;
  };
  /** A session is lost; it is tried again by itself. */
  readonly lost: { readonly server: string; readonly reason: string };
  /**
   * A server, given by its address, refuses us, or we refuse it. One that has no room for us is tried
   * again by itself, and reported once for each reason.
   */
  readonly refused: { readonly server: string; readonly reason: string };
  /** No server is left to try; `hint`: what to do. Told once. */
  readonly 'refused-by-all': { readonly reason: string; readonly hint: string };
}

/** Throws RARANGI_USAGE when an offer is none, as `register` would. */
export function checkOffer(offer: Offer): void {
  offeredOf(offer);
}

/** The servers of the sessions. */
export interface SessionsOptions {
  readonly client: ClientOptions;
  /** Over a UNIX socket only the kernel's close counts. */
  readonly isSidecar: boolean;
}

/** The sessions that a client may share, by where they look for servers. */
const SHARED = new Map<string, Sessions>();

/**
 * The sessions for a client, which joins them. Those of a sidecar are its own: its process stands for
 * one service. Throws RARANGI_USAGE.
 */
export function joinSessions(options: SessionsOptions, member: Emitter<ClientEvents>): Sessions {
  const key = options.isSidecar ? null : keyOf(options.client);
  const shared = key === null ? undefined : SHARED.get(key);
  const sessions = shared ?? new Sessions(options, key);
  if (key !== null) SHARED.set(key, sessions);
  sessions.join(member);
  return sessions;
}

function keyOf(client: ClientOptions): string {
  const environment = environmentOf(client);
  const { servers = [], secretFile, tls } = client;
  const { addresses } = candidatesOf(client, environment);
  return JSON.stringify([
    environment,
    servers,
    addresses,
    secretFile,
    tls?.cert,
    tls?.key,
    tls?.ca,
  ]);
}

/** Sessions with every server, and what is registered on them. */
export class Sessions {
  readonly #core: ClientCore;
  readonly #driven: Driven<ClientCommand | Stop>;
  /** The clients, by the emitters of their events. */
  readonly #members = new Set<Emitter<ClientEvents>>();
  readonly #entries = new Map<InstanceId, Entry>();
  readonly #key: string | null;
  #refusal: RarangiError | null = null;

  /** Throws RARANGI_USAGE. */
  constructor({ client, isSidecar }: SessionsOptions, key: string | null) {
    const environment = environmentOf(client);
    this.#key = key;
    this.#core = new ClientCore({
      ...candidatesOf(client, environment),
      environment,
      random: () => runtime.random(),
      isOwnHost,
      areSocketsJudged: !isSidecar,
    });
    this.#driven = drive<ClientCommand | Stop, ClientReport>({
      core: this.#core,
      lock: lockFor(client, environment),
      onReport: (report) => {
        this.#handle(report);
      },
    });
  }

  get contacts(): readonly string[] {
    return this.#driven.contacts;
  }

  get denials(): readonly DenialInfo[] {
    return this.#core.denials().map(denialInfoOf);
  }

  join(member: Emitter<ClientEvents>): void {
    this.#members.add(member);
  }

  /** Offers a service of a member until the handle is closed. Throws RARANGI_USAGE. */
  register(offer: Offer, { signal, member }: MemberOptions): RegistrationHandle {
    const offered = offeredOf(offer);
    const identity = newIdentity();
    const entry = createEntry(identity.instance, { service: offer.name, member });
    this.#entries.set(identity.instance, entry);
    if (this.#refusal !== null) entry.registered.reject(this.#refusal);
    this.#driven.submit({ kind: 'register', identity, offer: offered });
    const handle = this.#handleOf(entry);
    const abort = (): void => void handle.close();
    signal?.addEventListener('abort', abort, { once: true });
    void entry.gone.promise.then(() => {
      signal?.removeEventListener('abort', abort);
    });
    if (signal?.aborted === true) abort();
    return handle;
  }

  /** Gives up every registration of a member; the last one closes every session. */
  async leave(member: Emitter<ClientEvents>): Promise<void> {
    this.#members.delete(member);
    if (this.#members.size === 0) {
      this.#admitNobody();
      this.#driven.submit({ kind: 'stop' });
      await this.#driven.stopped;
      return;
    }
    const own = [...this.#entries.values()].filter((entry) => entry.member === member);
    await Promise.all(own.map((entry) => this.#giveUp(entry, { cause: 'deregistered' })));
  }

  #admitNobody(): void {
    if (this.#key !== null && SHARED.get(this.#key) === this) SHARED.delete(this.#key);
  }

  async #giveUp(entry: Entry, ending: Ending): Promise<void> {
    entry.isOpen = false;
    this.#driven.submit({ kind: 'deregister', instance: entry.instance, ...ending });
    await Promise.race([entry.gone.promise, this.#driven.stopped]);
  }

  #handleOf(entry: Entry): RegistrationHandle {
    const close: RegistrationHandle['close'] = (cause = 'deregistered', detail) =>
      this.#giveUp(entry, { cause, detail });
    return {
      get instance() {
        return entry.instance;
      },
      registered: entry.registered.promise,
      get isRegistered() {
        return entry.holders.size > 0;
      },
      update: (change) => {
        const { instance } = entry;
        this.#driven.submit({ kind: 'update', instance, change: changeOf(change) });
      },
      close,
      on: (event, listener) => entry.events.on(event, listener),
      [Symbol.asyncDispose]: () => close(),
    };
  }

  #handle(report: ClientReport): void {
    switch (report.kind) {
      case 'registered':
        this.#handleRegistered(report);
        return;
      case 'deregistered':
        this.#handleGone(report.instance);
        return;
      case 'disowned':
        this.#renew(report.instance, report.server);
        return;
      case 'denied':
        this.#entries.get(report.instance)?.registered.reject(deniedError(report.reason, report));
        return;
      case 'turned-away':
        this.#tellAll('refused', { server: report.server, reason: report.reason });
        return;
      case 'lost':
        this.#handleLost(report);
        this.#tellAll('lost', { server: report.server, reason: report.reason });
        return;
      case 'refused':
        // An address that refused is not dialled again: the next client tries anew.
        this.#admitNobody();
        this.#tellAll('refused', { server: report.server, reason: report.reason });
        return;
      case 'refused-by-all':
        this.#surrender(report.refusal);
        return;
    }
  }

  #tellAll<E extends keyof ClientEvents>(event: E, details: ClientEvents[E]): void {
    for (const member of this.#members) member.tell(event, details);
  }

  #surrender(refusal: Refusal): void {
    const error = refusedError(refusal);
    this.#refusal = error;
    for (const entry of this.#entries.values()) entry.registered.reject(error);
    const reason = `${refusal.address}: ${refusal.reason}`;
    this.#tellAll('refused-by-all', { reason, hint: error.hint });
  }

  #handleRegistered({ instance, service, server }: ReportOf<'registered'>): void {
    const entry = this.#entries.get(instance);
    if (entry === undefined) return;
    entry.registered.resolve();
    entry.holders.add(server);
    if (entry.isLost) entry.events.tell('regained', { server });
    entry.isLost = false;
    if (this.#members.has(entry.member)) {
      entry.member.tell('registered', { service, server, instance });
    }
  }

  /** Another session has the key, or the server had to forget: the offer goes on under a new one. */
  #renew(instance: InstanceId, server: string): void {
    const entry = this.#entries.get(instance);
    if (entry?.isOpen !== true) return;
    const identity = newIdentity();
    this.#entries.delete(instance);
    this.#entries.set(identity.instance, entry);
    entry.instance = identity.instance;
    const wasRegistered = entry.holders.size > 0;
    entry.holders.clear();
    if (wasRegistered) {
      entry.isLost = true;
      entry.events.tell('lost', { server, reason: 'it no longer holds the instance' });
    }
    this.#driven.submit({ kind: 'renew', instance, identity });
  }

  #handleLost({ server, reason }: { readonly server: string; readonly reason: string }): void {
    for (const entry of this.#entries.values()) {
      if (!entry.holders.delete(server) || entry.holders.size > 0 || !entry.isOpen) continue;
      entry.isLost = true;
      entry.events.tell('lost', { server, reason });
    }
  }

  #handleGone(instance: InstanceId): void {
    const entry = this.#entries.get(instance);
    if (entry === undefined) return;
    this.#entries.delete(instance);
    entry.holders.clear();
    entry.registered.reject(abortedError(`the registration of ${entry.service}`));
    entry.gone.resolve();
  }
}

interface MemberOptions extends RegisterOptions {
  /** The client that offers it. */
  readonly member: Emitter<ClientEvents>;
}

type ReportOf<Kind extends ClientReport['kind']> = Extract<ClientReport, { readonly kind: Kind }>;

interface Entry {
  instance: InstanceId;
  readonly service: string;
  /** The client that offers it. */
  readonly member: Emitter<ClientEvents>;
  readonly registered: Deferred<void>;
  readonly gone: Deferred<void>;
  readonly events: Emitter<RegistrationEvents>;
  /** The servers that hold it, by name. */
  readonly holders: Set<string>;
  /** Whether no server holds it any more, and one did. */
  isLost: boolean;
  /** Whether it is still offered. */
  isOpen: boolean;
}

function createEntry(instance: InstanceId, of: Pick<Entry, 'service' | 'member'>): Entry {
  const [registered, gone] = [deferred(), deferred()];
  // A caller that does not wait for it has the events.
  registered.promise.catch(() => undefined);
  const events = new Emitter<RegistrationEvents>();
  const holders = new Set<string>();
  return { ...of, instance, registered, gone, events, holders, isLost: false, isOpen: true };
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
