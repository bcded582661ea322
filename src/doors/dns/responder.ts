// Answers queries from the catalogue. The invariants: NXDOMAIN comes from certain knowledge only; a
// name that exists has no NXDOMAIN for any type (a program that asks for AAAA beside A would take
// neither); every refusal has a reason.

import type { Instance } from '../../protocol/records.ts';
import { addressOf } from './addresses.ts';
import type { DnsAnswer, DnsRecord, ExtendedError } from './answer.ts';
import { refusal } from './answer.ts';
import { CLASS_IN, EDE, TYPE } from './codes.ts';
import { DnsNames } from './directory.ts';
import type { ServiceSought, Sought } from './names.ts';
import { soughtBy, unsayableOf } from './names.ts';
import type { DnsQuery } from './query.ts';
import { Records } from './records.ts';
import type { Selection, Vantage } from './selection.ts';
import { select } from './selection.ts';
import type { DnsView } from './view.ts';
import { cannotTellError, incompleteError, severalError, staleError } from './view.ts';
import type { WireName } from './wire-name.ts';
import { labelsOf } from './wire-name.ts';
import type { Zone } from './zone.ts';

/**
 * The catalogue's answer for a service. As long as it does not change, `instances` is the same
 * list.
 */
export interface FoundInstances {
  readonly instances: readonly Instance[];
  readonly view: DnsView;
}

/** The services that there are. As long as they do not change it is the same list. */
export interface FoundServices {
  readonly services: readonly { readonly name: string }[];
  readonly view: DnsView;
}

/**
 * The door's questions to its server, which calls back at once or, after a sleep, a moment later.
 */
export interface DnsCatalogue {
  lookup(service: string, take: (found: FoundInstances) => void): void;
  list(take: (found: FoundServices) => void): void;
  /** The number of changes so far. */
  serial(): number;
  /** As long as it is the same, so is every answer; null if only a question can tell. */
  stamp(): number | null;
}

/** Who asks. */
export interface DnsClient {
  /** It asks from the server's own host. */
  readonly isOnHost: boolean;
  /** The address of the server that it has asked. */
  readonly serverAddress: string;
}

/** The basis of an answer with instances: as long as it is the same, so is the answer. */
export interface DnsBasis extends FoundInstances {
  readonly service: string;
  /** The services among which it was found; null where its own name was asked for. */
  readonly services: FoundServices['services'] | null;
}

/** An answer, and its basis; null for one that is right while nothing changes. */
export interface Reply {
  readonly answer: DnsAnswer;
  readonly basis: DnsBasis | null;
}

/** A query, its sender, and the receiver of the answer. */
export interface Request {
  readonly query: DnsQuery;
  readonly asker: DnsClient;
  readonly reply: (reply: Reply) => void;
}

/** The parts of a responder. */
export interface ResponderOptions extends Vantage {
  readonly zone: Zone;
  readonly catalogue: DnsCatalogue;
}

/** The authority for the zone. */
export class Responder {
  readonly #options: ResponderOptions;
  #directory: { readonly of: FoundServices['services']; readonly is: DnsNames } | null = null;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** Answers a query, once. */
  respond(request: Request): void {
    const { query } = request;
    const { name, type, class: given } = query.question;
    const { zone } = this.#options;
    if (query.edns !== null && query.edns.version > 0) {
      this.#refuse(request, refusal(query, 'BADVERS'));
      return;
    }
    const labels = zone.within(name);
    if (labels === null) {
      const text = `this server knows ${zone.text} only`;
      this.#refuse(request, refusal(query, 'REFUSED', { code: EDE.NOT_AUTHORITATIVE, text }));
    } else if (given !== CLASS_IN || type === TYPE.AXFR || type === TYPE.IXFR) {
      this.#refuse(request, refusal(query, 'REFUSED'));
    } else {
      this.#answer(request, soughtBy(labels));
    }
  }

