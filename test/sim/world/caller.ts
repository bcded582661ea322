// A client that says one thing to one server: greets it, says it, and hangs on.

import type { ConnectionInput } from '../../../src/core/client/effect.ts';
import type { Dial, Send } from '../../../src/core/effect.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';

/** The core of such a client. */
export class Caller {
  readonly #address: string;
  readonly #message: Message;
  readonly answers: Message[] = [];
  #hasDialled = false;

  constructor(address: string, message: Message) {
    this.#address = address;
    this.#message = message;
  }

  step(input: ConnectionInput): (Dial | Send)[] {
    if (!this.#hasDialled) {
      this.#hasDialled = true;
      return [{ kind: 'dial', address: this.#address }];
    }
    if (input.kind !== 'received') return [];
    const { message, connection } = input;
    if (message.kind === 'unknown' || message.kind === 'unfit') return [];
    this.answers.push(message);
    if (message.kind !== 'welcome') return [];
    const environment: Name = message.environment;
    const hello: Message = { kind: 'hello', protocol: 2, role: 'client', environment };
    const connections = [connection];
    return [hello, this.#message].map((said) => ({ kind: 'send', connections, message: said }));
  }

  nextDeadlineMs(): number {
    return this.#hasDialled ? Infinity : 0;
  }
}
