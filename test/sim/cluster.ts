// A cluster of servers under virtual time. Every message goes through the codec; a cut delays what
// is under way, as TCP does, and loses nothing. One seed, one run.

import { randomBytesOf } from './prng.ts';
import type { Prng } from './prng.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import type { Name, OriginId } from '../../src/protocol/ids.ts';
import type { Facts } from '../../src/protocol/records.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { Server } from '../../src/core/server.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Input } from '../../src/core/input.ts';
import type { Notice } from '../../src/core/notices.ts';

/** One end of a simulated connection. */
interface End {
  readonly id: number;
  readonly node: SimNode | SimClient;
  other: End | null;
  isOpen: boolean;
  lastArrivalMs: number;
}

/** How a simulated server is started. */
export interface NodeOptions {
  readonly name: string;
  readonly host?: string;
  readonly cluster?: string;
  readonly side?: 'a' | 'b';
  readonly isMaster?: boolean;
  readonly peers?: readonly string[];
  readonly siblings?: readonly string[];
  readonly environment?: string;
}

/** A running server. */
export interface SimNode {
  readonly options: NodeOptions;
  readonly address: string;
  readonly server: Server;
  readonly ends: Map<number, End>;
  readonly notices: { readonly nowMs: number; readonly notice: Notice }[];
  isUp: boolean;
  pausedUntilMs: number;
}

/** A client: a bare end that records what it is sent. */
export interface SimClient {
  readonly received: Message[];
  readonly host: string;
  end: End | null;
}

interface Event {
  readonly atMs: number;
  readonly serial: number;
  readonly run: () => void;
}

type Cut = (from: string, to: string) => boolean;

/** Servers, clients, the network between them, and the time. */
export class Cluster {
  nowMs = 0;
  readonly nodes = new Map<string, SimNode>();
  readonly random: Prng;
  messagesCount = 0;
  bytesCount = 0;
  #events: Event[] = [];
  #serial = 0;
  #ids = 0;
  #cuts: Cut[] = [];
  #heldBack: { from: string; to: string; run: () => void }[] = [];

  constructor(random: Prng) {
    this.random = random;
  }

  start(options: NodeOptions): SimNode {
    const environment = (options.environment ?? 'testing') as Name;
    const address = `${options.name}:1`;
    const facts: Facts = {
      name: options.name as Name,
      host: (options.host ?? options.name) as Name,
      cluster: (options.cluster ?? 'default') as Name,
      side: options.side ?? 'a',
      role: options.isMaster === true ? 'master' : 'leaf',
      addresses: [address],
    };
    const server = new Server({
      environment,
      origin: randomBytesOf(this.random) as OriginId,
      facts,
      peers: (options.peers ?? []).map((peer) => `${peer}:1`),
      siblings: (options.siblings ?? []).map((peer) => `${peer}:1`),
      heartbeatMs: 400,
      silenceMs: 1200,
      graceMs: 500,
      splitHoldMs: 15 * 60 * 1000,
      random: this.random,
    });
    const node: SimNode = {
      options,
      address,
      server,
      ends: new Map(),
      notices: [],
      isUp: true,
      pausedUntilMs: 0,
    };
    this.nodes.set(options.name, node);
    this.#step(node, { kind: 'deadline', nowMs: this.nowMs });
    return node;
  }

  /** Ends a server as SIGKILL does: the kernel closes its connections. */
  kill(name: string): void {
    const node = this.node(name);
    node.isUp = false;
    for (const end of [...node.ends.values()]) this.#closeEnd(end, 'the process ended');
  }

  /** Power loss: nobody is told. */
  lose(name: string): void {
    this.node(name).isUp = false;
  }

  stop(name: string): void {
    this.#step(this.node(name), { kind: 'stop', nowMs: this.nowMs });
  }

