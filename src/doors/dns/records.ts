// The records of instances: addresses, locations, texts, names to browse. The invariant: an SRV
// target names the instance and not its address (HAProxy loses servers that share a target), unless
// the address is a host name itself: then that is the target.

import type { Viewpoint } from '../../core/client/matching.ts';
import type { Instance, Tag } from '../../protocol/records.ts';
import type { DnsAddress } from './addresses.ts';
import { addressOf } from './addresses.ts';
import type { DnsRecord } from './answer.ts';
import { TYPE } from './codes.ts';
import { instanceLabel } from './names.ts';
import { digitsAmong, distanceOf } from './selection.ts';
import type { WireName } from './wire-name.ts';
import { labelsOf, lowered, utf8Bytes } from './wire-name.ts';
import type { Zone } from './zone.ts';

/** The basis for the records of a service. */
export interface Making {
  readonly zone: Zone;
  readonly place: Viewpoint;
  /** All instances of the service: they decide how many digits distinguish one from the others. */
  readonly all: readonly Instance[];
  /** The name of the service where only letters, digits and hyphens are allowed. */
  readonly hostName: string;
  /** The name of the service after `_`. */
  readonly spelling: string;
  /** Whether the client is on the server's own host: else distances mean nothing to it. */
  readonly isOnHost: boolean;
}

/** Makes the records of a service's instances. */
export class Records {
  readonly #making: Making;
  readonly #digitsOf: (instance: Instance) => string;
  /** The parts made of each instance: an answer needs them more than once. */
  readonly #made = new Map<Instance, Made>();

  constructor(making: Making) {
    this.#making = making;
    this.#digitsOf = digitsAmong(making.all);
  }

  /** Every address of a set once; one host name, if that is the whole set, as CNAME. */
  addresses(
    owner: WireName,
    instances: readonly Instance[],
    type: typeof TYPE.A | typeof TYPE.AAAA | typeof TYPE.CNAME,
  ): DnsRecord[] {
    const byText = new Map(instances.map((instance) => [textOf(instance), instance]));
    const [first, ...others] = byText.values();
    const only = first === undefined || others.length > 0 ? null : this.#madeOf(first).address;
    if (only?.kind === 'host') return [this.#record(owner, { type: TYPE.CNAME, name: only.name })];
    if (type === TYPE.CNAME) return [];
    return [...byText.values()].flatMap((each) => this.#addressRecords(owner, each, type));
  }

  /** Where each is. */
  locations(owner: WireName, instances: readonly Instance[]): DnsRecord[] {
    return instances.map((instance) => {
      const { port, tags } = instance.registration;
      const location = {
        priority: this.#priorityOf(instance),
        weight: weightOf(tags),
        port,
        target: this.targetOf(instance),
      };
      return this.#record(owner, { type: TYPE.SRV, location });
    });
  }

  /** The addresses of the targets of these instances. */
  targetAddresses(instances: readonly Instance[]): DnsRecord[] {
    return instances.flatMap((instance) => {
      const owner = this.targetOf(instance);
      return [
        ...this.#addressRecords(owner, instance, TYPE.A),
        ...this.#addressRecords(owner, instance, TYPE.AAAA),
      ];
    });
  }

  /** The other facts about one. */
  text(owner: WireName, instance: Instance): DnsRecord {
    const { registration, host, cluster, state } = instance;
    const own: readonly [string, string | null][] = [
      ['_host', host],
      ['_cluster', cluster],
      ['_state', state === 'stale' ? 'stale' : 'live'],
      ['_scheme', registration.scheme],
      ['_id', registration.instance],
    ];
    const pairs = [...registration.tags.map((tag) => [tag.key, tag.value] as const), ...own];
    const texts = pairs
      .filter(([, value]) => value !== null)
      .map(([key, value]) => utf8Bytes(`${key}=${value ?? ''}`))
      .filter(({ length }) => length <= TEXT_BYTES_MAX);
    return this.#record(owner, { type: TYPE.TXT, texts });
  }

  /** The name by which DNS-SD knows each. */
  pointers(owner: WireName, instances: readonly Instance[], transport: string): DnsRecord[] {
    return instances.map((instance) =>
      this.#record(owner, { type: TYPE.PTR, name: this.browsedNameOf(instance, transport) }),
    );
  }

  /** The name of an instance, or of the host that its address names. */
  targetOf(instance: Instance): WireName {
    return this.#madeOf(instance).target;
  }

  /** `i-…._NAME._tcp`. */
  browsedNameOf(instance: Instance, transport: string): WireName {
    const { zone, spelling } = this.#making;
    const label = instanceLabel(this.#digitsOf(instance));
    return zone.nameOf([label, ...labelsOf(`_${spelling}`), transport]);
  }

  #addressRecords(
    owner: WireName,
    instance: Instance,
    type: typeof TYPE.A | typeof TYPE.AAAA,
  ): DnsRecord[] {
    const { address } = this.#madeOf(instance);
    if (address === null || !isOfType(address, type)) return [];
    return [this.#record(owner, { type, address: address.bytes })];
  }

  #madeOf(instance: Instance): Made {
    let made = this.#made.get(instance);
    if (made === undefined) {
      const address = addressOf(textOf(instance));
      made = { address, target: this.#targetAt(address, instance) };
      this.#made.set(instance, made);
    }
    return made;
  }

  #targetAt(address: DnsAddress | null, instance: Instance): WireName {
    if (address?.kind === 'host') return address.name;
    const { zone, hostName } = this.#making;
    return zone.nameOf([instanceLabel(this.#digitsOf(instance)), ...labelsOf(hostName)]);
  }

  #priorityOf(instance: Instance): number {
    const { isOnHost, place } = this.#making;
    return isOnHost ? distanceOf(instance, place) * PRIORITY_STEP : 0;
  }

  #record(owner: WireName, data: DnsRecord['data']): DnsRecord {
    return { owner, ttl: this.#making.zone.ttl, data };
  }
}

/** The parts of an instance that stand in more than one place. */
interface Made {
  readonly address: DnsAddress | null;
  readonly target: WireName;
}

function textOf({ registration }: Instance): string {
  return registration.address;
}

function isOfType(
  address: DnsAddress,
  type: number,
): address is DnsAddress & { readonly kind: 'v4' | 'v6' } {
  return address.kind === (type === TYPE.A ? 'v4' : 'v6');
}

function weightOf(tags: readonly Tag[]): number {
  const text = tags.find(({ key }) => lowered(key) === 'weight')?.value ?? '';
  const weight = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return weight >= 1 && weight <= WEIGHT_MAX ? weight : 1;
}

/** Bytes that one string of a TXT can hold (RFC 1035). */
const TEXT_BYTES_MAX = 255;

const PRIORITY_STEP = 10;
const WEIGHT_MAX = 65_535;
