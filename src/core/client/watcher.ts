// A standing lookup over one session at a time, which moves to another server when its own goes
// away. The invariant: the reports are differences, each once, whichever servers they came from. An
// incomplete view never removes a known instance, and an instance that one server has let go does
// not come back because another server, which has slept, still knows it.

import { KNOWN_MAX } from '../../protocol/constants.ts';
import type { InstanceId, Name, OriginId } from '../../protocol/ids.ts';
import type { Message, MessageOf } from '../../protocol/messages.ts';
import type { Cause, Instance } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';
import { present } from '../kit/assert.ts';
import { Backoff, BACKOFF_BASE_MS, BACKOFF_CAP_ALONE_MS } from '../kit/backoff.ts';
import type { Attempt } from './ask.ts';
import type { Contact, ContactLoss, IsOwnHost } from './contacts.ts';
import { LOCAL_CAP_MS } from './contacts.ts';
import { ClientBase } from './base.ts';
import type { ConnectionInput, DenialAt, Refusal, Stop } from './effect.ts';
import { Liveness } from './liveness.ts';
import type { Viewpoint, Wanted } from './matching.ts';
import { isWanted } from './matching.ts';

/** What a watcher reports. */
export type WatchReport =
  | {
      readonly kind: 'change';
      readonly change: 'present' | 'added' | 'updated' | 'stale' | 'live' | 'removed';
      readonly instance: Instance;
      readonly cause?: Cause;
    }
  /** The present set is complete; reported once. */
  | { readonly kind: 'synced' }
  /** Every address refused us; nothing more will come. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The settings of one watch. */
export interface WatcherOptions {
  readonly environment: Name;
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
  readonly service: Name;
  readonly wanted: Wanted;
  readonly random: () => number;
  readonly isOwnHost?: IsOwnHost;
}

/** The knowledge of a watcher at a moment. */
export interface WatcherView {
  readonly instances: readonly Instance[];
  readonly complete: boolean;
  /** As many as a message names, and how many there are. */
  readonly missing: readonly string[];
  readonly missingCount: number;
  /** Why the view is not complete, as far as the server said so. */
  readonly why: MessageOf<'change'>['why'];
  /** Where the server is that told it; null before the first server. */
  readonly place: Viewpoint | null;
  /** Whether there is a session, or ever was one. */
  readonly wasConnected: boolean;
}

/** Every address was tried in vain: what was found at each. */
export interface Unheard {
  readonly denials: readonly DenialAt[];
  readonly attempts: readonly Attempt[];
}

type ViewTold = Pick<WatcherView, 'complete' | 'missing' | 'missingCount' | 'why'>;

/** One watch, for ever. */
export class Watcher extends ClientBase<ConnectionInput | Stop, WatchReport> {
  readonly #options: WatcherOptions;
  readonly #liveness: Liveness;
  readonly #backoff: Backoff;
  /** The reported instances, each with the state that was reported last. */
  readonly #known = new Map<InstanceId, Instance>();
  /** The instances that the present server has told of. */
  readonly #told = new Set<InstanceId>();
  /** The latest removed instances, and which life of a server removed each. */
  readonly #gone = new Map<InstanceId, Gone>();
  readonly #attempts = new Map<Contact, Attempt>();
  #unheard: Unheard | null = null;
  #untried: Contact[] = [];
  #current: Contact | null = null;
  #view: ViewTold = { complete: false, missing: [], missingCount: 0, why: undefined };
  /** When the present session opened. */
  #openedMs = 0;
  #vouchedMs = -Infinity;
  #isSynced = false;
  #wasSynced = false;
  #wasTaken = false;

  constructor(options: WatcherOptions) {
    super(options);
    this.#options = options;
    this.#backoff = new Backoff(options.random, BACKOFF_BASE_MS, BACKOFF_CAP_ALONE_MS);
    const { timers, contacts } = this;
    // A stopped server keeps its socket open: a watch, which waits for news, ends every session for
    // silence.
    this.#liveness = new Liveness({ contacts, timers, isJudged: () => true });
  }

  /** The present knowledge. */
  view(): WatcherView {
    const facts = this.contacts.all.find((contact) => contact.server !== null)?.server?.facts;
    const place = this.#current?.server?.facts ?? facts ?? null;
    return {
      instances: this.#sorted(),
      ...this.#view,
      complete: this.#view.complete && this.#isSynced,
      place,
      wasConnected: this.#current !== null || this.#wasTaken,
    };
  }

  /** One session is enough: as long as there is one, no other address matters. */
  override denials(): readonly DenialAt[] {
    return this.#current?.isTaken === true ? [] : super.denials();
  }

  /** What was found in the last round, if no server was heard in it or since. */
  unheard(): Unheard | null {
    return this.#unheard;
  }

