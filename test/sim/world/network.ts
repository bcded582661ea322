// The simulated network: TCP between hosts. Bytes arrive in order, late, and in pieces; a cut loses
// nothing, it holds everything back, and the held bytes arrive some time after the heal, as
// retransmissions do. A host without power answers nothing; once it is back it resets the
// connections that it does not remember.

import type { Clock } from './clock.ts';
import type { Prng, Streams } from './prng.ts';
import { Numbering } from './prng.ts';

/** The events of one end of a connection. */
export interface EndHandlers {
  readonly received: (chunk: Uint8Array) => void;
  readonly closed: (reason: string) => void;
  /** All that was written has arrived. */
  readonly drained: () => void;
}

/** A listener at an address. */
export interface Listener {
  readonly isAlive: () => boolean;
  readonly accept: (end: End, remote: string) => EndHandlers;
}

/** How a dial ends. */
export interface DialHandlers {
  readonly opened: (end: End) => EndHandlers | null;
  readonly failed: (reason: string) => void;
}

/** The settings of this network, chosen by the seed. */
export interface Traits {
  /** One way between two hosts, at least and at most. */
  readonly delayMs: readonly [number, number];
  /** How often a write arrives in two pieces. */
  readonly pieces: number;
  /** Bytes that a connection carries in a millisecond. */
  readonly bytesPerMs: number;
  /** Bytes on their way that the kernel takes; more wait in the memory of the process. */
  readonly kernelBytes: number;
}

/** Whether bytes from one host to another are held back. */
export type Cut = (from: string, to: string) => boolean;

/** One end of a connection. */
export interface End {
  readonly host: string;
  readonly out: Stream;
  handlers: EndHandlers | null;
  state: 'open' | 'closed' | 'vanished';
}

interface Item {
  readonly readyMs: number;
  readonly bytesCount: number;
  readonly arrive: () => void;
}

/** From one host to another, with the chance that decides on this way and on no other. */
interface Way {
  readonly from: string;
  readonly to: string;
  readonly random: Prng;
}

/** One direction of a connection. */
interface Stream extends Way {
  readonly queue: Item[];
  unarrivedBytes: number;
  isPumping: boolean;
  isStalled: boolean;
  /** What arrives waits, because the process there takes no more for now. */
  isUnread: boolean;
}

/** Hosts, and the connections between them. */
export class Network {
  /** Chunks that have arrived: the traffic so far. */
  chunksCount = 0;
  bytesCount = 0;
  /** The most that ever waited on one way of a connection. */
  unarrivedBytesMax = 0;
  /** Hosts by the names that they have in DNS, beside their own. */
  readonly names = new Map<string, string>();
  /** Machines that are where another host is: what cuts that one off cuts them off too. */
  readonly guests = new Map<string, string>();
  readonly #clock: Clock;
  readonly #streams: Streams;
  readonly #dials = new Numbering();
  readonly #traits: Traits;
  readonly #listeners = new Map<string, Listener>();
  readonly #darkHosts = new Set<string>();
  readonly #stalled = new Set<Stream>();
  readonly #ends = new Set<End>();
  #cuts: readonly Cut[] = [];

