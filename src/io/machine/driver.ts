// Drives a core: events at the sockets become inputs, each input is stepped, and the effects are
// performed in their order. One invariant: one input at a time, in the order in which things
// happened. The bytes that a turn writes are collected and leave in one piece per connection. The
// core decides everything: the driver knows only one message by its kind, `hello`, which ends the
// handshake and with it the short limit for frames.

import type { ConnectionInput } from '../../core/client/effect.ts';
import type { Reading, Send } from '../../core/effect.ts';
import type { ConnectionId } from '../../core/input.ts';
import { UNREAD_BYTES_MAX } from '../../core/kit/unread-bytes.ts';
import type { decodeMessage } from '../../protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { deferred } from '../deferred.ts';
import { callApart } from '../emitter.ts';
import { Alarm } from './alarm.ts';
import { decoded, encoded } from './bulkhead.ts';
import { Dials } from './dials.ts';
import type { Core, DriverOptions } from './driver-options.ts';
import type { InnerConnection, InnerEnd } from './inner-connections.ts';
import { InnerConnections } from './inner-connections.ts';
import type { Peer } from './peer.ts';
import { createPeer, DEAF } from './peer.ts';
import type { ShellEffect } from './shell-effect.ts';
import { isShellEffect } from './shell-effect.ts';
import { Stepper } from './stepper.ts';
import { Unread } from './unread.ts';
import type { Channel, ConnectionHandlers } from './runtime.ts';

/** A core at work on real connections. */
export class Driver<I, E extends { readonly kind: string }> {
  readonly #core: Core<I, E>;
  readonly #runtime: DriverOptions<I, E>['runtime'];
  readonly #performOther: (effect: E) => void;
  readonly #onStop: () => void;
  readonly #stepper: Stepper<I, ShellEffect | E>;
  #hasFailed = false;
  readonly #peers = new Map<ConnectionId, Peer>();
  readonly #unread: Unread;
  readonly #inner: InnerConnections;
  readonly #alarm: Alarm;
  readonly #dials: Dials;
  readonly #endings = new Set<Peer>();
  readonly #unflushed = new Set<Peer>();
  readonly #resumed = new Set<Peer>();
  readonly #stopped = deferred();
  #connectionsCount = 0;
  #isStopped = false;