  /** When a server last vouched for all that is known; -Infinity before the first time. */
  vouchedMs(): number {
    return this.#vouchedMs;
  }

  /** Whether every address was tried in vain, and nothing is dialled until the next round. */
  isResting(): boolean {
    return this.#current === null && this.timers.has('hunt');
  }

  protected override begin(): void {
    this.#hunt();
  }

  protected override handle(input: ConnectionInput | Stop): void {
    this.#liveness.wake(input.nowMs);
    if (input.kind === 'stop') {
      this.close('unneeded');
      return;
    }
    this.contacts.handle(input);
    this.timers.runDue(input.nowMs);
    if (this.#current !== null && this.#isSynced) {
      this.#vouchedMs = Math.max(this.#vouchedMs, this.#current.echoedMs);
    }
  }

  /** Tries the addresses one after another; the first server that greets gets the watch. */
  #hunt(): void {
    this.#untried = this.contacts.in('idle');
    this.#tryNext();
  }

  #tryNext(): void {
    let next = this.#untried.shift();
    while (next !== undefined && next.state !== 'idle') next = this.#untried.shift();
    if (next === undefined) {
      this.#maybeRest();
      return;
    }
    this.contacts.dial(next);
    this.timers.set('patience', this.nowMs + NEXT_TRIED_MS, () => {
      if (this.#untried.length > 0) this.#tryNext();
    });
  }

  /** No server was found: waits, and begins again. */
  #maybeRest(): void {
    if (this.contacts.in('dialling', 'greeting').length > 0) return;
    if (this.contacts.all.every((contact) => contact.state === 'refused')) {
      this.#surrender();
      return;
    }
    this.#unheard = { denials: this.denials(), attempts: [...this.#attempts.values()] };
    const isNear = this.contacts.all.some((contact) => this.contacts.isLocal(contact));
    const capMs = isNear ? LOCAL_CAP_MS : BACKOFF_CAP_ALONE_MS;
    this.timers.set('hunt', this.nowMs + this.#backoff.nextDelayMs(capMs), () => {
      this.#hunt();
    });
  }

  #surrender(): void {
    const [refusal] = this.contacts.all.flatMap((contact) => contact.refusal ?? []);
    this.report({ kind: 'refused', refusal: present(refusal, 'a refusal') });
    this.close('unneeded');
  }

  protected override handleOpen(contact: Contact): void {
    const before = this.#current;
    if (before !== null && before.server?.origin === contact.server?.origin) {
      this.contacts.drop(contact, 'unneeded');
      this.#tryNext();
      return;
    }
    if (before !== null) this.contacts.drop(before, 'unneeded');
    for (const other of this.contacts.in('dialling', 'greeting')) {
      this.contacts.drop(other, 'unneeded');
    }
    this.timers.cancel('hunt');
    this.timers.cancel('patience');
    this.#liveness.begin(contact);
    this.#current = contact;
    this.#openedMs = this.nowMs;
    this.#isSynced = false;
    this.#told.clear();
    if (this.#wasSynced) this.#armDoubt();
    const { service } = this.#options;
    // The complete view that follows says whether an instance that is left out is gone.
    const known = this.#sorted()
      .slice(0, KNOWN_MAX)
      .map((instance) => instance.registration.instance);
    this.contacts.send(contact, { kind: 'watch', request: REQUEST, service, known });
  }

  protected override handleLost(contact: Contact, loss: ContactLoss): void {
    const { address } = contact;
    const isStranger = loss.from === 'greeting' && loss.isOurs;
    const { reason } = loss;
    this.#attempts.set(contact, { address, reason, ...(isStranger ? { isStranger } : {}) });
    this.#lose(contact);
    // A server that turns us away would do so again at once.
    if (loss.from === 'open' && !loss.isTurnedAway) this.#hunt();
    else this.#tryNext();
  }

  protected override handleRefused(contact: Contact): void {
    const wasCurrent = contact === this.#current;
    this.#lose(contact);
    if (wasCurrent) this.#hunt();
    else this.#tryNext();
  }

  #lose(contact: Contact): void {
    if (contact !== this.#current) return;
    this.#current = null;
    this.#isSynced = false;
    this.#armDoubt();
  }

  protected override handleMessage(contact: Contact, message: Message): void {
    if (contact !== this.#current) return;
    if (message.kind === 'change' && message.request === REQUEST) this.#handleChange(message);
    else if (message.kind === 'goaway') this.#hunt();
  }

  #handleChange(message: MessageOf<'change'>): void {
    const { change, instance, cause } = message;
    if (change === 'synced' || change === 'view') {
      const { complete = false, missing = [], missingCount = missing.length, why } = message;
      this.#view = { complete, missing, missingCount, why };
      if (change === 'synced') this.#becomeSynced();
      if (this.#isSynced) this.#settle();
    } else if (instance !== undefined && change === 'removed') {
      this.#told.delete(instance.registration.instance);
      this.#forget(instance.registration.instance, cause ?? 'unknown');
    } else if (instance !== undefined) {
      this.#told.add(instance.registration.instance);
      this.#learn(instance);
    }
  }

  #becomeSynced(): void {
    this.#isSynced = true;
    this.#wasTaken = true;
    this.#unheard = null;
    this.#backoff.reset();
    if (!this.#wasSynced) this.report({ kind: 'synced' });
    this.#wasSynced = true;
  }

  /**
   * An instance that the present server does not know is in doubt, and gone once its view is
   * complete. The server tells the causes that it remembers. For an instance that it never knew it
   * gets a while: a host's only server may have been restarted, and its services are on their way
   * back.
   */
  #settle(): void {
    const untold = this.#sorted()
      .map((instance) => instance.registration.instance)
      .filter((id) => !this.#told.has(id));
    if (untold.length > 0 && !this.#view.complete) {
      this.#armDoubt();
      return;
    }
    this.timers.cancel('doubt');
    if (untold.length > 0 && this.nowMs < this.#openedMs + DOUBT_MS) {
      this.timers.set('absent', this.#openedMs + DOUBT_MS, () => {
        if (this.#isSynced) this.#settle();
      });
      return;
    }
    for (const id of untold) this.#forget(id, 'unknown');
  }

  /** A restart of one server, bridged by the other, is no change to report. */
  #armDoubt(): void {
    if (this.timers.has('doubt')) return;
    this.timers.set('doubt', this.nowMs + DOUBT_MS, () => {
      for (const instance of this.#sorted()) {
        const isVouchedFor =
          this.#current !== null && this.#told.has(instance.registration.instance);
        if (!isVouchedFor) this.#learn({ ...instance, state: 'stale' });
      }
    });
  }

  #learn(instance: Instance): void {
    const id = instance.registration.instance;
    const before = this.#known.get(id);
    if (before === undefined && this.#isPast(instance)) return;
    const after = newer(instance, before ?? this.#gone.get(id)?.instance);
    if (!isWanted(after, this.#options.wanted)) {
      this.#forget(id, 'replaced', after);
      return;
    }
    const change = this.#changeTo(after, before);
    this.#gone.delete(id);
    this.#known.set(id, after);
    if (change !== null) this.report({ kind: 'change', change, instance: after });
  }

  /** A server that has slept answers as stale what it knew before, however long that is over. */
  #isPast({ registration, state }: Instance): boolean {
    const gone = this.#gone.get(registration.instance);
    if (gone === undefined || isLive(state)) return false;
    return gone.by !== this.#current?.server?.origin;
  }

  #changeTo(after: Instance, before: Instance | undefined): Told | null {
    if (before === undefined) return this.#wasSynced ? 'added' : 'present';
    const isAlive = isLive(after.state);
    if (isAlive !== isLive(before.state)) return isAlive ? 'live' : 'stale';
    return after.registration.revision > before.registration.revision ? 'updated' : null;
  }

  /** `latest`: its present record, if that is known and is no longer wanted. */
  #forget(id: InstanceId, cause: Cause, latest?: Instance): void {
    const instance = this.#known.get(id);
    if (instance === undefined) return;
    this.#known.delete(id);
    this.#noteGone(id, latest ?? instance);
    this.report({ kind: 'change', change: 'removed', instance, cause });
  }

  #noteGone(id: InstanceId, instance: Instance): void {
    this.#gone.set(id, { instance, by: this.#current?.server?.origin });
    const [oldest] = this.#gone.keys();
    if (oldest !== undefined && this.#gone.size > GONE_MAX) this.#gone.delete(oldest);
  }

  #sorted(): Instance[] {
    return [...this.#known.values()].sort((one, other) =>
      one.registration.instance < other.registration.instance ? -1 : 1,
    );
  }
}

/** A server that lags behind the previous one takes nothing back. */
function newer(instance: Instance, before: Instance | undefined): Instance {
  if (before === undefined) return instance;
  if (instance.registration.revision >= before.registration.revision) return instance;
  return { ...instance, registration: before.registration };
}

interface Gone {
  readonly instance: Instance;
  readonly by: OriginId | undefined;
}

type Told = 'present' | 'added' | 'updated' | 'stale' | 'live';

/** A server that is silent for this long is not waited for: the next is tried as well. */
const NEXT_TRIED_MS = 250;

/** How long known instances count without a server that confirms them. */
const DOUBT_MS = 1_000;

/** As many as may be removed while a server sleeps, in a large deployment. */
const GONE_MAX = 4_096;

/** There is one watch on a session. */
const REQUEST = 1;