  constructor(clock: Clock, streams: Streams, traits: Traits) {
    this.#clock = clock;
    this.#streams = streams;
    this.#traits = traits;
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  /** Holds back what `cut` names until the returned function is called. */
  cut(cut: Cut): () => void {
    this.#cuts = [...this.#cuts, cut];
    const sinceMs = this.#clock.nowMs;
    return () => {
      this.#cuts = this.#cuts.filter((other) => other !== cut);
      this.#retransmit(this.#clock.nowMs - sinceMs);
    };
  }

  /** Whether a host hears nothing of another. */
  isCut(one: string, other: string): boolean {
    const [from, to] = [this.#placeOf(one), this.#placeOf(other)];
    if ([one, other, from, to].some((host) => this.#darkHosts.has(host))) return true;
    return from !== to && this.#cuts.some((cut) => cut(from, to));
  }

  #placeOf(host: string): string {
    return this.guests.get(host) ?? host;
  }

  /** A host loses its power: no end is told, and unsent bytes are gone. */
  darken(host: string): void {
    this.#darkHosts.add(host);
    for (const end of [...this.#ends]) {
      if (end.host !== host) continue;
      end.state = 'vanished';
      end.out.queue.length = 0;
      this.setReading(end, true);
      this.#ends.delete(end);
    }
  }

  /** A host has power again, and remembers no connection. */
  light(host: string): void {
    this.#darkHosts.delete(host);
    this.#retransmit(1_000);
  }

  /** Dials an address as seen from a host: a path or a loopback address is on that host itself. */
  dial(from: string, address: string, handlers: DialHandlers): void {
    const reached = absolute(from, address);
    const name = this.#dials.next(`${from} to ${reached}`);
    const random = this.#streams(name);
    this.#sendSyn({ name, from, address: reached, random, handlers }, DIAL_TRIES_MS);
  }

  write(end: End, bytes: Uint8Array): void {
    if (end.state !== 'open') return;
    const { random } = end.out;
    const isCutUp = bytes.length > 1 && random() < this.#traits.pieces;
    const at = isCutUp ? 1 + Math.floor(random() * (bytes.length - 1)) : bytes.length;
    for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
      for (let start = 0; start < part.length; start += SEGMENT_BYTES) {
        this.#send(end, part.subarray(start, start + SEGMENT_BYTES));
      }
    }
  }

  /** The bytes that were written at an end and that the kernel does not take. */
  excessBytesOf(end: End): number {
    return Math.max(0, end.out.unarrivedBytes - this.#traits.kernelBytes);
  }

  /** Whether an end takes what arrives, or lets it wait. */
  setReading(end: End, isReading: boolean): void {
    const { out } = otherOf(end);
    out.isUnread = !isReading;
    this.#pump(out);
  }

  /** Ends a connection from one side, once all that was written has arrived. */
  close(end: End, reason: string): void {
    if (end.state !== 'open') return;
    end.state = 'closed';
    this.#ends.delete(end);
    this.setReading(end, true);
    this.#enqueue(end.out, 0, () => {
      this.#hearClose(otherOf(end), reason);
    });
  }

  #sendSyn(dial: Dialled, triesMs: readonly number[]): void {
    const { from, address, random, handlers } = dial;
    const to = this.#resolved(hostOf(address));
    this.#clock.after(this.#delayMs({ from, to, random }), () => {
      if (!this.isCut(from, to) && !this.isCut(to, from)) this.#handleSyn(dial, to);
      else {
        const [waitMs, ...rest] = triesMs;
        if (waitMs === undefined) handlers.failed('timed out');
        else {
          this.#clock.after(waitMs, () => {
            this.#sendSyn(dial, rest);
          });
        }
      }
    });
  }

  #resolved(name: string): string {
    return this.names.get(name) ?? name;
  }

  #handleSyn(dial: Dialled, to: string): void {
    const { from, address, random, handlers } = dial;
    const listener = this.#listeners.get(to + address.slice(hostOf(address).length));
    this.#clock.after(this.#delayMs({ from: to, to: from, random }), () => {
      if (listener?.isAlive() === true) this.#open(dial, to, listener);
      else handlers.failed(REFUSED);
    });
  }

  #open(dial: Dialled, to: string, listener: Listener): void {
    const { name, from, handlers } = dial;
    const ours = this.#createEnd({ from, to, random: this.#streams(`${name}, there`) });
    const theirs = this.#createEnd({ from: to, to: from, random: this.#streams(`${name}, back`) });
    OTHERS.set(ours, theirs);
    OTHERS.set(theirs, ours);
    this.#enqueue(ours.out, 0, () => {
      if (theirs.state !== 'open') return;
      if (listener.isAlive()) theirs.handlers = listener.accept(theirs, from);
      else this.close(theirs, 'connection reset');
    });
    ours.handlers = handlers.opened(ours);
    if (ours.handlers !== null) return;
    for (const end of [ours, theirs]) {
      end.state = 'closed';
      this.#ends.delete(end);
    }
  }

  #createEnd(way: Way): End {
    const out = {
      ...way,
      queue: [],
      unarrivedBytes: 0,
      isPumping: false,
      isStalled: false,
      isUnread: false,
    };
    const end: End = { host: way.from, out, handlers: null, state: 'open' };
    this.#ends.add(end);
    return end;
  }

  #send(end: End, bytes: Uint8Array): void {
    const other = otherOf(end);
    this.#enqueue(end.out, bytes.length, () => {
      this.chunksCount += 1;
      this.bytesCount += bytes.length;
      if (other.state === 'open') other.handlers?.received(bytes);
      else if (other.state === 'vanished') this.#reset(other);
      if (end.out.unarrivedBytes === 0 && end.state === 'open') end.handlers?.drained();
    });
  }

  /** A host that remembers nothing of a connection resets it when the other end writes. */
  #reset(vanished: End): void {
    this.#enqueue(vanished.out, 0, () => {
      this.#hearClose(otherOf(vanished), 'connection reset');
    });
  }

  #hearClose(end: End, reason: string): void {
    if (end.state === 'vanished') return;
    const wasOpen = end.state === 'open';
    end.state = 'closed';
    this.#ends.delete(end);
    if (wasOpen) end.handlers?.closed(reason);
  }

  #enqueue(stream: Stream, bytesCount: number, arrive: () => void): void {
    const readyMs =
      this.#clock.nowMs +
      this.#delayMs(stream) +
      (stream.unarrivedBytes + bytesCount) / this.#traits.bytesPerMs;
    stream.unarrivedBytes += bytesCount;
    this.unarrivedBytesMax = Math.max(this.unarrivedBytesMax, stream.unarrivedBytes);
    stream.queue.push({ readyMs, bytesCount, arrive });
    this.#pump(stream);
  }

  /** Delivers the items of a stream one after the other, each when its time has come. */
  #pump(stream: Stream): void {
    const [item] = stream.queue;
    if (item === undefined || stream.isPumping || stream.isStalled || stream.isUnread) return;
    stream.isPumping = true;
    this.#clock.after(Math.max(0, item.readyMs - this.#clock.nowMs), () => {
      stream.isPumping = false;
      if (stream.queue[0] !== item || stream.isUnread) {
        this.#pump(stream);
      } else if (this.isCut(stream.from, stream.to)) {
        stream.isStalled = true;
        this.#stalled.add(stream);
      } else {
        stream.queue.shift();
        stream.unarrivedBytes -= item.bytesCount;
        item.arrive();
        this.#pump(stream);
      }
    });
  }

  /** After a loss of so long, TCP tries again within about as long again. */
  #retransmit(lostMs: number): void {
    for (const stream of [...this.#stalled]) {
      if (this.isCut(stream.from, stream.to)) continue;
      this.#stalled.delete(stream);
      const waitMs = stream.random() * Math.min(lostMs, RETRANSMIT_MS_MAX);
      this.#clock.after(waitMs, () => {
        stream.isStalled = false;
        this.#pump(stream);
      });
    }
  }

  #delayMs({ from, to, random }: Way): number {
    if (from === to) return 0.02 + random() * 0.1;
    const [leastMs, mostMs] = this.#traits.delayMs;
    return leastMs + random() * (mostMs - leastMs);
  }
}

