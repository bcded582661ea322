// What one side tells the other when something is wrong: one table of codes, and the error that a
// breach of the wire contract throws. Codes are append-only; a retired one stays with its reason.

import { PROTOCOL_VERSIONS } from './constants.ts';

/** Every code that an `error` message may carry. `closes`: the connection ends with it. */
export const PROTOCOL_ERRORS = {
  'malformed-frame': { code: 1, closes: true, doc: 'The bytes are no CBOR byte string.' },
  'frame-too-long': { code: 2, closes: true, doc: 'A frame is longer than the limit.' },
  'malformed-message': { code: 3, closes: true, doc: 'A message does not fit its declaration.' },
  'unexpected-message': {
    code: 4,
    closes: true,
    doc: 'A message that this side does not expect now.',
  },
  'unknown-message': { code: 5, closes: false, doc: 'A message of a kind unknown to this side.' },
  'wrong-environment': {
    code: 6,
    closes: true,
    doc: 'The two sides belong to different environments.',
  },
  'no-common-version': { code: 7, closes: true, doc: 'No protocol version is common to both.' },
  'handshake-timeout': { code: 8, closes: true, doc: 'The handshake was not finished in time.' },
  silent: { code: 9, closes: true, doc: 'Nothing was heard for too long.' },
  duplicate: {
    code: 10,
    closes: true,
    doc: 'Another connection to the same server is kept, or links to other servers are.',
  },
  self: {
    code: 11,
    closes: true,
    doc: 'A server found itself at the other end. It closes the connection.',
  },
  refused: { code: 12, closes: false, doc: 'A request that this side does not grant.' },
  left: { code: 13, closes: true, doc: 'This origin has said goodbye before.' },
  locked: { code: 14, closes: true, doc: 'One side speaks TLS, the other does not.' },
  'not-trusted': {
    code: 15,
    closes: true,
    doc: 'The certificate of the other side is not trusted.',
  },
  overloaded: {
    code: 16,
    closes: true,
    doc: 'A limit of this side is reached: the reason says which.',
  },
  'wrong-key': {
    code: 17,
    closes: false,
    doc: 'A request that names an instance, and not the key of that instance.',
  },
  'given-up': {
    code: 18,
    closes: false,
    doc: 'An instance is offered at a revision at which it was given up, or an older one.',
  },
} as const satisfies Readonly<Record<string, ProtocolErrorSpec>>;

interface ProtocolErrorSpec {
  readonly code: number;
  readonly closes: boolean;
  readonly doc: string;
}

/** The name of a code in PROTOCOL_ERRORS. */
export type ProtocolErrorName = keyof typeof PROTOCOL_ERRORS;

/** A side broke the wire contract; the connection, and nothing else, pays for it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly kind: ProtocolErrorName;

  constructor(kind: ProtocolErrorName, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** Why two sides that speak no protocol version in common part, and what mends it. */
export function versionsReason(theirs: readonly number[]): string {
  const ours = PROTOCOL_VERSIONS.join(' and ');
  const given = theirs.length === 0 ? 'none' : theirs.join(' and ');
  return `it speaks protocol version ${given}, this side ${ours}: update the older one`;
}

const NAMES_BY_CODE: ReadonlyMap<number, ProtocolErrorName> = new Map(
  Object.entries(PROTOCOL_ERRORS).map(([name, spec]) => [spec.code, name as ProtocolErrorName]),
);

/** The name of a code that arrived; undefined for one that a newer version has added. */
export function protocolErrorName(code: number): ProtocolErrorName | undefined {
  return NAMES_BY_CODE.get(code);
}
