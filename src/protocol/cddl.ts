// The protocol in CDDL (RFC 8610), rendered from the table of messages and from the rules that their
// fields bring along. `rarangi.cddl` is this text: the author of another implementation starts
// there, and a test keeps the two equal. The invariant: all that the table knows comes from the
// table, so that the text cannot contradict it.

import { FRAME_BYTES_MAX, HANDSHAKE_FRAME_BYTES_MAX, NAME_CHARACTERS_MAX } from './constants.ts';
import { MESSAGES } from './messages.ts';
import type { AnyFieldSpec } from './schema.ts';

/** The text of `rarangi.cddl`. */
export function renderCddl(): string {
  const specs = Object.entries(MESSAGES);
  const parts = [
    OPENING,
    `message =\n  ${specs.map(([kind]) => kind).join(' /\n  ')}\n`,
    ...specs.map(([kind, spec]) => messageRule(kind, spec)),
    RECORDS,
    ...recordRules().map(([rule, body]) => recordRule(rule, body)),
  ];
  return parts.join('\n');
}

interface RenderedSpec {
  readonly code: number;
  readonly from: string;
  readonly doc: string;
  readonly fields: Readonly<Record<string, AnyFieldSpec>>;
}

function messageRule(kind: string, { code, from, doc, fields }: RenderedSpec): string {
  const lines = Object.entries(fields).map(([field, spec]) => `  ${fieldLine(field, spec)},\n`);
  const sender = from === 'any' ? 'any side' : `a ${from}`;
  const comment = commentOf(`From ${sender}. ${doc}`);
  return `${comment}${kind} = [${String(code)}, {\n${lines.join('')}  * any => any,\n}, * any]\n`;
}

function fieldLine(field: string, { isOptional, cddl }: AnyFieldSpec): string {
  return `${isOptional ? '? ' : ''}${field}: ${cddl}`;
}

function recordRules(): readonly (readonly [rule: string, body: string])[] {
  const all = Object.values(MESSAGES).flatMap(({ fields }) =>
    Object.values<AnyFieldSpec>(fields).flatMap((spec) => spec.rules),
  );
  const bodies = new Map<string, string>();
  for (const [rule, body] of all) {
    const before = bodies.get(rule);
    if (before !== undefined && before !== body)
      throw new RangeError(`two rules are named ${rule}`);
    bodies.set(rule, body);
  }
  return [...bodies];
}

function recordRule(rule: string, body: string): string {
  if (!body.startsWith('[')) return `${rule} =\n  ${body.split(' / ').join(' /\n  ')}\n`;
  const cells = body.slice(1, -1).split(', ');
  return `${rule} = [\n${cells.map((cell) => `  ${cell},\n`).join('')}]\n`;
}

function commentOf(text: string): string {
  const lines: string[] = [];
  let line = ';';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > COMMENT_COLUMNS) {
      lines.push(line);
      line = ';';
    }
    line += ` ${word}`;
  }
  return [...lines, line].map((each) => `${each}\n`).join('');
}

const COMMENT_COLUMNS = 96;

const OPENING = `; The protocol of rarangi, in CDDL (RFC 8610), made from src/protocol/messages.ts.
;
; A connection carries, each way, a CBOR Sequence (RFC 8742) of frames. A frame has at most
; ${String(HANDSHAKE_FRAME_BYTES_MAX)} bytes of content until the handshake is over, and ${String(FRAME_BYTES_MAX)} from then on. Senders write the
; deterministic encoding (RFC 8949, section 4.2.1). Lengths are definite; there are no tags and no
; floats; no key appears twice; nothing nests deeper than 16. A receiver ignores map keys and
; trailing array items that it does not know, takes a word that it does not know for \`unknown\`, and
; answers a message with an unknown code by an \`error\` that closes nothing.

frame = bstr .cbor message
`;

const RECORDS = `; Names of services, hosts, clusters, servers and environments, and keys of tags.
name = tstr .regexp "[A-Za-z0-9][A-Za-z0-9._-]{0,${String(NAME_CHARACTERS_MAX - 1)}}"

; Unique for all time. Of a server's life (origin) it is random; of an instance it is the first 16
; bytes of the SHA-256 of its key.
id = bstr .size 16

; What an instance's id is made of: random, kept by the client, told to servers only.
instance-key = bstr .size 16

; No text holds control characters (Unicode category Cc), separators of lines (Zl, Zp) or controls of
; direction (Bidi_Control). A \`uint\` is at most 2^53 - 1; the sequences of a batch end at 2^52, too.

; An address is an IPv4 address of four decimal numbers without leading zeros, an IPv6 address
; without a zone, or a host name: labels of 1 to 63 letters, digits, hyphens and underscores, with
; dots between; none begins or ends with a hyphen, and the last one is no number. None is a wildcard,
; the broadcast address or a multicast one. In a server address IPv6 stands in brackets.
`;
