// A query on its way through the door. The invariant: it is answered once at most, and counted as
// it is answered. It is one object, because there are tens of thousands of them in a second.

import { bracketed } from '../../core/kit/text.ts';
import type { Finding } from '../../doors/dns/answer.ts';
import { failureBytes } from '../../doors/dns/answer.ts';
import { RCODE } from '../../doors/dns/codes.ts';
import type { Asking } from '../../doors/dns/door.ts';
import type { Encoded } from '../../doors/dns/encoder.ts';
import type { DoorCounts } from '../../doors/metrics/table.ts';
import type { DnsSource } from './dns-sockets.ts';
import type { DoorServer } from './door.ts';

/** One query. */
export class OpenQuery implements Asking {
  readonly bytes: Uint8Array;
  readonly #source: DnsSource;
  readonly #count: DoorServer['count'];
  #isAnswered = false;

  constructor(bytes: Uint8Array, source: DnsSource, count: DoorServer['count']) {
    this.bytes = bytes;
    this.#source = source;
    this.#count = count;
  }

  /** Where it comes from. */
  get address(): string {
    return bracketed(this.#source.address);
  }

  answer({ bytes, rcode, finding, isTruncated }: Encoded): void {
    this.#isAnswered = true;
    const labels = (this.#source.isStream ? LABELS.tcp : LABELS.udp)[rcode];
    this.#count('dns-queries', labels);
    if (isTruncated) this.#count('dns-truncated', TRUNCATED);
    if (finding !== null) this.#count('lookups', FOUND[finding]);
    this.#source.reply(bytes);
  }

  /** Answers that it could not be answered, unless it was already. Returns whether it was or is. */
  fail(): boolean {
    const bytes = this.#isAnswered ? null : failureBytes(this.bytes);
    if (bytes !== null) this.answer({ ...FAILED, bytes });
    return this.#isAnswered;
  }
}

type Labels = Readonly<Record<Encoded['rcode'], DoorCounts['dns-queries']>>;

function labelsOf(transport: 'udp' | 'tcp'): Labels {
  const pairs = Object.keys(RCODE).map((rcode) => [rcode, [transport, rcode]]);
  return Object.fromEntries(pairs) as Labels;
}

const FAILED = { rcode: 'SERVFAIL', isTruncated: false, finding: null } as const;

const FOUND: Readonly<Record<Finding, DoorCounts['lookups']>> = {
  live: ['dns', 'live'],
  stale: ['dns', 'stale'],
  none: ['dns', 'none'],
  cannot_tell: ['dns', 'cannot_tell'],
};

/** Only an answer that has something is cut, and only over UDP. */
const TRUNCATED = ['udp', 'NOERROR'] as const;

const LABELS = { udp: labelsOf('udp'), tcp: labelsOf('tcp') };
