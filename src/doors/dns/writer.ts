// The bytes of an answer under way: names with compression, records that are written whole or taken
// back. The invariant: no pointer leads to a name that was taken back, and a pointer leads to
// exactly that name, whatever the case of its letters.

import type { DnsRecord, RecordData } from './answer.ts';
import { CLASS_IN, HEADER_BYTES, TYPE } from './codes.ts';
import type { DnsQuestion } from './query.ts';
import type { WireName } from './wire-name.ts';
import { keyOf } from './wire-name.ts';

/** The record of an answer to EDNS (RFC 6891). */
export interface Opt {
  readonly payloadBytes: number;
  /** The upper part of the response code, and the flags. */
  readonly flags: number;
  /** Each with a character for a byte. */
  readonly options: readonly { readonly code: number; readonly bytes: string }[];
}

/** Writes one answer after the other into the same buffer. */
export class Writer {
  readonly #bytes: Uint8Array;
  /** Where names stand, and the keys of those of the record under way. */
  readonly #places = new Map<string, number>();
  readonly #fresh: string[] = [];
  /** Names that stand there in full, by their identity: of each, its key. */
  readonly #targets = new Map<WireName, string>();
  #position = 0;
  /** The name that was asked, which most records belong to. */
  #asked: WireName | null = null;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  /** Begins a new answer: an empty header. */
  begin(): void {
    this.#position = HEADER_BYTES;
    this.#bytes.fill(0, 0, HEADER_BYTES);
    this.#places.clear();
    this.#targets.clear();
    this.#fresh.length = 0;
    this.#asked = null;
  }

  /** The written bytes, as a copy. */
  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#position);
  }

  setHead(id: number, flags: number): void {
    this.#setUint16(0, id);
    this.#setUint16(2, flags);
  }

  setCount(at: number, count: number): void {
    this.#setUint16(at, count);
  }

  /** The question, as it was asked: the answer repeats the case of its letters. */
  question({ name, type, class: given }: DnsQuestion): void {
    this.#name(name);
    this.#fresh.length = 0;
    this.#uint16(type);
    this.#uint16(given);
    this.#asked = name;
  }

  /** Writes a record if it ends within so many bytes; returns whether it does. */
  record({ owner, ttl, data }: DnsRecord, bytesMax: number): boolean {
    const start = this.#position;
    this.#fresh.length = 0;
    if (owner === this.#asked) this.#uint16(POINTER_TO_QUESTION);
    else this.#name(owner);
    this.#uint16(data.type);
    this.#uint16(CLASS_IN);
    this.#uint32(ttl);
    const lengthAt = this.#position;
    this.#position += 2;
    this.#data(data);
    if (this.#position > bytesMax) {
      this.#position = start;
      for (const key of this.#fresh) this.#places.delete(key);
      return false;
    }
    this.#setUint16(lengthAt, this.#position - lengthAt - 2);
    return true;
  }

  opt({ payloadBytes, flags, options }: Opt): void {
    this.#uint8(0);
    this.#uint16(TYPE.OPT);
    this.#uint16(payloadBytes);
    this.#uint32(flags);
    this.#uint16(options.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0));
    for (const { code, bytes } of options) {
      this.#uint16(code);
      this.#uint16(bytes.length);
      this.#text(bytes);
    }
  }

  #data(data: RecordData): void {
    switch (data.type) {
      case TYPE.A:
      case TYPE.AAAA:
        for (const byte of data.address) this.#uint8(byte);
        break;
      case TYPE.SRV:
        this.#uint16(data.location.priority);
        this.#uint16(data.location.weight);
        this.#uint16(data.location.port);
        this.#plainName(data.location.target);
        break;
      case TYPE.TXT:
      case TYPE.HINFO:
        for (const text of data.texts) {
          this.#uint8(text.length);
          this.#text(text);
        }
        break;
      case TYPE.SOA:
        this.#name(data.authority.server);
        this.#name(data.authority.mailbox);
        for (const value of [data.authority.serial, ...SOA_TIMES, data.authority.minimum]) {
          this.#uint32(value);
        }
        break;
      default:
        this.#name(data.name);
    }
  }

  /** The part of a name that is not written yet. */
  #name(name: WireName): void {
    for (let index = 0; index < name.length; index += 1) {
      const key = index === 0 ? this.#keyOf(name) : keyOf(name.slice(index));
      const place = this.#places.get(key);
      if (place !== undefined) {
        this.#uint16(POINTER | place);
        return;
      }
      this.#remember(key);
      this.#label(name[index] ?? '');
    }
    this.#uint8(0);
  }

  /** A name in full. It can be pointed at only as a whole. */
  #plainName(name: WireName): void {
    const key = keyOf(name);
    this.#targets.set(name, key);
    if (!this.#places.has(key)) this.#remember(key);
    for (const label of name) this.#label(label);
    this.#uint8(0);
  }

  #keyOf(name: WireName): string {
    return this.#targets.get(name) ?? keyOf(name);
  }

  #remember(key: string): void {
    if (this.#position >= POINTABLE_BYTES) return;
    this.#places.set(key, this.#position);
    this.#fresh.push(key);
  }

  #label(label: string): void {
    this.#uint8(label.length);
    this.#text(label);
  }

  #text(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#uint8(text.charCodeAt(index));
  }

  // Bytes beyond the buffer are not written, and their record is taken back.
  #uint8(value: number): void {
    this.#bytes[this.#position] = value;
    this.#position += 1;
  }

  #uint16(value: number): void {
    this.#setUint16(this.#position, value);
    this.#position += 2;
  }

  #uint32(value: number): void {
    this.#uint16(value >>> 16);
    this.#uint16(value & 0xffff);
  }

  #setUint16(at: number, value: number): void {
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value & 255;
  }
}

/** A pointer has 14 bits for the place that it leads to. */
const POINTER = 0xc000;
const POINTABLE_BYTES = 0x4000;

/** The question stands behind the header. */
const POINTER_TO_QUESTION = POINTER | HEADER_BYTES;

/** Seconds: refresh, retry, expire. Nobody copies this zone. */
const SOA_TIMES = [60, 60, 60] as const;
