// A simulated process: a core, and the work of the shell for it. Bytes, frames and the codec are
// the real ones. A process may be killed (the kernel closes its connections), lose its host's power
// (no end is told), or be paused: then arrivals wait, and when it goes on, its late timer comes
// first, as in an event loop.

import { FRAME_BYTES_MAX, HANDSHAKE_FRAME_BYTES_MAX } from '../../../src/protocol/constants.ts';
import { decodeMessage, encodeMessage } from '../../../src/protocol/codec.ts';
import { ProtocolError } from '../../../src/protocol/errors.ts';
import { encodeFrame, FrameDecoder } from '../../../src/protocol/frame.ts';
import type { Arrived, Message } from '../../../src/protocol/messages.ts';
import type { ConnectionInput } from '../../../src/core/client/effect.ts';
import type { Send } from '../../../src/core/effect.ts';
import type { Faulted } from '../../../src/core/input.ts';
import type { Core } from '../../../src/io/machine/driver-options.ts';
import type { ShellEffect } from '../../../src/io/machine/shell-effect.ts';
import { isShellEffect } from '../../../src/io/machine/shell-effect.ts';
import type { Clock } from './clock.ts';
import type { End, EndHandlers, Network } from './network.ts';
import { REFUSED } from './network.ts';

/** The parts of a process. */
export interface ProcessOptions<I, E> {
  readonly clock: Clock;
  readonly network: Network;
  readonly host: string;
  /** Unique in a simulation. */
  readonly name: string;
  /** Of a server, a service or a watcher. */
  readonly core: Core<I, E>;
  readonly onEffect: (effect: E) => void;
  /** Called after every step. */
  readonly onStep?: () => void;
  /** May change or drop messages: for planted bugs. */
  readonly onSend?: (message: Message, connections: number) => Message | null;
  readonly onDial?: (address: string) => void;
  /** May throw while a message is read or written: for bugs planted in the codec. */
  readonly onCode?: (where: 'decoder' | 'encoder', message: Arrived) => void;
  /** What the core is told of what was thrown there; who has no such input does not bear it. */
  readonly faulted?: (fault: Omit<Faulted, 'kind'>) => I;
}

interface Peer {
  readonly id: number;
  readonly end: End;
  readonly decoder: FrameDecoder;
  isCongested: boolean;
}

/** A core with connections. */
export class Process<I extends { readonly nowMs: number }, E extends { readonly kind: string }> {
  state: 'running' | 'paused' | 'ended' = 'running';
  /** When it last began or went on. */
  awakeMs: number;
  endedMs = Infinity;
  readonly #options: ProcessOptions<I, E>;
  readonly #peers = new Map<number, Peer>();
  readonly #stops: { readonly fromMs: number; toMs: number }[] = [];
  #waiting: (() => void)[] = [];
  /** What the codec has thrown in the step that is being done. */
  readonly #faults: I[] = [];
  #isReading = false;
  #ids = 0;

  constructor(options: ProcessOptions<I, E>) {
    this.#options = options;
    this.awakeMs = options.clock.nowMs;
  }

  /** Connections that are open, as the kernel sees it. */
  get connectionsCount(): number {
    return this.#peers.size;
  }

  get host(): string {
    return this.#options.host;
  }

