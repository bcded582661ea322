// Drives a core: what happens at the sockets becomes inputs, each is stepped, and the effects are
// performed in their order. One invariant: one input at a time, in the order in which things
// happened. What a turn has to write is collected and leaves in one piece per connection. Decisions
// are the core's: the one message the driver knows by its kind is `hello`, which ends the handshake
// and with it the short limit for frames.

import type { ConnectionInput } from '../../core/client/effect.ts';
import type { Reading, Send } from '../../core/effect.ts';
import type { ConnectionId } from '../../core/input.ts';
import { LIMITS } from '../../core/server/links/limits.ts';
import type { decodeMessage } from '../../protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { callApart } from '../emitter.ts';
import type { Fault } from './bulkhead.ts';
import { decoded, encoded } from './bulkhead.ts';
import type { InnerConnection, InnerEnd } from './inner-connections.ts';
import { InnerConnections } from './inner-connections.ts';
import type { Peer } from './peer.ts';
import { createPeer, DEAF } from './peer.ts';
import type { ShellEffect } from './shell-effect.ts';
import { isShellEffect } from './shell-effect.ts';
import { Stepper } from './stepper.ts';
import type { Cancel, Connection, ConnectionHandlers, Runtime } from './runtime.ts';

/** A core: `I` is what it takes besides what connections bring, `E` what else it wants done. */
export interface Core<I, E> {
  step(input: ConnectionInput | I): readonly (ShellEffect | E)[];
  nextDeadlineMs(): number;
}

/** What a driver is made of. */
export interface DriverOptions<I, E> {
  readonly core: Core<I, E>;
  readonly runtime: Runtime;
  /** Performs whatever the driver does not know. It may submit inputs: they are stepped next. */
  readonly perform: (effect: E) => void;
  /** Called when the core has stopped, before what it still has to say is written. */
  readonly onStop?: () => void;
  /** Makes an input of a fault, for a core that can live with one. Without it, see `Cuts`. */
  readonly inputOf?: (fault: Fault) => I;
}

/** A core at work on real connections. */
export class Driver<I, E extends { readonly kind: string }> {
  /** Resolves when the core has stopped and every connection is closed. */
  readonly stopped: Promise<void>;

  readonly #core: Core<I, E>;
  readonly #runtime: Runtime;
  readonly #performOther: (effect: E) => void;
  readonly #onStop: () => void;
  readonly #stepper: Stepper<I, ShellEffect | E>;
  #hasFailed = false;
  readonly #peers = new Map<ConnectionId, Peer>();
  readonly #inner: InnerConnections;
  readonly #dials = new Set<Cancel>();
  readonly #endings = new Set<Promise<void>>();
  readonly #unflushed = new Set<Peer>();
  readonly #resumed = new Set<Peer>();
  readonly #resolveStopped: () => void;
  #connectionsCount = 0;
  #isStopped = false;
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | null = null;