  constructor(options: DriverOptions<I, E>) {
    const { core, runtime, perform, onStop = ignore, inputOf, relief = nobody } = options;
    this.#core = core;
    this.#runtime = runtime;
    this.#performOther = perform;
    this.#onStop = onStop;
    this.#unread = new Unread(relief);
    const nowMs = (): number => runtime.nowMs();
    this.#stepper = new Stepper<I, ShellEffect | E>({
      step: (input) => core.step(input),
      perform: (effect) => this.#perform(effect),
      nowMs,
      isStopped: () => this.#isStopped,
      open: () => this.#peers.keys(),
      close: (connection) => this.#close(connection),
      inputOf: inputOf ?? null,
    });
    this.#dials = new Dials({
      runtime,
      open: (connection, address) => this.#open(connection, address),
      submit: (input) => this.submit(input),
    });
    this.#alarm = new Alarm({
      runtime,
      nextMs: () => core.nextDeadlineMs(),
      ring: () => this.submit({ kind: 'deadline', nowMs: runtime.nowMs() }),
    });
    this.#inner = new InnerConnections({
      nowMs,
      submit: (input) => this.submit(input),
      failed: (fault) => this.#stepper.meet(fault),
    });
  }

  /** Resolves when the core has stopped and every connection is closed. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Whether the core has stopped because of a bug of ours. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The other ends of the connections, then what is dialled. */
  get contacts(): string[] {
    const open = [...this.#peers.values()].map(({ connection }) => connection.remote);
    return [...open, ...this.#dials.addresses()];
  }

  /** Gives the core its first input, with which its life begins. */
  start(): void {
    this.submit({ kind: 'deadline', nowMs: this.#runtime.nowMs() });
  }

  /** Steps an input, or queues it behind the one that is being stepped. */
  submit(input: ConnectionInput | I): void {
    this.#step(input);
    this.#settle();
  }

  /** Takes over a connection that was accepted. */
  accept(connection: Channel): ConnectionHandlers {
    return this.#open(connection, null);
  }

  /**
   * Takes over an end that speaks by calls. It receives the core's first message before this
   * returns.
   */
  acceptInner(end: InnerEnd): InnerConnection {
    this.#connectionsCount += 1;
    return this.#inner.open(this.#connectionsCount, end);
  }

  /** What waits in memory to be written to a connection. */
  unwrittenBytesOf(id: ConnectionId): number {
    return this.#peers.get(id)?.connection.unwrittenBytes ?? 0;
  }

  #open(connection: Channel, dialled: string | null): ConnectionHandlers {
    this.#connectionsCount += 1;
    const peer = createPeer(this.#connectionsCount, connection);
    if (this.#isStopped) {
      this.#end(peer);
      return DEAF;
    }
    const { id } = peer;
    const { remote, transport } = connection;
    this.#peers.set(id, peer);
    const nowMs = this.#runtime.nowMs();
    this.submit({ kind: 'opened', nowMs, connection: id, remote, dialled, transport });
    return {
      received: (chunk) => {
        this.#receive(peer, chunk);
      },
      drained: () => {
        this.#unread.recount(peer);
        if (!peer.isCongested) return;
        peer.isCongested = false;
        this.submit({ kind: 'drained', nowMs: this.#runtime.nowMs(), connection: id });
      },
      closed: (reason) => {
        this.#peers.delete(id);
        this.#unread.forget(peer);
        this.submit({ kind: 'closed', nowMs: this.#runtime.nowMs(), connection: id, reason });
      },
    };
  }

  #receive(peer: Peer, chunk: Uint8Array): void {
    if (!peer.isReadable) return;
    peer.unread.push(chunk);
    this.#read(peer);
    this.#settle();
  }

  /** Takes in what has arrived, frame by frame, until there is no more or the core wants no more. */
  #read(peer: Peer): void {
    try {
      while (peer.isReadable && !peer.isPaused) {
        const [chunk] = peer.unread;
        if (chunk === undefined) return;
        if (this.#readFrame(peer, chunk)) continue;
        peer.unread.shift();
        peer.frames = null;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      peer.isReadable = false;
      const nowMs = this.#runtime.nowMs();
      this.#step({ kind: 'unreadable', nowMs, connection: peer.id, error });
    }
  }

  /** Takes in the next frame of a chunk; says whether there was one. */
  #readFrame(peer: Peer, chunk: Uint8Array): boolean {
    const isFirst = peer.frames === null;
    peer.frames ??= peer.decoder.push(chunk);
    const { done, value } = peer.frames.next();
    if (done === true) {
      if (isFirst) this.#hear(peer);
      return false;
    }
    this.#receiveFrame(peer, value);
    // One chunk may ask for more than memory holds: the answers must leave in between.
    if (peer.unsentBytes > CONGESTED_BYTES) this.#flush(peer);
    return true;
  }

  /** A large message on a slow line takes longer than a silence may last. */
  #hear(peer: Peer): void {
    this.#step({ kind: 'heard', nowMs: this.#runtime.nowMs(), connection: peer.id });
  }

  #receiveFrame(peer: Peer, frame: Uint8Array): void {
    if (!peer.isReadable) return;
    const message = this.#decoded(peer, frame);
    if (message === null) return;
    const nowMs = this.#runtime.nowMs();
    this.#step({ kind: 'received', nowMs, connection: peer.id, message });
    if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;
  }

  #decoded(peer: Peer, frame: Uint8Array): ReturnType<typeof decodeMessage> | null {
    const { message, fault } = decoded(peer.id, frame);
    if (fault === null) return message;
    peer.isReadable = false;
    this.#stepper.meet(fault);
    return null;
  }

  #step(input: ConnectionInput | I): void {
    this.#stepper.step(input);
  }

  #perform(effect: ShellEffect | E): void {
    if (!isShellEffect(effect)) {
      // If a callback throws there, the other effects and all later inputs must still be done.
      callApart(this.#performOther, effect);
      return;
    }
    switch (effect.kind) {
      case 'send':
        this.#send(effect);
        break;
      case 'dial':
        this.#dials.dial(effect.address);
        break;
      case 'close':
        this.#close(effect.connection);
        break;
      case 'pause':
      case 'resume':
        this.#setReading(effect);
        break;
      case 'stopped':
        this.#hasFailed = effect.isFailure === true;
        this.#stop();
        break;
    }
  }

  #send(send: Send): void {
    const { connections, message } = send;
    let pieces: readonly Uint8Array[] | null = null;
    for (const id of connections) {
      this.#inner.receive(id, message);
      const peer = this.#peers.get(id);
      if (peer === undefined || peer.isGivenUp) continue;
      pieces ??= this.#encoded(send);
      for (const piece of pieces) {
        peer.unsent.push(piece);
        peer.unsentBytes += piece.length;
        this.#unread.add(peer, piece.length);
      }
      this.#unflushed.add(peer);
      if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;
      if (this.#unread.isMuch) this.#relieve();
    }
  }

  /** Bytes that the kernel takes are not unread, so they go there first. The rest stays here. */
  #relieve(): void {
    for (const peer of this.#unflushed) {
      if (peer.connection.unwrittenBytes > 0) continue;
      this.#unflushed.delete(peer);
      this.#flush(peer);
    }
    for (const peer of this.#unread.relieved(this.#peers.values())) {
      peer.unsent = [];
      peer.unsentBytes = 0;
      peer.isReadable = false;
      const nowMs = this.#runtime.nowMs();
      this.#step({ kind: 'congested', nowMs, connection: peer.id, isTooMuchInAll: true });
    }
  }

  /** What is thrown is the next input; then there are none. */
  #encoded({ connections, message, blamed }: Send): readonly Uint8Array[] {
    const { pieces, fault } = encoded(blamed ?? null, message);
    if (fault !== null) {
      const to = connections.filter((id) => this.#peers.has(id));
      this.#stepper.meet({ ...fault, unsent: { message, to } });
    }
    return pieces;
  }

  #setReading({ kind, connection }: Reading): void {
    const peer = this.#peers.get(connection);
    if (peer === undefined) return;
    peer.isPaused = kind === 'pause';
    peer.connection.setReading(!peer.isPaused);
    if (!peer.isPaused) this.#resumed.add(peer);
  }

  #close(id: ConnectionId): void {
    this.#inner.end(id);
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    peer.isReadable = false;
    peer.isEnding = true;
    this.#unflushed.add(peer);
  }

  #stop(): void {
    this.#isStopped = true;
    this.#onStop();
    this.#dials.cancelAll();
    this.#inner.endAll();
    for (const id of [...this.#peers.keys()]) this.#close(id);
  }

  /** Ends a turn: writes what it had to say, and asks for the next moment that the core wants. */
  #settle(): void {
    if (this.#stepper.isStepping) return;
    for (const peer of this.#resumed) {
      this.#resumed.delete(peer);
      this.#read(peer);
    }
    this.#flushAll();
    if (this.#isStopped) this.#finish();
    else this.#alarm.arm();
  }

  #flushAll(): void {
    for (const peer of this.#unflushed) {
      this.#unflushed.delete(peer);
      this.#flush(peer);
    }
  }

  #flush(peer: Peer): void {
    const { connection, unsent } = peer;
    if (unsent.length > 0) connection.write(unsent);
    peer.unsent = [];
    peer.unsentBytes = 0;
    this.#unread.recount(peer);
    if (peer.isEnding) {
      this.#end(peer);
    } else if (connection.unwrittenBytes > (peer.isCongested ? SWAMPED_BYTES : CONGESTED_BYTES)) {
      peer.isCongested = true;
      const { unwrittenBytes } = connection;
      const nowMs = this.#runtime.nowMs();
      this.#step({ kind: 'congested', nowMs, connection: peer.id, unwrittenBytes });
    }
  }

  #end(peer: Peer): void {
    // An end that has not read so much does not read last words either, and would keep everything
    // waiting.
    const isLost = peer.isGivenUp || peer.connection.unwrittenBytes > SWAMPED_BYTES;
    this.#endings.add(peer);
    peer.connection.end(isLost ? 0 : CLOSE_MS_MAX, () => {
      this.#unread.forget(peer);
      this.#endings.delete(peer);
      if (this.#isStopped) this.#finish();
    });
  }

  #finish(): void {
    if (this.#endings.size > 0) return;
    this.#alarm.disarm();
    this.#stopped.resolve();
  }
}

function nobody(): readonly ConnectionId[] {
  return [];
}

function ignore(): void {
  // Nobody wants to know.
}

/** So much waits in our own memory before the core is told that the other end is slow. */
export const CONGESTED_BYTES = 1024 * 1024;

/** So much that the core is told once more: it gives the other end up. */
const SWAMPED_BYTES = UNREAD_BYTES_MAX;

/** How long a connection that we close may take to write what it has. */
const CLOSE_MS_MAX = 1_000;
