// The zone: its name, its own records, and the names within it. The invariant: a zone leaves room
// for the names that are made of it, and every negative answer carries its SOA, so that no resolver
// remembers "none" for longer than it says.

import type { DnsRecord } from './answer.ts';
import { NAME_BYTES_MAX, TYPE } from './codes.ts';
import type { WireName } from './wire-name.ts';
import { isWireName, labelsOf, lowered, nameBytes } from './wire-name.ts';

/** The default zone: the name of the environment stands below it. */
const PARENT = 'rarangi.internal';

/** A zone of DNS. */
export class Zone {
  /** As text, in lower case, without a dot at the end. */
  readonly text: string;
  /** Seconds for which existing records may be remembered. */
  readonly ttl: number;
  readonly labels: WireName;
  readonly #server: WireName;
  readonly #mailbox: WireName;

  /** `text` as zoneTextOf has made it. */
  constructor(text: string, ttl: number) {
    this.text = text;
    this.ttl = ttl;
    this.labels = labelsOf(text);
    this.#server = this.nameOf(['ns']);
    this.#mailbox = this.nameOf(['hostmaster']);
  }

  /** A name in the zone. */
  nameOf(labels: WireName): WireName {
    return [...labels, ...this.labels];
  }

  /**
   * The part of a name left of the zone, in lower case; null for a name that is not in the zone.
   */
  within(name: WireName): WireName | null {
    const cut = name.length - this.labels.length;
    if (cut < 0) return null;
    const isBelow = this.labels.every((label, index) => label === lowered(name[cut + index] ?? ''));
    return isBelow ? name.slice(0, cut).map(lowered) : null;
  }

  /** The record that goes with "none" (RFC 2308), and that is asked for by itself. */
  soa(serial: number, minimum: number): DnsRecord {
    const authority = { server: this.#server, mailbox: this.#mailbox, serial, minimum };
    return { owner: this.labels, ttl: minimum, data: { type: TYPE.SOA, authority } };
  }

  /** Whose zone it is. */
  ns(): DnsRecord {
    return { owner: this.labels, ttl: this.ttl, data: { type: TYPE.NS, name: this.#server } };
  }

  /** The name of the server. */
  get server(): WireName {
    return this.#server;
  }

  /** Bytes that a name may have left of the zone. */
  get bytesLeft(): number {
    return NAME_BYTES_MAX - nameBytes(this.labels);
  }
}

/**
 * The text of a zone: the one that is given, or that of an environment. Throws RangeError that says
 * what is wrong.
 */
export function zoneTextOf(environment: string, given?: string): string {
  if (given === undefined) {
    const zone = `${environment.toLowerCase().replaceAll('_', '-')}.${PARENT}`;
    if (isZone(zone)) return zone;
    throw new RangeError(`${zone} is not a valid name in DNS: give a zone with --dns-zone`);
  }
  const zone = given.toLowerCase().replace(/\.$/, '');
  if (isZone(zone)) return zone;
  throw new RangeError(
    `dns-zone ${JSON.stringify(given)} is not a valid zone: use labels of 1 to 63 of a-z 0-9 - _, ` +
      `with dots between them, ${ZONE_BYTES_MAX} characters in all`,
  );
}

function isZone(text: string): boolean {
  const labels = labelsOf(text);
  const isPlain = labels.every((label) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label));
  return isPlain && isWireName(labels) && text.length <= ZONE_BYTES_MAX;
}

/** So short that there is room for a name of some length. */
const ZONE_BYTES_MAX = 180;
