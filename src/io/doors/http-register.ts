// Registering by HTTP: a service is a request that lasts. The invariant: a registration lives exactly
// as long as the connection whose answer it is; whoever has the key of an instance may change it or
// give it up, nobody else; and a key stands in no answer but the one that made it, and in no log.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { limitFailure, usageFailure } from '../../doors/http/failures.ts';
import type { HttpFailure } from '../../doors/http/failures.ts';
import type { HttpOffer } from '../../doors/http/offers.ts';
import { offersIn } from '../../doors/http/offers.ts';
import type { InstanceId } from '../../protocol/ids.ts';
import type { Exchange, HttpStream } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { InnerAnswer, InnerQuestion, InnerSession } from './inner-session.ts';

/** An instance that a stream holds. */
interface Held {
  readonly stream: Stream;
  revision: number;
}

/** A stream and what it holds. */
interface Stream {
  readonly session: InnerSession;
  readonly instances: Set<InstanceId>;
  out: HttpStream | null;
}

/** A registration that is asked for. */
interface Wish {
  readonly instance: InstanceId;
  readonly key: string;
  readonly isKeyMade: boolean;
  readonly offer: HttpOffer;
  readonly revision: number;
}

/** What was registered by one door. */
export class HttpRegistrations {
  readonly #inside: HttpInside;
  readonly #held = new Map<InstanceId, Held>();

  constructor(inside: HttpInside) {
    this.#inside = inside;
  }

  /** How many there are. */
  get count(): number {
    return this.#held.size;
  }

  /** Registers what is sent, for as long as the answer lasts. */
  register(exchange: Exchange, body: unknown): void {
    const offers = offersIn(body, { isListAllowed: true });
    if (typeof offers === 'string') {
      exchange.fail(usageFailure(offers));
      return;
    }
    const wishes = offers.map(wishOf);
    const stream = this.#open(exchange);
    if (stream === null) return;
    const answers: InnerAnswer[] = [];
    for (const wish of wishes) {
      stream.session.ask(registerQuestion(wish), (answer) => {
        answers.push(answer);
        if (answers.length === wishes.length) this.#begin(exchange, { stream, wishes, answers });
      });
    }
  }

  /** Changes the offer of an instance. */
  change(exchange: Exchange, instance: string, body: unknown): void {
    const held = this.#heldWith(exchange, instance);
    if (held === null) return;
    const offers = offersIn(body, { isListAllowed: false });
    const [offer] = typeof offers === 'string' ? [] : offers;
    if (offer === undefined) {
      exchange.fail(usageFailure(typeof offers === 'string' ? offers : 'there is no offer'));
      return;
    }
    const key = exchange.header('rarangi-key') ?? '';
    const revision = Math.max(offer.revision ?? 0, held.revision + 1);
    const wish: Wish = { instance: held.id, key, isKeyMade: false, offer, revision };
    held.stream.session.ask(registerQuestion(wish), (answer) => {
      if (answer.kind !== 'done') {
        exchange.fail(refusalOf(answer));
        return;
      }
      this.#held.set(held.id, { stream: held.stream, revision });
      const { other } = this.#inside.server.ways;
      const { port } = offer;
      const address = answer.address ?? offer.address;
      exchange.json(200, { instance, address, port, revision, other });
    });
  }

  /** Gives an instance up on purpose. */
  deregister(exchange: Exchange, instance: string): void {
    const held = this.#heldWith(exchange, instance);
    if (held === null) return;
    const { stream, id } = held;
    stream.session.ask({ kind: 'deregister', instance: id, cause: 'deregistered' }, (answer) => {
      if (answer.kind !== 'done') {
        exchange.fail(refusalOf(answer));
        return;
      }
      this.#held.delete(id);
      stream.instances.delete(id);
      stream.out?.event('deregistered', { event: 'deregistered', instance });
      if (stream.instances.size === 0) stream.out?.end();
      exchange.bare(204);
    });
  }

