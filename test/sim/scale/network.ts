// The network of a large simulation. Messages are handed over as they are, so that two thousand
// servers share equal records; their bytes on the wire are counted. A host writes at the rate of
// its one network card; a cut holds back what crosses it until the heal. The invariant: messages on
// a connection arrive in order or not at all.

import type { Message } from '../../../src/protocol/messages.ts';
import type { Clock } from '../world/clock.ts';
import type { Prng } from '../world/prng.ts';

/** The events of one end of a connection. */
export interface Ears {
  readonly received: (message: Message, bytes: number) => void;
  readonly closed: () => void;
  readonly drained: () => void;
}

/** One end of a connection. */
export interface End {
  readonly host: string;
  ears: Ears | null;
  other: End | null;
  isOpen: boolean;
  /** When the latest that was sent arrives at the other end. */
  readyMs: number;
  unarrivedBytes: number;
  /** What a cut holds back. */
  held: (() => void)[];
  bytesSent: number;
}

/** Hosts and the connections between them. */
export class ScaleNetwork {
  readonly #clock: Clock;
  readonly #random: Prng;
  /** Until when a host's network card is busy. */
  readonly #busyMs = new Map<string, number>();
  readonly #held = new Set<End>();
  readonly #darkHosts = new Set<string>();
  #groupOf: ((host: string) => number) | null = null;

  constructor(clock: Clock, random: Prng) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A connection between two hosts, open at both ends. */
  connect(one: string, another: string): readonly [End, End] {
    const [near, far] = [createEnd(one), createEnd(another)];
    near.other = far;
    far.other = near;
    return [near, far];
  }

  /** Whether a dial reaches a host: known after a round trip, or when the shell gives up. */
  dial(from: string, to: string, done: (isReached: boolean) => void): void {
    const isCut = this.#isCut(from, to);
    this.#clock.after(isCut ? DIAL_MS : 2 * this.#delayMs(), () => {
      done(!isCut && !this.#isCut(from, to));
    });
  }

  /** Sends a message that takes so many bytes. */
  send(end: End, message: Message, bytes: number): void {
    const { other } = end;
    if (!end.isOpen || other === null) return;
    end.unarrivedBytes += bytes;
    end.bytesSent += bytes;
    this.#carry(end, bytes, () => {
      end.unarrivedBytes -= bytes;
      if (other.isOpen) other.ears?.received(message, bytes);
      if (end.unarrivedBytes === 0 && end.isOpen) end.ears?.drained();
    });
  }

  close(end: End): void {
    const { other } = end;
    if (!end.isOpen || other === null) return;
    end.isOpen = false;
    this.#carry(end, 0, () => {
      if (!other.isOpen) return;
      other.isOpen = false;
      other.ears?.closed();
    });
  }

  /** A host loses its power; nobody is told. */
  darken(host: string): void {
    this.#darkHosts.add(host);
  }

  /** Cuts the hosts into groups; null heals. */
  split(groupOf: ((host: string) => number) | null): void {
    this.#groupOf = groupOf;
    for (const end of this.#held) {
      const { held } = end;
      end.held = [];
      end.readyMs = this.#clock.nowMs + this.#random() * RETRANSMIT_MS_MAX;
      for (const arrive of held) this.#deliver(end, arrive);
    }
    this.#held.clear();
  }

  get isSplit(): boolean {
    return this.#groupOf !== null;
  }

  #carry(end: End, bytes: number, arrive: () => void): void {
    const { nowMs } = this.#clock;
    const isNear = end.host === end.other?.host;
    const busyMs = isNear ? 0 : (this.#busyMs.get(end.host) ?? 0);
    const sentMs = Math.max(nowMs, busyMs) + bytes / BYTES_PER_MS;
    if (!isNear) this.#busyMs.set(end.host, sentMs);
    end.readyMs = Math.max(end.readyMs, sentMs + (isNear ? NEAR_MS : this.#delayMs()));
    this.#deliver(end, arrive);
  }

  #deliver(end: End, arrive: () => void): void {
    this.#clock.after(end.readyMs - this.#clock.nowMs, () => {
      if (end.held.length > 0 || this.#isCut(end.host, end.other?.host ?? '')) {
        end.held.push(arrive);
        this.#held.add(end);
      } else {
        arrive();
      }
    });
  }

  #isCut(from: string, to: string): boolean {
    if (this.#darkHosts.has(from) || this.#darkHosts.has(to)) return true;
    return this.#groupOf !== null && this.#groupOf(from) !== this.#groupOf(to);
  }

  #delayMs(): number {
    return DELAY_MS_MIN + this.#random() * DELAY_MS_SPREAD;
  }
}

function createEnd(host: string): End {
  return {
    host,
    ears: null,
    other: null,
    isOpen: true,
    readyMs: 0,
    unarrivedBytes: 0,
    held: [],
    bytesSent: 0,
  };
}

/** One way between two hosts. */
const DELAY_MS_MIN = 0.2;
const DELAY_MS_SPREAD = 0.8;

/** One way on a host itself. */
const NEAR_MS = 0.05;

/** A card of one gigabit a second. */
const BYTES_PER_MS = 125_000;

/** The shell gives a dial up after this. */
const DIAL_MS = 2_500;

/** TCP tries again within so long of a heal. */
const RETRANSMIT_MS_MAX = 10_000;