  node(name: string): SimNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no server ${name}`);
    return node;
  }

  /** Cuts the network wherever `cut` says so, by host, until the returned function is called. */
  cut(cut: Cut): () => void {
    this.#cuts.push(cut);
    return () => {
      this.#cuts = this.#cuts.filter((other) => other !== cut);
      const held = this.#heldBack;
      this.#heldBack = [];
      for (const one of held) this.#deliver(one.from, one.to, one.run);
    };
  }

  connect(name: string): SimClient {
    const node = this.node(name);
    const client: SimClient = { received: [], host: hostOf(node), end: null };
    const [ours, theirs] = this.#pair(client, node);
    client.end = ours;
    const nowMs = this.nowMs;
    this.#step(node, {
      kind: 'opened',
      connection: theirs.id,
      remote: 'client',
      dialled: null,
      door: 'socket',
      nowMs,
    });
    const environment = (node.options.environment ?? 'testing') as Name;
    this.say(client, { kind: 'hello', protocol: 1, role: 'client', environment });
    return client;
  }

  say(client: SimClient, message: Message): void {
    if (client.end !== null) this.#transmit(client.end, message);
  }

  disconnect(client: SimClient): void {
    if (client.end !== null) this.#closeEnd(client.end, 'the client ended');
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const event = this.#next(endMs);
      if (event === undefined) break;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      event.run();
    }
    this.nowMs = endMs;
  }

  #next(endMs: number): Event | undefined {
    let best: Event | undefined;
    for (const node of this.nodes.values()) {
      if (!node.isUp) continue;
      const atMs = Math.max(node.server.nextDeadlineMs(), node.pausedUntilMs);
      if (atMs > endMs || (best !== undefined && atMs >= best.atMs)) continue;
      const run = (): void => {
        this.#step(node, { kind: 'deadline', nowMs: this.nowMs });
      };
      best = { atMs, serial: 0, run };
    }
    const queued = this.#events[0];
    if (queued === undefined || queued.atMs > endMs) return best;
    if (best !== undefined && best.atMs < queued.atMs) return best;
    return this.#events.shift();
  }

  #at(atMs: number, run: () => void): void {
    this.#serial += 1;
    const event = { atMs, serial: this.#serial, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  #step(node: SimNode, input: Input): void {
    if (!node.isUp) return;
    if (node.pausedUntilMs > this.nowMs) {
      this.#at(node.pausedUntilMs, () => {
        this.#step(node, { ...input, nowMs: this.nowMs });
      });
      return;
    }
    for (const effect of node.server.step(input)) this.#perform(node, effect);
  }

  #perform(node: SimNode, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        for (const id of effect.connections) {
          const end = node.ends.get(id);
          if (end !== undefined) this.#transmit(end, effect.message);
        }
        break;
      case 'dial':
        this.#dial(node, effect.address);
        break;
      case 'close': {
        const end = node.ends.get(effect.connection);
        if (end !== undefined) this.#closeEnd(end, 'closed by the other end');
        break;
      }
      case 'notice':
        node.notices.push({ nowMs: this.nowMs, notice: effect.notice });
        break;
      case 'stopped':
        this.#at(this.nowMs + 1, () => {
          this.kill(node.options.name);
        });
        break;
    }
  }

  #dial(node: SimNode, address: string): void {
    const name = address.split(':')[0] ?? '';
    this.#deliver(hostOf(node), this.#hostNamed(name), () => {
      const other = this.nodes.get(name);
      const nowMs = this.nowMs;
      if (other?.isUp !== true) {
        this.#step(node, { kind: 'undialled', address, reason: 'connection refused', nowMs });
        return;
      }
      const [ours, theirs] = this.#pair(node, other);
      const opened = { kind: 'opened', door: 'tcp', nowMs } as const;
      this.#step(other, {
        ...opened,
        connection: theirs.id,
        remote: node.options.name,
        dialled: null,
      });
      this.#step(node, { ...opened, connection: ours.id, remote: name, dialled: address });
    });
  }

  #hostNamed(name: string): string {
    const node = this.nodes.get(name);
    return node === undefined ? name : hostOf(node);
  }

  #pair(one: SimNode | SimClient, other: SimNode | SimClient): [End, End] {
    this.#ids += 2;
    const ours: End = { id: this.#ids, node: one, other: null, isOpen: true, lastArrivalMs: 0 };
    const theirs: End = {
      id: this.#ids + 1,
      node: other,
      other: ours,
      isOpen: true,
      lastArrivalMs: 0,
    };
    ours.other = theirs;
    if ('server' in one) one.ends.set(ours.id, ours);
    if ('server' in other) other.ends.set(theirs.id, theirs);
    return [ours, theirs];
  }

  #transmit(from: End, message: Message): void {
    const to = from.other;
    if (to === null || !from.isOpen) return;
    const bytes = encodeMessage(message);
    this.messagesCount += 1;
    this.bytesCount += bytes.length;
    this.#deliverEnd(from, to, () => {
      if (!to.isOpen) return;
      const arrived = decodeMessage(bytes);
      if ('server' in to.node) {
        const nowMs = this.nowMs;
        this.#step(to.node, { kind: 'received', connection: to.id, message: arrived, nowMs });
      } else if (arrived.kind !== 'unknown') {
        to.node.received.push(arrived);
      }
    });
  }

  #closeEnd(end: End, reason: string): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    if ('server' in end.node) end.node.ends.delete(end.id);
    const to = end.other;
    if (to === null) return;
    this.#deliverEnd(end, to, () => {
      if (!to.isOpen) return;
      to.isOpen = false;
      if (!('server' in to.node)) return;
      to.node.ends.delete(to.id);
      this.#step(to.node, { kind: 'closed', connection: to.id, reason, nowMs: this.nowMs });
    });
  }

  #deliverEnd(from: End, to: End, run: () => void): void {
    this.#deliver(hostOfEnd(from), hostOfEnd(to), () => {
      to.lastArrivalMs = Math.max(to.lastArrivalMs, this.nowMs);
      run();
    }, to);
  }

  #deliver(from: string, to: string, run: () => void, end?: End): void {
    if (this.#cuts.some((cut) => cut(from, to))) {
      this.#heldBack.push({ from, to, run });
      return;
    }
    const delayMs = 0.2 + this.random() * (from === to ? 0.1 : 1);
    const atMs = Math.max(this.nowMs + delayMs, end?.lastArrivalMs ?? 0);
    if (end !== undefined) end.lastArrivalMs = atMs;
    this.#at(atMs, run);
  }
}

function hostOf(node: SimNode): string {
  return node.options.host ?? node.options.name;
}

function hostOfEnd(end: End): string {
  return 'server' in end.node ? hostOf(end.node) : end.node.host;
}
