// A server's core as its world sees it: the world looks on at every step, may change what is sent on
// its way to the driver, and may make the server say something that its core did not ask for.

import type { Dial, Effect, Send, Tell } from '../../../src/core/effect.ts';
import type { ConnectionId, Input } from '../../../src/core/input.ts';
import type { Server } from '../../../src/core/server/server.ts';
import type { Core } from '../../../src/io/machine/driver-options.ts';
import type { Message } from '../../../src/protocol/messages.ts';

/** Who looks on. */
interface Onlookers {
  /** Called after every step. */
  readonly stepped: () => void;
  /** The message that is sent in place of this one, to so many; null for none. */
  readonly sent: (message: Message, connections: number) => Message | null;
  readonly dialled: (address: string) => void;
}

/** The core of a server, watched. */
export class WatchedCore implements Core<Input, Tell> {
  readonly #core: Server;
  readonly #onlookers: Onlookers;
  readonly #said: Effect[] = [];

  constructor(core: Server, onlookers: Onlookers) {
    this.#core = core;
    this.#onlookers = onlookers;
  }

  /** A message that leaves after the next step. */
  say(connection: ConnectionId, message: Message): void {
    this.#said.push({ kind: 'send', connections: [connection], message });
  }

  step(input: Input): readonly Effect[] {
    const effects = this.#core.step(input);
    this.#onlookers.stepped();
    const all = this.#said.length === 0 ? effects : [...effects, ...this.#said.splice(0)];
    return all.flatMap((effect) => this.#heard(effect));
  }

  nextDeadlineMs(): number {
    return this.#core.nextDeadlineMs();
  }

  #heard(effect: Effect): Effect | [] {
    if (effect.kind === 'send') return this.#sent(effect);
    if (effect.kind === 'dial') this.#dialled(effect);
    return effect;
  }

  #sent(send: Send): Send | [] {
    const message = this.#onlookers.sent(send.message, send.connections.length);
    if (message === send.message) return send;
    return message === null ? [] : { ...send, message };
  }

  #dialled({ address }: Dial): void {
    this.#onlookers.dialled(address);
  }
}
