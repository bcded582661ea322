// Writes an answer: records in, bytes out. The invariants: never more bytes than allowed; a record
// is written whole or not at all; owners are compressed, targets of SRV never (RFC 2782; Go refuses
// them). All answers come first, then as many additional records as fit. TC over UDP, and an
// extended error over TCP, which has no larger alternative, tell that answers are left out.

import type { DnsAnswer, DnsRecord, ExtendedError, Finding } from './answer.ts';
import { findingOf } from './answer.ts';
import { EDE, RCODE, TCP_BYTES_MAX, UDP_BYTES_MAX } from './codes.ts';
import type { QueryHead } from './query.ts';
import { utf8Bytes } from './wire-name.ts';
import { Writer } from './writer.ts';

/** How much room an answer has. */
export interface Room {
  /** 512 at least. */
  readonly bytesMax: number;
  /** It goes over TCP: there is no asking again for more. */
  readonly isStream: boolean;
}

/** The written answer, and its facts for counting. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly rcode: DnsAnswer['rcode'];
  /** Answers are left out, and the header says so. */
  readonly isTruncated: boolean;
  readonly finding: Finding | null;
}

/** Writes answers, one after the other, into one buffer of its own. */
export class DnsEncoder {
  readonly #writer = new Writer(TCP_BYTES_MAX);

  /** The bytes of an answer. They are the caller's. */
  encode(answer: DnsAnswer, room: Room): Encoded {
    const { asked, answers } = answer;
    let told = answer.errors;
    let kept = this.#begin(answer, room.bytesMax - optBytes(asked, told));
    const isCut = kept < answers.length;
    if (isCut && room.isStream) {
      const longest = [...told, showing(answers.length, answers.length)];
      kept = this.#begin(answer, room.bytesMax - optBytes(asked, longest));
      told = [...told, showing(kept, answers.length)];
    }
    if (!isCut) told = this.#append(answer, room.bytesMax, told);
    const isTruncated = isCut && !room.isStream;
    this.#finish(answer, told, isTruncated);
    const { rcode } = answer;
    return { bytes: this.#writer.taken(), rcode, isTruncated, finding: findingOf(answer) };
  }

  /** Header, question and answers; returns how many answers fit. */
  #begin({ asked, answers }: DnsAnswer, bytesMax: number): number {
    const writer = this.#writer;
    writer.begin();
    writer.setCount(COUNT_OF.question, asked.question === null ? 0 : 1);
    if (asked.question !== null) writer.question(asked.question);
    const kept = this.#write(answers, bytesMax);
    writer.setCount(COUNT_OF.answers, kept);
    writer.setCount(COUNT_OF.additional, asked.edns === null ? 0 : 1);
    return kept;
  }

  /** The additional part of all answers; returns the extended errors that have room. */
  #append(answer: DnsAnswer, bytesMax: number, errors: Errors): Errors {
    const { asked, authority, additional } = answer;
    let told = errors;
    let count = this.#write(authority, bytesMax - optBytes(asked, told));
    if (count < authority.length) {
      told = [];
      count += this.#write(authority.slice(count), bytesMax - optBytes(asked, told));
    }
    this.#writer.setCount(COUNT_OF.authority, count);
    const fitting = this.#write(additional, bytesMax - optBytes(asked, told));
    this.#writer.setCount(COUNT_OF.additional, fitting + (asked.edns === null ? 0 : 1));
    return told;
  }

  #write(records: readonly DnsRecord[], bytesMax: number): number {
    let count = 0;
    for (const record of records) {
      if (!this.#writer.record(record, bytesMax)) break;
      count += 1;
    }
    return count;
  }

  #finish(answer: DnsAnswer, errors: Errors, isTruncated: boolean): void {
    const { asked, rcode, isAuthoritative } = answer;
    const code = RCODE[rcode];
    if (asked.edns !== null) {
      const signs = asked.edns.wantsSignatures ? FLAG_SIGNATURES : 0;
      const flags = (code >> 4) * 2 ** 24 + signs;
      this.#writer.opt({ payloadBytes: UDP_BYTES_MAX, flags, options: errors.map(optionOf) });
    }
    const flags =
      FLAG_RESPONSE |
      (asked.opcode << 11) |
      (isAuthoritative ? FLAG_AUTHORITATIVE : 0) |
      (isTruncated ? FLAG_TRUNCATED : 0) |
      (asked.recursionDesired ? FLAG_RECURSION_DESIRED : 0) |
      (code & 15);
    this.#writer.setHead(asked.id, flags);
  }
}

type Errors = readonly ExtendedError[];

function showing(kept: number, all: number): ExtendedError {
  return { code: EDE.OTHER, text: `showing ${kept} of ${all}: too many for DNS` };
}

function optionOf({ code, text }: ExtendedError): { code: number; bytes: string } {
  const bytes = String.fromCharCode(code >> 8, code & 255) + utf8Bytes(text);
  return { code: OPTION_EXTENDED_ERROR, bytes };
}

function optBytes({ edns }: QueryHead, errors: Errors): number {
  if (edns === null) return 0;
  return errors.reduce((sum, error) => sum + 4 + optionOf(error).bytes.length, OPT_BYTES);
}

/** Where the header counts the records of each section. */
const COUNT_OF = { question: 4, answers: 6, authority: 8, additional: 10 } as const;

const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
/** In the flags of an OPT (RFC 3225). */
const FLAG_SIGNATURES = 0x8000;

/** An OPT without options. */
const OPT_BYTES = 11;
const OPTION_EXTENDED_ERROR = 15;