  constructor({ core, runtime, perform, onStop = ignore, inputOf }: DriverOptions<I, E>) {
    this.#core = core;
    this.#runtime = runtime;
    this.#performOther = perform;
    this.#onStop = onStop;
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
    const { promise, resolve } = deferred();
    this.#inner = new InnerConnections({
      nowMs,
      submit: (input) => this.submit(input),
      failed: (fault) => this.#stepper.meet(fault),
    });
    this.stopped = promise;
    this.#resolveStopped = resolve;
  }

  /** Whether the core has stopped because of a bug of ours. */
  get hasFailed(): boolean {
    return this.#hasFailed;
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
  accept(connection: Connection): ConnectionHandlers {
    return this.#open(connection, null);
  }

  /** Takes over one who speaks by calls. What the core says first is received before it returns. */
  acceptInner(end: InnerEnd): InnerConnection {
    this.#connectionsCount += 1;
    return this.#inner.open(this.#connectionsCount, end);
  }

  /** What waits in memory to be written to a connection. */
  unwrittenBytesOf(id: ConnectionId): number {
    return this.#peers.get(id)?.connection.unwrittenBytes ?? 0;
  }

  #open(connection: Connection, dialled: string | null): ConnectionHandlers {
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
        if (!peer.isCongested) return;
        peer.isCongested = false;
        this.submit({ kind: 'drained', nowMs: this.#runtime.nowMs(), connection: id });
      },
      closed: (reason) => {
        this.#peers.delete(id);
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
    // One chunk may ask for more than memory holds: what is answered must leave in between.
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
      // Who throws there must not keep the other effects, and all inputs to come, from being done.
      callApart(this.#performOther, effect);
      return;
    }
    switch (effect.kind) {
      case 'send':
        this.#send(effect);
        break;
      case 'dial':
        this.#dial(effect.address);
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
      if (peer === undefined) continue;
      pieces ??= this.#encoded(send);
      for (const piece of pieces) {
        peer.unsent.push(piece);
        peer.unsentBytes += piece.length;
      }
      this.#unflushed.add(peer);
      if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;
    }
  }

  /** What is thrown is the next input; then there are none. */
  #encoded({ connections, message, blamed }: Send): readonly Uint8Array[] {
    const unsent = { message, to: connections.filter((id) => this.#peers.has(id)) };
    const { pieces, fault } = encoded(blamed ?? null, unsent);
    if (fault !== null) this.#stepper.meet(fault);
    return pieces;
  }

  #setReading({ kind, connection }: Reading): void {
    const peer = this.#peers.get(connection);
    if (peer === undefined) return;
    peer.isPaused = kind === 'pause';
    peer.connection.setReading(!peer.isPaused);
    if (!peer.isPaused) this.#resumed.add(peer);
  }

  #dial(address: string): void {
    const cancel = this.#runtime.dial(address, {
      opened: (connection) => {
        this.#dials.delete(cancel);
        return this.#open(connection, address);
      },
      failed: (reason, isDeserted = false) => {
        this.#dials.delete(cancel);
        const nowMs = this.#runtime.nowMs();
        this.submit({ kind: 'undialled', nowMs, address, reason, isDeserted });
      },
      refused: (reason) => {
        this.#dials.delete(cancel);
        const nowMs = this.#runtime.nowMs();
        this.submit({ kind: 'undialled', nowMs, address, reason, isRefusal: true });
      },
    });
    this.#dials.add(cancel);
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
    for (const cancel of this.#dials) cancel();
    this.#dials.clear();
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
    for (const peer of this.#unflushed) {
      this.#unflushed.delete(peer);
      this.#flush(peer);
    }
    if (this.#isStopped) this.#finish();
    else this.#arm();
  }

  #flush(peer: Peer): void {
    const { connection, unsent } = peer;
    if (unsent.length > 0) connection.write(unsent);
    peer.unsent = [];
    peer.unsentBytes = 0;
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
    const ending = peer.connection.end(CLOSE_MS_MAX).then(() => {
      this.#endings.delete(ending);
      if (this.#isStopped) this.#finish();
    });
    this.#endings.add(ending);
  }

  #finish(): void {
    if (this.#endings.size > 0) return;
    this.#disarm();
    this.#resolveStopped();
  }

  /** An alarm that comes too early is let be: most deadlines are put off, turn by turn. */
  #arm(): void {
    const atMs = this.#core.nextDeadlineMs();
    if (atMs === Infinity) this.#disarm();
    if (atMs === Infinity || (this.#alarm !== null && this.#alarm.atMs <= atMs)) return;
    this.#disarm();
    const cancel = this.#runtime.setAlarm(atMs, () => {
      this.#alarm = null;
      const nowMs = this.#runtime.nowMs();
      if (!this.#isStopped && this.#core.nextDeadlineMs() > nowMs) this.#arm();
      else this.submit({ kind: 'deadline', nowMs });
    });
    this.#alarm = { atMs, cancel };
  }

  #disarm(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
  }
}

function ignore(): void {
  // Nobody wants to know.
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** So much waits in our own memory before the core is told that the other end is slow. */
const CONGESTED_BYTES = 1024 * 1024;

/** So much that the core is told once more: it gives the other end up. */
const SWAMPED_BYTES = LIMITS['unread-bytes'].max;

/** How long a connection that we close may take to write what it has. */
const CLOSE_MS_MAX = 1_000;