  #open(exchange: Exchange): Stream | null {
    const session = this.#inside.openStream(
      exchange,
      (reason) => {
        exchange.fail(limitFailure(reason));
      },
      {
        transport: 'http',
        onGoaway: () => {
          const { other } = this.#inside.server.ways;
          stream?.out?.event('goaway', { event: 'goaway', other });
        },
        onClosed: () => stream?.out?.end(),
      },
    );
    const stream: Stream | null =
      session === null ? null : { session, instances: new Set(), out: null };
    return stream;
  }

  #begin(
    exchange: Exchange,
    given: {
      readonly stream: Stream;
      readonly wishes: readonly Wish[];
      readonly answers: readonly InnerAnswer[];
    },
  ): void {
    const { stream, wishes, answers } = given;
    const refusal = answers.find(({ kind }) => kind !== 'done');
    if (refusal !== undefined) {
      stream.session.close('not registered');
      exchange.fail(refusalOf(refusal));
      return;
    }
    stream.out = exchange.stream('ndjson', () => {
      this.#end(stream);
    });
    for (const [index, wish] of wishes.entries()) {
      const { instance, revision } = wish;
      stream.instances.add(instance);
      this.#held.get(instance)?.stream.instances.delete(instance);
      this.#held.set(instance, { stream, revision });
      stream.out.event('registered', this.#registered(wish, answers[index]));
    }
  }

  #registered(wish: Wish, answer: InnerAnswer | undefined): object {
    const { instance, offer, revision, key, isKeyMade } = wish;
    const { facts, ways } = this.#inside.server;
    return {
      event: 'registered',
      instance,
      address: answer?.kind === 'done' ? (answer.address ?? offer.address) : offer.address,
      port: offer.port,
      revision,
      ...(isKeyMade ? { key } : {}),
      server: facts.name,
      other: ways.other,
    };
  }

  #end(stream: Stream): void {
    for (const instance of stream.instances) {
      if (this.#held.get(instance)?.stream === stream) this.#held.delete(instance);
    }
    stream.session.close('closed by the other end');
  }

  /** The instance, if the request has its key. */
  #heldWith(exchange: Exchange, instance: string): (Held & { readonly id: InstanceId }) | null {
    const key = exchange.header('rarangi-key');
    const id = instance as InstanceId;
    if (key === null || !KEY_PATTERN.test(key) || !isSame(instanceOf(key), instance)) {
      exchange.fail({
        status: 403,
        code: 'token',
        message: 'this is not the key of that instance',
        hint: 'send the key that it was registered with: Rarangi-Key: KEY',
      });
      return null;
    }
    const held = this.#held.get(id);
    if (held !== undefined) return { ...held, id };
    exchange.fail({
      status: 404,
      code: 'none',
      message: `no stream of this server holds ${instance}`,
      hint: 'ask the other server of this host as well',
    });
    return null;
  }
}

function wishOf(offer: HttpOffer): Wish {
  const key = offer.key ?? randomBytes(16).toString('hex');
  const isKeyMade = offer.key === null;
  return { instance: instanceOf(key), key, isKeyMade, offer, revision: offer.revision ?? 1 };
}

/** The id of the instance that a key makes: the beginning of its hash. */
function instanceOf(key: string): InstanceId {
  const hash = createHash('sha256').update(Buffer.from(key, 'hex')).digest('hex');
  return hash.slice(0, ID_DIGITS) as InstanceId;
}

function registerQuestion({ instance, offer, revision }: Wish): InnerQuestion {
  const { service, address, port, scheme, tags } = offer;
  const registration = { instance, revision, service, address, port, scheme, tags };
  return { kind: 'register', registration };
}

function refusalOf(answer: InnerAnswer): HttpFailure {
  if (answer.kind === 'refused') return limitFailure(answer.reason);
  return {
    status: 503,
    code: 'cannot-tell',
    message: 'this server stops',
    hint: 'register with the other server of this host',
  };
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const KEY_PATTERN = /^[0-9a-f]{32}$/;
const ID_DIGITS = 32;