interface Dialled {
  /** Of the dial, and of the connection that it leads to. */
  readonly name: string;
  readonly from: string;
  readonly address: string;
  readonly random: Prng;
  readonly handlers: DialHandlers;
}

const OTHERS = new WeakMap<End, End>();

function otherOf(end: End): End {
  const other = OTHERS.get(end);
  if (other === undefined) throw new Error('an end without another');
  return other;
}

/** The address `HOST:PORT` or `HOST/PATH` that an address means on a host. */
export function absolute(host: string, address: string): string {
  if (address.startsWith('/')) return `${host}${address}`;
  return address.startsWith('127.') ? `${host}${address.slice(address.indexOf(':'))}` : address;
}

/** What carries the connections of an address. */
export function transportOf(address: string): 'tcp' | 'unix' {
  return address.includes('/') ? 'unix' : 'tcp';
}

function hostOf(address: string): string {
  return /^[^:/]*/.exec(address)?.[0] ?? '';
}

/** A SYN is sent again after a second; the shell gives a dial up after two and a half. */
const DIAL_TRIES_MS: readonly number[] = [1_000, 1_500];

/** The result of a dial to a machine without a listener. */
export const REFUSED = 'connection refused';

/** The bytes that travel at once: as many as segmentation offload makes it. */
const SEGMENT_BYTES = 16 * 1_024;

const RETRANSMIT_MS_MAX = 10_000;