  /** Begins its life, and listens at these addresses. */
  start(addresses: readonly string[]): void {
    const { network, clock } = this.#options;
    for (const address of addresses) {
      network.listen(address, {
        isAlive: () => this.state !== 'ended',
        accept: (end, remote) =>
          this.#accept(end, {
            remote,
            transport: address.includes('/') ? 'unix' : 'tcp',
          }),
      });
    }
    this.#step({ kind: 'deadline', nowMs: clock.nowMs });
  }

  /** Hands an input to the core, now or when the process goes on. */
  give(inputAt: (nowMs: number) => ConnectionInput | I): void {
    this.#whenAwake(() => {
      this.#step(inputAt(this.#options.clock.nowMs));
    });
  }

  /** Says what its core did not ask for. */
  say(connection: number, message: Message): void {
    this.#send({ kind: 'send', connections: [connection], message });
  }

  /** SIGKILL: the kernel closes what was open. */
  kill(): void {
    this.#end();
    for (const { end } of this.#peers.values()) {
      this.#options.network.close(end, 'the process ended');
    }
    this.#peers.clear();
  }

  /** The host has lost its power. */
  vanish(): void {
    this.#end();
    this.#peers.clear();
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    this.#stops.push({ fromMs: this.#options.clock.nowMs, toMs: Infinity });
  }

  /** For how long of the time since then it stood still. */
  stoodStillMs(sinceMs: number): number {
    const { nowMs } = this.#options.clock;
    return this.#stops.reduce((sum, { fromMs, toMs }) => {
      return sum + Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, sinceMs));
    }, 0);
  }

  /** Whether it has ever stood still. */
  get hasStoodStill(): boolean {
    return this.#stops.length > 0;
  }

  /** For how long it last stood still. */
  get sleptMs(): number {
    const stop = this.#stops.at(-1);
    return stop === undefined ? 0 : stop.toMs - stop.fromMs;
  }

  /** SIGCONT: the timers that are late come first, then all that has arrived. */
  resume(): void {
    if (this.state !== 'paused') return;
    const { clock, core } = this.#options;
    this.state = 'running';
    this.awakeMs = clock.nowMs;
    const stop = this.#stops.at(-1);
    if (stop !== undefined) stop.toMs = clock.nowMs;
    if (core.nextDeadlineMs() <= clock.nowMs) this.#step({ kind: 'deadline', nowMs: clock.nowMs });
    this.#drain();
  }

  /** An event loop reads one socket after the other: waiting bytes do not come all at once. */
  #drain(): void {
    this.#isReading = true;
    for (const run of this.#waiting.splice(0, READ_AT_ONCE)) run();
    this.#isReading = false;
    if (this.#waiting.length === 0 || this.state !== 'running') return;
    this.#options.clock.after(TURN_MS, () => {
      if (this.state === 'running') this.#drain();
    });
  }

  #end(): void {
    this.state = 'ended';
    this.endedMs = this.#options.clock.nowMs;
    this.#waiting = [];
    this.#options.clock.setAlarm(this.#options.name, Infinity, doNothing);
  }

  #whenAwake(run: () => void): void {
    const isNext = this.#isReading || this.#waiting.length === 0;
    if (this.state === 'running' && isNext) run();
    else if (this.state !== 'ended') this.#waiting.push(run);
  }

  #accept(end: End, from: { remote: string; transport: 'tcp' | 'unix' }): EndHandlers {
    const peer = this.#addPeer(end);
    const { id: connection } = peer;
    this.give((nowMs) => ({ kind: 'opened', connection, dialled: null, nowMs, ...from }));
    return this.#handlersOf(peer);
  }

  #addPeer(end: End): Peer {
    this.#ids += 1;
    const decoder = new FrameDecoder(HANDSHAKE_FRAME_BYTES_MAX);
    const peer = { id: this.#ids, end, decoder, isCongested: false };
    this.#peers.set(peer.id, peer);
    return peer;
  }

  #handlersOf(peer: Peer): EndHandlers {
    const { id: connection } = peer;
    return {
      received: (chunk) => {
        this.#whenAwake(() => {
          this.#receive(peer, chunk);
        });
      },
      closed: (reason) => {
        this.#whenAwake(() => {
          if (!this.#peers.delete(connection)) return;
          this.give((nowMs) => ({ kind: 'closed', connection, reason, nowMs }));
        });
      },
      drained: () => {
        if (!peer.isCongested) return;
        peer.isCongested = false;
        this.give((nowMs) => ({ kind: 'drained', connection, nowMs }));
      },
    };
  }

  #receive(peer: Peer, chunk: Uint8Array): void {
    const { clock } = this.#options;
    const { id: connection, decoder } = peer;
    try {
      let framesCount = 0;
      for (const frame of decoder.push(chunk)) {
        framesCount += 1;
        if (!this.#peers.has(connection)) return;
        const message = this.#decoded(peer, frame);
        if (message === null) return;
        this.#step({ kind: 'received', connection, message, nowMs: clock.nowMs });
        if (message.kind === 'hello') decoder.frameBytesMax = FRAME_BYTES_MAX;
      }
      if (framesCount === 0) this.#step({ kind: 'heard', connection, nowMs: clock.nowMs });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#step({ kind: 'unreadable', connection, error, nowMs: clock.nowMs });
    }
  }

  /** Null where something was thrown that is no breach of the protocol. */
  #decoded({ id: connection }: Peer, frame: Uint8Array): Arrived | null {
    try {
      const message = decodeMessage(frame);
      this.#options.onCode?.('decoder', message);
      return message;
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#step(this.#faultOf(error, { connection, unsent: null }));
      return null;
    }
  }

  #faultOf(error: unknown, fault: Pick<Faulted, 'connection' | 'unsent'>): I {
    const { faulted, clock } = this.#options;
    if (faulted === undefined) throw error;
    const { nowMs } = clock;
    return faulted({ ...fault, nowMs, isTooLong: false, reason: String(error) });
  }

  #step(input: ConnectionInput | I): void {
    if (this.state === 'ended') return;
    const { core, clock, name } = this.#options;
    for (const effect of core.step(input)) this.#perform(effect);
    for (const fault of this.#faults.splice(0)) this.#step(fault);
    this.#options.onStep?.();
    if (this.#hasEnded()) return;
    clock.setAlarm(name, core.nextDeadlineMs(), () => {
      if (this.state === 'running') this.#step({ kind: 'deadline', nowMs: clock.nowMs });
    });
  }

  #hasEnded(): boolean {
    return this.state === 'ended';
  }

  #perform(effect: ShellEffect | E): void {
    if (!isShellEffect(effect)) {
      this.#options.onEffect(effect);
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
        // The simulated kernel holds all that is sent: clients that send too fast are no story
        // here.
        break;
      case 'stopped':
        this.kill();
        break;
    }
  }

  #send(effect: Send): void {
    const { network, onSend } = this.#options;
    const message =
      onSend === undefined ? effect.message : onSend(effect.message, effect.connections.length);
    const bytes = message === null ? null : this.#encoded(message, effect);
    if (message === null || bytes === null) return;
    for (const connection of effect.connections) {
      const peer = this.#peers.get(connection);
      if (peer === undefined) continue;
      network.write(peer.end, bytes);
      if (message.kind === 'hello') peer.decoder.frameBytesMax = FRAME_BYTES_MAX;
      if (peer.isCongested || !network.isCongested(peer.end)) continue;
      peer.isCongested = true;
      this.#options.clock.after(0, () => {
        this.give((nowMs) => ({ kind: 'congested', connection, nowMs }));
      });
    }
  }

  /** Null where something was thrown, which is the next input. */
  #encoded(message: Message, { connections: to, blamed }: Send): Uint8Array | null {
    try {
      this.#options.onCode?.('encoder', message);
      const bytes = encodeMessage(message);
      if (bytes.length <= FRAME_BYTES_MAX || this.#options.faulted === undefined) {
        return encodeFrame(bytes);
      }
      throw new RangeError(`${message.kind}: ${String(bytes.length)} bytes`);
    } catch (error) {
      this.#faults.push(
        this.#faultOf(error, { connection: blamed ?? null, unsent: { message, to } }),
      );
      return null;
    }
  }

  #dial(address: string): void {
    const { network, host, onDial } = this.#options;
    onDial?.(address);
    network.dial(host, address, {
      opened: (end) => {
        if (this.state === 'ended') return null;
        const peer = this.#addPeer(end);
        const { id: connection } = peer;
        const transport = address.includes('/') ? 'unix' : 'tcp';
        this.give((nowMs) => {
          return {
            kind: 'opened',
            connection,
            remote: address,
            dialled: address,
            transport,
            nowMs,
          };
        });
        return this.#handlersOf(peer);
      },
      failed: (reason) => {
        const isDeserted = reason === REFUSED;
        this.give((nowMs) => ({ kind: 'undialled', address, reason, isDeserted, nowMs }));
      },
    });
  }

  #close(connection: number): void {
    const peer = this.#peers.get(connection);
    if (peer === undefined) return;
    this.#peers.delete(connection);
    this.#options.network.close(peer.end, 'closed by the other end');
  }
}

/** The bytes that a turn of an event loop reads, and how long it takes. */
const READ_AT_ONCE = 4;
const TURN_MS = 0.2;

function doNothing(): void {
  // An alarm that is put off.
}
