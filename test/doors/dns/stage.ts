// A DNS door without sockets, over a catalogue that is a table: questions go in as bytes, and
// answers are read by another codec than ours (dns-packet).

import type { Answer as DnsRecord } from 'dns-packet';
import { decode } from 'dns-packet';
import type { Way } from '../../../src/doors/dns/repeated.ts';
import { DnsDoor } from '../../../src/doors/dns/door.ts';
import type { DnsCatalogue } from '../../../src/doors/dns/responder.ts';
import type { DnsView } from '../../../src/doors/dns/view.ts';
import { Zone } from '../../../src/doors/dns/zone.ts';
import type { InstanceId, Name } from '../../../src/protocol/ids.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { prngOf } from '../../sim/world/prng.ts';

export const ZONE = 'production.rarangi.internal';

/** Numbers of types, by their names. */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** The part of an instance that matters to a test. */
export interface Offered {
  readonly service?: string;
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly scheme?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly host?: string;
  readonly cluster?: string;
  readonly state?: Instance['state'];
}

let made = 0;

/** An instance of `web` on this host, unless it is said otherwise. */
export function instanceOf(offered: Offered = {}): Instance {
  made += 1;
  const { service = 'web', address = '10.0.0.3', port = 8_000, tags = {} } = offered;
  const { host = 'h1', cluster = 'ams', state = 'live', scheme = null } = offered;
  const id = offered.id ?? (made * 0x10001).toString(16).padStart(16, '0').padEnd(32, '0');
  return {
    registration: {
      instance: id as InstanceId,
      revision: 1,
      service: service as Name,
      address,
      port,
      scheme,
      tags: Object.entries(tags).map(([key, value]) => ({ key: key as Name, value })),
    },
    host: host as Name,
    cluster: cluster as Name,
    state,
  };
}

export const COMPLETE: DnsView = { complete: true, missing: [] };

/** A catalogue that is a table. Its lists stay the same until they are changed. */
export class Table implements DnsCatalogue {
  changes = 0;
  lookups = 0;
  /** What happens in the step of the core that answers a lookup, after it is answered. */
  meanwhile: () => void = () => undefined;
  readonly #instances = new Map<string, readonly Instance[]>();
  #services: readonly { readonly name: string }[] = [];
  #view: DnsView = COMPLETE;
  #viewsCount = 0;

  get view(): DnsView {
    return this.#view;
  }

  set view(view: DnsView) {
    this.#view = view;
    this.#viewsCount += 1;
  }

  put(...instances: readonly Instance[]): void {
    for (const instance of instances) {
      const { service } = instance.registration;
      this.#instances.set(service, [...(this.#instances.get(service) ?? []), instance]);
    }
    this.#changed();
  }

