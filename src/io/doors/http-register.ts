// Registering by HTTP: a service is a request whose answer does not end. The invariant: a
// registration lives exactly as long as the connection of its answer; the core checks the key, as
// for every client, and only the answer that made a key shows it, and no log.

import type { GivenUp } from '../../core/catalogue/given-up.ts';
import { limitFailure, usageFailure } from '../../doors/http/failures.ts';
import type { HttpFailure } from '../../doors/http/failures.ts';
import type { HttpOffer } from '../../doors/http/offers.ts';
import { offersIn } from '../../doors/http/offers.ts';
import { PROTOCOL_ERRORS } from '../../protocol/errors.ts';
import type { Identity, InstanceId } from '../../protocol/ids.ts';
import { isId, isInstanceKey } from '../../protocol/ids.ts';
import { identityOf, newIdentity } from '../machine/instance-key.ts';
import type { Exchange, HttpStream } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { InnerAnswer, InnerQuestion, InnerSession } from './inner-session.ts';

/** An instance that a stream holds. */
interface Held {
  readonly stream: Stream;
  revision: number;
}

/** A stream and its instances. */
interface Stream {
  readonly session: InnerSession;
  readonly instances: Set<InstanceId>;
  /** Its events need not say which instance they are about. */
  readonly isOfOne: boolean;
  out: HttpStream | null;
}

/** A requested registration. */
interface Wish extends Identity {
  readonly isKeyMade: boolean;
  readonly offer: HttpOffer;
  readonly revision: number;
}

/** A request to change an instance or to give it up, before the core has checked the key. */
interface Claim extends Identity {
  readonly held: Held;
}

/** The registrations of one door. */
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

  /** Registers the offers of a request, as long as the answer lasts. */
  register(exchange: Exchange, body: unknown): void {
    const offers = offersIn(body, { isListAllowed: true });
    if (typeof offers === 'string') {
      exchange.fail(usageFailure(offers));
      return;
    }
    const { givenUp } = this.#inside.server.state().catalogue;
    const wishes = offers.map((offer) => wishOf(offer, givenUp));
    const stream = this.#open(exchange, { isOfOne: wishes.length === 1 });
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
    const offers = offersIn(body, { isListAllowed: false });
    const [offer] = typeof offers === 'string' ? [] : offers;
    if (offer === undefined) {
      exchange.fail(usageFailure(typeof offers === 'string' ? offers : 'there is no offer'));
      return;
    }
    const claim = this.#claim(exchange, instance, offer.key);
    if (claim === null) return;
    const { held, instance: id, key } = claim;
    const revision = Math.max(offer.revision ?? 0, held.revision + 1);
    const wish: Wish = { instance: id, key, isKeyMade: false, offer, revision };
    held.stream.session.ask(registerQuestion(wish), (answer) => {
      if (answer.kind !== 'done') {
        exchange.fail(refusalOf(answer));
        return;
      }
      this.#held.set(id, { stream: held.stream, revision });
      const { other } = this.#inside.server.ways;
      const { port } = offer;
      const address = answer.address ?? offer.address;
      exchange.json(200, { instance, address, port, revision, other });
    });
  }

  /** Gives an instance up on purpose. */
  deregister(exchange: Exchange, instance: string): void {
    const claim = this.#claim(exchange, instance);
    if (claim === null) return;
    const { held, instance: id, key } = claim;
    const { stream } = held;
    const end = { cause: 'deregistered', detail: 'DELETE by HTTP' } as const;
    stream.session.ask({ kind: 'deregister', instance: id, ...end, key }, (answer) => {
      if (answer.kind !== 'done') {
        exchange.fail(refusalOf(answer));
        return;
      }
      this.#held.delete(id);
      stream.instances.delete(id);
      const which = stream.isOfOne ? {} : { instance };
      stream.out?.event('deregistered', { event: 'deregistered', ...which });
      if (stream.instances.size === 0) stream.out?.end();
      exchange.bare(204);
    });
  }

  #open(exchange: Exchange, { isOfOne }: Pick<Stream, 'isOfOne'>): Stream | null {
    const session = this.#inside.openStream(exchange, {
      transport: 'http',
      ...this.#inside.farewells('event', () => stream?.out ?? null),
      onLost: (instance) => {
        if (stream !== null) this.#lose(stream, instance);
      },
    });
    const stream: Stream | null =
      session === null ? null : { session, instances: new Set(), isOfOne, out: null };
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

  /** Another stream has come with the key, or the server had to forget the instance. */
  #lose(stream: Stream, instance: InstanceId): void {
    if (!stream.instances.delete(instance)) return;
    if (this.#held.get(instance)?.stream === stream) this.#held.delete(instance);
    stream.out?.event('lost', { event: 'lost', instance });
    if (stream.instances.size === 0) stream.out?.end();
  }

  /** Handles a request about an instance, if a stream holds it. */
  #claim(exchange: Exchange, instance: string, offered: string | null = null): Claim | null {
    const key = exchange.header('rarangi-key') ?? offered;
    if (key === null || !isInstanceKey(key) || !isId(instance)) {
      exchange.fail(WRONG_KEY);
      return null;
    }
    const identity = { instance: instance as InstanceId, key };
    const held = this.#held.get(identity.instance);
    if (held !== undefined) return { ...identity, held };
    this.#refuseUnheld(exchange, identity);
    return null;
  }

  /** Giving up an instance that a session does not hold changes nothing, but the key is checked. */
  #refuseUnheld(exchange: Exchange, { instance, key }: Identity): void {
    const question = { kind: 'deregister', instance, key, cause: 'deregistered' } as const;
    this.#inside.ask(exchange, question, (answer) => {
      if (answer.kind !== 'done') {
        exchange.fail(refusalOf(answer));
        return;
      }
      exchange.fail({
        status: 404,
        code: 'none',
        message: `no stream of this server holds ${instance}`,
        hint: 'ask the other server of this host as well',
      });
    });
  }
}

/** One that was given up is offered anew at a higher revision: no server shows it at an older one. */
function wishOf(offer: HttpOffer, givenUp: GivenUp): Wish {
  const identity = offer.key === null ? newIdentity() : identityOf(offer.key);
  const isKeyMade = offer.key === null;
  const revision = offer.revision ?? Math.max(1, givenUp.nextRevisionOf(identity.instance));
  return { ...identity, isKeyMade, offer, revision };
}

function registerQuestion({ instance, key, offer, revision }: Wish): InnerQuestion {
  const { service, address, port, scheme, tags } = offer;
  const registration = { instance, revision, service, address, port, scheme, tags };
  return { kind: 'register', registration, key };
}

function refusalOf(answer: InnerAnswer): HttpFailure {
  if (answer.kind === 'refused') {
    const { error, reason } = answer;
    if (error === PROTOCOL_ERRORS['wrong-key'].code) return WRONG_KEY;
    return error === PROTOCOL_ERRORS['given-up'].code ? usageFailure(reason) : limitFailure(reason);
  }
  return {
    status: 503,
    code: 'cannot-tell',
    message: 'this server is stopping',
    hint: 'register with the other server of this host',
  };
}

const WRONG_KEY: HttpFailure = {
  status: 403,
  code: 'token',
  message: 'this is not the key of that instance',
  hint: 'send the key of its registration, in the header Rarangi-Key',
};