  #answer(request: Request, sought: Sought): void {
    switch (sought.kind) {
      case 'service':
        this.#findService(request, sought);
        break;
      case 'types':
        this.#answerTypes(request);
        break;
      case 'unknown':
        this.#deny(request, null);
        break;
      default:
        this.#affirm(request, { records: this.#fixedRecords(request, sought.kind) });
    }
  }

  /** The records of names that are always there. */
  #fixedRecords(
    { query, asker }: Request,
    kind: 'apex' | 'server' | 'browsing' | 'part',
  ): DnsRecord[] {
    const { zone, catalogue } = this.#options;
    const { name: owner, type } = query.question;
    const { ttl } = zone;
    if (kind === 'browsing') {
      return type === TYPE.PTR ? [{ owner, ttl, data: { type, name: zone.labels } }] : [];
    }
    if (kind === 'part') return [];
    if (kind === 'apex' && type === TYPE.SOA) return [zone.soa(catalogue.serial(), ttl)];
    if (kind === 'apex' && type === TYPE.NS) return [zone.ns()];
    const address = addressRecord(owner, ttl, asker.serverAddress);
    return address?.data.type === type ? [address] : [];
  }

  /** The service types of DNS-SD. */
  #answerTypes(request: Request): void {
    const { zone, catalogue } = this.#options;
    const { name: owner, type } = request.query.question;
    catalogue.list(({ services, view }) => {
      const names = this.#directoryOf(services).spellings();
      if (names.length === 0 && cannotTellError(view) !== null) {
        this.#deny(request, view);
        return;
      }
      const records = names.map((name): DnsRecord => {
        const pointed = zone.nameOf([...labelsOf(`_${name}`), '_tcp']);
        return { owner, ttl: zone.ttl, data: { type: TYPE.PTR, name: pointed } };
      });
      this.#affirm(request, {
        records: type === TYPE.PTR ? records : [],
        error: incompleteError(view),
      });
    });
  }

  #findService(request: Request, sought: ServiceSought): void {
    const { zone, catalogue } = this.#options;
    const { service } = sought;
    if (!sought.isPartOnly && unsayableOf(service, zone.bytesLeft) !== null) {
      this.#deny(request, null);
      return;
    }
    // A name with an underscore, or without a service, may mean another one.
    if (sought.isPartOnly || service.includes('_')) {
      this.#findByDirectory(request, sought);
      return;
    }
    catalogue.lookup(service, (found) => {
      if (found.instances.length === 0) this.#findByDirectory(request, sought);
      else this.#answerService(request, sought, { ...found, service, services: null });
    });
  }

  #findByDirectory(request: Request, sought: ServiceSought): void {
    const { catalogue } = this.#options;
    catalogue.list(({ services, view }) => {
      const directory = this.#directoryOf(services);
      const { service: asked, qualifiers, instance, begun, form, isPartOnly } = sought;
      const found = isPartOnly ? { kind: 'none' as const } : directory.find(asked);
      if (found.kind === 'service') {
        catalogue.lookup(found.name, (instances) => {
          this.#answerService(request, sought, { ...instances, service: found.name, services });
        });
      } else if (found.kind === 'several') {
        this.#fail(request, severalError(asked, found.names));
      } else {
        const isBare = qualifiers.length === 0 && instance === null && begun === null;
        const mayBePart = isBare && (form === 'plain' || isPartOnly);
        if (mayBePart && directory.isPart(asked)) this.#affirm(request, { records: [] });
        else this.#deny(request, view);
      }
    });
  }

  #answerService(request: Request, sought: ServiceSought, basis: DnsBasis): void {
    const { instances: all, view } = basis;
    const selection = select(all, sought, this.#options);
    const { instances, isStale } = selection;
    if (selection.isOnlyStale) {
      this.#fail(request, staleError(hostsOf(all.filter(({ state }) => state === 'stale'))));
    } else if (instances.length > 0) {
      const error = isStale ? staleError(hostsOf(instances)) : incompleteError(view);
      this.#affirm(request, {
        ...this.#recordsOf(request, { sought, basis, selection }),
        error,
        basis,
      });
    } else if (selection.isPart) {
      this.#affirm(request, { records: [], error: incompleteError(view) });
    } else {
      this.#deny(request, view);
    }
  }

  /** The records of instances for a question of this type, and the additional ones. */
  #recordsOf(
    { query, asker }: Request,
    { sought, basis, selection: { instances } }: Chosen,
  ): { records: DnsRecord[]; additional?: DnsRecord[] } {
    const { name: owner, type } = query.question;
    const { form, instance, qualifiers } = sought;
    const records = this.#recordsFor(basis, asker);
    const isPlain = form === 'plain';
    if (type === TYPE.SRV) {
      const additional = records.targetAddresses(instances);
      return { records: records.locations(owner, instances), additional };
    }
    if (isPlain && (type === TYPE.A || type === TYPE.AAAA || type === TYPE.CNAME)) {
      const isOfScheme = qualifiers.some(({ kind }) => kind === 'scheme');
      return { records: isOfScheme ? [] : records.addresses(owner, instances, type) };
    }
    if (type === TYPE.TXT && instance !== null) {
      return { records: instances.map((each) => records.text(owner, each)) };
    }
    if (isPlain || instance !== null || type !== TYPE.PTR) return { records: [] };
    const transport = `_${form}`;
    const additional = instances.flatMap((each) => {
      const name = records.browsedNameOf(each, transport);
      return [...records.locations(name, [each]), records.text(name, each)];
    });
    return {
      records: records.pointers(owner, instances, transport),
      additional: [...additional, ...records.targetAddresses(instances)],
    };
  }

  #recordsFor({ service, services, instances: all }: DnsBasis, { isOnHost }: DnsClient): Records {
    const { zone, place } = this.#options;
    const hostName = services === null ? service : this.#directoryOf(services).hostNameOf(service);
    const spelling = service.toLowerCase();
    return new Records({ zone, place, all, hostName, spelling, isOnHost });
  }

  #directoryOf(services: FoundServices['services']): DnsNames {
    if (this.#directory?.of !== services) {
      const names = services.map(({ name }) => name);
      this.#directory = { of: services, is: new DnsNames(names, this.#options.zone.bytesLeft) };
    }
    return this.#directory.is;
  }

  /** The name exists, with or without records of the type. */
  #affirm({ query, reply }: Request, told: Told): void {
    const { records, additional = [], error = null, basis = null } = told;
    const { name: owner, type } = query.question;
    const { zone, catalogue } = this.#options;
    const answers =
      type === TYPE.ANY
        ? [{ owner, ttl: zone.ttl, data: { type: TYPE.HINFO, texts: ['RFC8482', ''] } }]
        : records;
    const authority = answers.length > 0 ? [] : [zone.soa(catalogue.serial(), zone.ttl)];
    const errors = error === null ? [] : [error];
    const answer: DnsAnswer = {
      asked: query,
      rcode: 'NOERROR',
      isAuthoritative: true,
      answers,
      authority,
      additional,
      errors,
    };
    reply({ answer, basis: answers.length > 0 ? basis : null });
  }

  /**
   * There is no such name, or the server cannot tell; `view` is null where that does not matter.
   */
  #deny(request: Request, view: DnsView | null): void {
    const { zone, catalogue } = this.#options;
    const error = view === null ? null : cannotTellError(view);
    if (error !== null) {
      this.#fail(request, error);
      return;
    }
    const authority = [zone.soa(catalogue.serial(), 0)];
    const none = refusal(request.query, 'NXDOMAIN');
    request.reply({ answer: { ...none, isAuthoritative: true, authority }, basis: null });
  }

  #fail({ query, reply }: Request, error: ExtendedError): void {
    const failed = refusal(query, 'SERVFAIL', error);
    reply({ answer: { ...failed, isAuthoritative: true }, basis: null });
  }

  #refuse({ reply }: Request, answer: DnsAnswer): void {
    reply({ answer, basis: null });
  }
}

interface Chosen {
  readonly sought: ServiceSought;
  readonly basis: DnsBasis;
  readonly selection: Selection;
}

interface Told {
  readonly records: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
  readonly error?: ExtendedError | null;
  readonly basis?: DnsBasis;
}

function addressRecord(owner: WireName, ttl: number, text: string): DnsRecord | null {
  const address = addressOf(text);
  if (address === null || address.kind === 'host') return null;
  const type = address.kind === 'v4' ? TYPE.A : TYPE.AAAA;
  return { owner, ttl, data: { type, address: address.bytes } };
}

function hostsOf(instances: readonly Instance[]): string[] {
  const hosts = new Set(instances.map(({ host }) => host as string));
  return [...hosts].sort((one, other) => (one < other ? -1 : 1));
}