  delete(service: string, keep: (instance: Instance) => boolean = () => false): void {
    const left = (this.#instances.get(service) ?? []).filter(keep);
    if (left.length > 0) this.#instances.set(service, left);
    else this.#instances.delete(service);
    this.#changed();
  }

  lookup(service: string, take: Parameters<DnsCatalogue['lookup']>[1]): void {
    this.lookups += 1;
    const found = { instances: this.#instances.get(service) ?? [], view: this.view };
    this.meanwhile();
    take(found);
  }

  list(take: Parameters<DnsCatalogue['list']>[0]): void {
    take({ services: this.#services, view: this.view });
  }

  serial(): number {
    return this.changes;
  }

  /** Whether it says that nothing has changed since. */
  isStamped = false;

  stamp(): number | null {
    return this.isStamped ? this.changes + this.#viewsCount : null;
  }

  #changed(): void {
    this.changes += 1;
    this.#services = [...this.#instances.keys()].map((name) => ({ name }));
  }
}

/** The settings of a question, beyond its name and type. */
export interface Asking {
  readonly id?: number;
  readonly class?: number;
  readonly recursionDesired?: boolean;
  /** Bytes that the asker takes; without it there is no EDNS. */
  readonly payloadBytes?: number;
  readonly ednsVersion?: number;
  readonly wantsSignatures?: boolean;
  readonly zone?: string;
}

/** What was answered. */
export interface Told {
  readonly bytes: Uint8Array;
  readonly rcode: string;
  readonly flags: number;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Each as `3 stale: …`. */
  readonly errors: readonly string[];
  readonly isTruncated: boolean;
}

const LOCAL: Way = {
  isStream: false,
  isLoopback: true,
  isOnHost: true,
  isAllowed: true,
  serverAddress: '127.0.0.1',
};

/** A door on host `h1` in cluster `ams`, and its questions. */
export class Stage {
  readonly table = new Table();
  readonly door: DnsDoor;
  /** It stands still, unless a test moves it on. */
  nowMs = 0;

  constructor({ ttl = 0, zone = ZONE, seed = 1 } = {}) {
    this.door = new DnsDoor({
      zone: new Zone(zone, ttl),
      catalogue: this.table,
      place: { host: 'h1', cluster: 'ams' },
      random: prngOf(seed),
      nowMs: () => this.nowMs,
    });
  }

  /** Asks for a name left of the zone, or, with a dot at its end, for a whole one. */
  ask(name: string, type: keyof typeof TYPES, given: Asking & { way?: Partial<Way> } = {}): Told {
    const whole = name.endsWith('.') ? name : `${name}${name === '' ? '' : '.'}${ZONE}`;
    const told = this.take(queryBytes(whole, TYPES[type], given), given.way);
    if (told === null) throw new Error(`no answer to ${name}`);
    return told;
  }

  /** Hands bytes in; null for no answer. Without more said of it, the way is the same each time. */
  take(bytes: Uint8Array, way?: Partial<Way>): Told | null {
    let told: Told | null = null;
    this.door.take(bytes, way === undefined ? LOCAL : { ...LOCAL, ...way }, {
      answer: (answered) => {
        if (told !== null) throw new Error('answered twice');
        told = toldOf(answered.bytes.slice());
      },
    });
    return told;
  }
}

/** The order of texts in expectations. */
export function byText(one: unknown, other: unknown): number {
  return String(one) < String(other) ? -1 : 1;
}

/** A query in bytes. */
export function queryBytes(name: string, type: number, asking: Asking = {}): Uint8Array {
  const { id = 4_711, recursionDesired = true, payloadBytes, ednsVersion = 0 } = asking;
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .filter((label) => label !== '');
  const bytes = [...u16(id), recursionDesired ? 1 : 0, 0, 0, 1, 0, 0, 0, 0, 0];
  bytes.push(payloadBytes === undefined ? 0 : 1);
  for (const label of labels) {
    const text = Buffer.from(label, 'latin1');
    bytes.push(text.length, ...text);
  }
  bytes.push(0, ...u16(type), ...u16(asking.class ?? 1));
  if (payloadBytes !== undefined) {
    const flags = asking.wantsSignatures === true ? 0x80 : 0;
    bytes.push(0, 0, 41, ...u16(payloadBytes), 0, ednsVersion, flags, 0, 0, 0);
  }
  return Uint8Array.from(bytes);
}

/** The content of bytes, read by dns-packet. */
export function toldOf(bytes: Uint8Array): Told {
  const packet = decode(Buffer.from(bytes));
  const records = packet.additionals ?? [];
  const opt = records.find(({ type }) => type === 'OPT') as Opt | undefined;
  const { rcode } = packet as unknown as { rcode: string };
  const high = (opt?.extendedRcode ?? 0) << 4;
  return {
    bytes,
    rcode: high === 0 ? rcode : String(high),
    flags: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0),
    answers: packet.answers ?? [],
    authorities: packet.authorities ?? [],
    additionals: records.filter(({ type }) => type !== 'OPT'),
    errors: (opt?.options ?? []).filter(({ code }) => code === 15).map(errorText),
    isTruncated: ((bytes[2] ?? 0) & 2) !== 0,
  };
}

interface Opt {
  readonly extendedRcode: number;
  readonly options: readonly { readonly code: number; readonly data: Buffer }[];
}

function errorText({ data }: { readonly data: Buffer }): string {
  return `${data.readUInt16BE(0)} ${data.subarray(2).toString()}`;
}

function u16(value: number): [number, number] {
  return [value >> 8, value & 255];
}
