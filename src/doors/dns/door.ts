// The DNS door without sockets: the bytes of a query in, the bytes of its answer out. It keeps
// ready bytes for each list of instances that the catalogue gives, and for answers that name none.
// The invariants: an answer is never longer than its client takes, and bytes that are no query get
// no answer.

import { refusal } from './answer.ts';
import {
  EDE,
  HEADER_BYTES,
  TCP_BYTES_MAX,
  UDP_BYTES_LOOPBACK,
  UDP_BYTES_MAX,
  UDP_BYTES_PLAIN,
} from './codes.ts';
import type { Encoded, Room } from './encoder.ts';
import { DnsEncoder } from './encoder.ts';
import type { DnsQuery } from './query.ts';
import { readQuery } from './query.ts';
import type { Answers, ReadyOptions } from './ready.ts';
import { answerAt, Ready, restsOn } from './ready.ts';
import type { Repeated, Way } from './repeated.ts';
import { RepeatedQuestions } from './repeated.ts';
import type { DnsBasis, DnsCatalogue, FoundInstances, ResponderOptions } from './responder.ts';
import { Responder } from './responder.ts';
import { steady } from './steady.ts';
import { keyOf } from './wire-name.ts';

/** The receiver of the answer to a query. */
export interface Asking {
  /**
   * Called once, or never if `take` says so. The bytes are lent: the next answer may
   * change them. Copies are made where they are needed.
   */
  answer(answered: Encoded): void;
}

/** The DNS door of a server. */
export class DnsDoor {
  readonly #catalogue: DnsCatalogue;
  readonly #encoder = new DnsEncoder();
  readonly #responder: Responder;
  readonly #ready: Ready;
  readonly #repeated = new RepeatedQuestions();

  constructor(options: ResponderOptions & ReadyOptions) {
    this.#catalogue = steady(options.catalogue);
    this.#responder = new Responder({ ...options, catalogue: this.#catalogue });
    this.#ready = new Ready(options);
  }

  /** Answers bytes that have arrived. Returns false if they get no answer. */
  take(bytes: Uint8Array, way: Way, asking: Asking): boolean {
    const again = this.#again(bytes, way);
    if (again !== null) {
      asking.answer(again);
      return true;
    }
    const read = readQuery(bytes);
    if (read.kind === 'ignored') return false;
    if (read.kind === 'wrong') {
      asking.answer(this.#encoder.encode(refusal(read.asked, read.rcode), PLAIN));
    } else if (!way.isAllowed) {
      const room = roomOf(read.query, way);
      const error = { code: EDE.PROHIBITED, text: 'who may ask is listed by --dns-from' };
      asking.answer(this.#encoder.encode(refusal(read.query, 'REFUSED', error), room));
    } else {
      this.#answer({ query: read.query, way, bytes }, asking);
    }
    return true;
  }

  /** The answer to a question that was asked before, if nothing has changed since. */
  #again(bytes: Uint8Array, way: Way): Encoded | null {
    const repeated = this.#repeated.of(bytes, way);
    if (repeated === null || !this.#isRight(repeated.answers)) return null;
    const ready = this.#ready.pick(repeated.answers);
    return ready === null ? null : this.#addressed(ready, bytes, repeated);
  }

  /** Whether nothing at all has changed since ready bytes were last known to be right. */
  #isRight({ stamp }: Answers): boolean {
    return stamp !== null && stamp === this.#catalogue.stamp();
  }

  #answer({ query, way, bytes }: Arrived, asking: Asking): void {
    const room = roomOf(query, way);
    const key = keyOfAnswer(query, way, room);
    this.#pick(key, (ready) => {
      const kept = this.#ready.of(key);
      if (ready !== null && kept !== undefined) {
        const repeated = this.#repeated.put(bytes, way, { query, answers: kept });
        asking.answer(this.#addressed(ready, bytes, repeated));
        return;
      }
      const before = this.#catalogue.stamp();
      this.#responder.respond({
        query,
        asker: way,
        reply: ({ answer, basis }) => {
          const encoded = this.#encoder.encode(answer, room);
          if (basis !== null) this.#ready.keep(key, basis, encoded);
          else if (before !== null) this.#keepAt(before, encoded, { query, way, bytes });
          asking.answer(encoded);
        },
      });
    });
  }

  /** What names no instance, as that there are none, is right until anything changes. */
  #keepAt(stamp: number, encoded: Encoded, { query, way, bytes }: Arrived): void {
    if (encoded.bytes.length > UDP_BYTES_MAX || stamp !== this.#catalogue.stamp()) return;
    this.#repeated.put(bytes, way, { query, answers: answerAt(stamp, encoded) });
  }

  /** Ready bytes, if their basis has not changed. */
  #pick(key: string, take: (ready: Encoded | null) => void): void {
    const kept = this.#ready.of(key);
    if (kept === undefined) {
      take(null);
      return;
    }
    if (this.#isRight(kept)) {
      take(this.#ready.pick(kept));
      return;
    }
    const before = this.#catalogue.stamp();
    const compare = (found: FoundInstances, services: DnsBasis['services']): void => {
      const isRight = restsOn(kept.basis, found, services);
      // What has changed since it was asked may be newer than what was found.
      const now = this.#catalogue.stamp();
      if (isRight) kept.stamp = now === before ? now : null;
      take(isRight ? this.#ready.pick(kept) : null);
    };
    const { service, services } = kept.basis;
    this.#catalogue.lookup(service, (found) => {
      if (services === null) compare(found, null);
      else this.#catalogue.list((now) => compare(found, now.services));
    });
  }

  /** Ready bytes as the answer to this query: with its number, its wishes, and its case. */
  #addressed(ready: Encoded, query: Uint8Array, { name, recursionDesired }: Repeated): Encoded {
    const { bytes } = ready;
    bytes[0] = query[0] ?? 0;
    bytes[1] = query[1] ?? 0;
    bytes[2] = ((bytes[2] ?? 0) & ~1) | (recursionDesired ? 1 : 0);
    bytes.set(name, HEADER_BYTES);
    return ready;
  }
}

/** A query as it came. */
interface Arrived {
  readonly query: DnsQuery;
  readonly way: Way;
  readonly bytes: Uint8Array;
}

function roomOf({ edns }: DnsQuery, { isStream, isLoopback }: Way): Room {
  if (isStream) return { bytesMax: TCP_BYTES_MAX, isStream };
  if (edns === null) return PLAIN;
  const most = isLoopback ? UDP_BYTES_LOOPBACK : UDP_BYTES_MAX;
  return { bytesMax: Math.min(Math.max(edns.payloadBytes, UDP_BYTES_PLAIN), most), isStream };
}

/** All that distinguishes one answer from another, except for the repeated parts of the query. */
function keyOfAnswer({ question, edns }: DnsQuery, { isOnHost }: Way, room: Room): string {
  const size = `${room.isStream ? 't' : 'u'}${room.bytesMax}`;
  const wishes = edns === null ? '' : edns.wantsSignatures ? 'd' : 'e';
  const kind = `${question.type} ${question.class} ${edns?.version ?? 0}`;
  return `${size}${wishes}${isOnHost ? 'h' : ''} ${kind} ${keyOf(question.name)}`;
}

const PLAIN: Room = { bytesMax: UDP_BYTES_PLAIN, isStream: false };
