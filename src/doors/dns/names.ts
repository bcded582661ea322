// The meaning of names, left of the zone: a service, the same by RFC 2782, one instance,
// qualifiers, the names of DNS-SD. The invariant: each name has one meaning, whatever the services
// are called, because a service whose name would be read as something else has no name in DNS.

import { LABEL_BYTES_MAX } from './codes.ts';
import type { WireName } from './wire-name.ts';

/** The conditions for instances, beyond their service. Values are in lower case. */
export type Qualifier =
  | { readonly kind: 'near' | 'live' }
  | { readonly kind: 'cluster' | 'host' | 'scheme'; readonly value: string }
  | { readonly kind: 'tag'; readonly key: string; readonly value: string };

/** The qualifier that a name is only the beginning of: one that has a value. */
export interface Begun {
  readonly kind: 'cluster' | 'host' | 'scheme' | 'tag';
  readonly key: string;
}

/** A service, and which of its instances. */
export interface ServiceSought {
  readonly kind: 'service';
  /** In lower case. */
  readonly service: string;
  /** By its own name, or as RFC 2782 has it: by transport. */
  readonly form: 'plain' | 'tcp' | 'udp';
  /** No service has just this name; longer ones may end with it. */
  readonly isPartOnly: boolean;
  readonly qualifiers: readonly Qualifier[];
  /** The name is only a part of longer ones, which have this one beside it. */
  readonly begun: Begun | null;
  /** The digits of one instance. */
  readonly instance: string | null;
}

/** The question of a name. */
export type Sought =
  | ServiceSought
  /** The zone itself; its server; the service types of DNS-SD; the zone to browse. */
  | { readonly kind: 'apex' | 'server' | 'types' | 'browsing' }
  /** It exists as a part of others, whatever the services are. */
  | { readonly kind: 'part' }
  /** No name of this form is there, whatever the services are. */
  | { readonly kind: 'unknown' };

/** A kind of name, for the manual: examples of it, the types that it has records of, what it means. */
interface NameForm {
  readonly examples: readonly string[];
  readonly types: readonly ('A' | 'AAAA' | 'SRV' | 'TXT' | 'PTR' | 'SOA' | 'NS')[];
  readonly doc: string;
}

/** All kinds, with `@` for the zone itself. */
export const NAME_FORMS: readonly NameForm[] = [
  {
    examples: ['web'],
    types: ['A', 'AAAA', 'SRV'],
    doc: 'The service. Dots in its name stay dots.',
  },
  {
    examples: ['_web._tcp'],
    types: ['SRV', 'PTR'],
    doc: 'The same by RFC 2782. Below _udp are the instances of scheme udp only.',
  },
  {
    examples: ['_http._tcp.web'],
    types: ['SRV'],
    doc: 'Only the instances of that scheme.',
  },
  {
    examples: ['ams._cluster.web', 'h3._host.web', 'replica._role.web'],
    types: ['A', 'AAAA', 'SRV'],
    doc:
      'Only in that cluster, on that host, with the tag role=replica. Such qualifiers add up to the ' +
      'left, eight at most: ams._cluster.replica._role.web.',
  },
  {
    examples: ['_near.web'],
    types: ['A', 'AAAA', 'SRV'],
    doc: 'Only the nearest: those of this host, else of this cluster, else all.',
  },
  {
    examples: ['_live.web'],
    types: ['A', 'AAAA', 'SRV'],
    doc: 'Never stale instances.',
  },
  {
    examples: ['i-0123456789abcdef.web'],
    types: ['A', 'AAAA', 'SRV', 'TXT'],
    doc: 'One instance, by the first 16 digits of its id, or all 32 where two share them.',
  },
  {
    examples: ['i-0123456789abcdef._web._tcp'],
    types: ['SRV', 'TXT'],
    doc: 'The same, as DNS-SD (RFC 6763) names it.',
  },
  {
    examples: ['_services._dns-sd._udp', 'b._dns-sd._udp', 'lb._dns-sd._udp'],
    types: ['PTR'],
    doc: 'What DNS-SD browses: the types of services; the zone.',
  },
  {
    examples: ['@'],
    types: ['SOA', 'NS', 'A', 'AAAA'],
    doc: 'The zone itself; its address is that of the server.',
  },
  {
    examples: ['ns'],
    types: ['A', 'AAAA'],
    doc: 'The server: the address that was asked.',
  },
];

/** The question of the labels left of the zone, in lower case. */
export function soughtBy(labels: WireName): Sought {
  // Labels are joined with dots: one that has a dot itself would be taken for two.
  if (labels.some((label) => label.includes('.'))) return UNKNOWN;
  const last = labels.at(-1);
  if (last === undefined) return { kind: 'apex' };
  if (last === '_tcp' || last === '_udp') return byTransport(labels.slice(0, -1), last);
  if (labels.length === 1 && last === SERVER) return { kind: 'server' };
  const at = labels.findLastIndex((label) => label.startsWith('_'));
  const parts = labels.slice(at + 1);
  if (at >= 0) return qualified(labels.slice(0, at + 1), parts);
  const digits = digitsOf(parts[0]);
  if (digits === null) return sought(parts, {});
  return parts.length === 1 ? UNKNOWN : sought(parts.slice(1), { instance: digits });
}

/** The first label of an instance's name. */
export function instanceLabel(digits: string): string {
  return `i-${digits}`;
}

/** Digits of an id that are mostly enough to distinguish instances. */
export const INSTANCE_DIGITS = 16;

/**
 * Why a service has no name in DNS; null if it has one. `bytesLeft`: the bytes that a name may have
 * left of the zone.
 */
export function unsayableOf(service: string, bytesLeft: number): string | null {
  const parts = service.toLowerCase().split('.');
  if (parts.includes('')) return 'it has two dots with nothing between them, or one at its end';
  if (parts.some(({ length }) => length > LABEL_BYTES_MAX)) {
    return `a part of it is longer than ${LABEL_BYTES_MAX} characters`;
  }
  if (parts.some((part) => part.startsWith('_'))) return 'a part of it begins with _';
  if (parts.length === 1 && parts[0] === SERVER) return 'ns is the name of the server itself';
  if (digitsOf(parts[0]) !== null) return 'it looks like the name of an instance: i- and 16 digits';
  if (service.length + 1 + LONGEST_LABEL_BYTES > bytesLeft) {
    return `with the zone it is longer than DNS allows`;
  }
  return null;
}

/** `_NAME._tcp`, an instance of it, and the names of DNS-SD (RFC 6763). */
function byTransport(labels: WireName, transport: '_tcp' | '_udp'): Sought {
  const [first, ...rest] = labels;
  if (first === undefined) return { kind: 'part' };
  if (transport === '_udp' && labels.at(-1) === '_dns-sd') return browsing(labels.slice(0, -1));
  const form = transport === '_tcp' ? 'tcp' : 'udp';
  const digits = digitsOf(first);
  const parts = digits === null ? labels : rest;
  const [head = '', ...tail] = parts;
  // `v2._tcp` exists if `_api.v2._tcp` does.
  if (digits === null && !head.startsWith('_')) return sought(parts, { form, isPartOnly: true });
  if (!head.startsWith('_') || head.length === 1) return UNKNOWN;
  return sought([head.slice(1), ...tail], { form, instance: digits });
}

function browsing(labels: WireName): Sought {
  const [first] = labels;
  if (first === undefined) return { kind: 'part' };
  if (labels.length > 1) return UNKNOWN;
  if (first === '_services') return { kind: 'types' };
  return first === 'b' || first === 'lb' ? { kind: 'browsing' } : UNKNOWN;
}

/** `VALUE._KEY` and its like, from the right to the left. */
function qualified(given: WireName, parts: WireName): Sought {
  const qualifiers: Qualifier[] = [];
  let end = given.length;
  while (end > 0) {
    const key = (given[end - 1] ?? '').slice(1);
    const start = key === 'tcp' ? Math.max(end - 2, 0) : startOfValue(given, end - 1);
    const value = given.slice(start, end - 1);
    if (value.length === 0 && start === 0 && !isAlone(key)) {
      return sought(parts, { qualifiers, begun: begunOf(key) });
    }
    const qualifier = qualifierOf(key, value);
    if (qualifier === null) return UNKNOWN;
    qualifiers.push(qualifier);
    end = start;
  }
  return sought(parts, { qualifiers });
}

/** A value goes to the left as far as the next label with an underscore. */
function startOfValue(labels: WireName, end: number): number {
  return labels.slice(0, end).findLastIndex((label) => label.startsWith('_')) + 1;
}

function qualifierOf(key: string, labels: WireName): Qualifier | null {
  const value = labels.join('.');
  if (isAlone(key)) return value === '' ? { kind: key } : null;
  if (value === '') return null;
  if (key === 'tcp') {
    return value.startsWith('_') ? { kind: 'scheme', value: value.slice(1) } : null;
  }
  return key === 'cluster' || key === 'host' ? { kind: key, value } : { kind: 'tag', key, value };
}

function begunOf(key: string): Begun {
  if (key === 'tcp') return { kind: 'scheme', key };
  return { kind: key === 'cluster' || key === 'host' ? key : 'tag', key };
}

function isAlone(key: string): key is 'near' | 'live' {
  return key === 'near' || key === 'live';
}

function sought(parts: WireName, more: Partial<ServiceSought>): Sought {
  const service = parts.join('.');
  // No service has such a name: there is no need to ask.
  if (!SERVICE_PATTERN.test(service) || parts.includes('')) return UNKNOWN;
  if ((more.qualifiers?.length ?? 0) > QUALIFIERS_MAX) return UNKNOWN;
  return { ...PLAIN, service, ...more };
}

function digitsOf(label: string | undefined): string | null {
  return /^i-([0-9a-f]{16}|[0-9a-f]{32})$/.exec(label ?? '')?.[1] ?? null;
}

const PLAIN: ServiceSought = {
  kind: 'service',
  service: '',
  form: 'plain',
  isPartOnly: false,
  qualifiers: [],
  begun: null,
  instance: null,
};

const UNKNOWN: Sought = { kind: 'unknown' };

/** The name of this zone's server. */
const SERVER = 'ns';

const QUALIFIERS_MAX = 8;

/** The form of a service's name, or of the end of one, in lower case. */
const SERVICE_PATTERN = /^[a-z0-9._-]{1,128}$/;

/** `i-`, 32 digits, `._` of the name, `._tcp`, with the lengths of the labels. */
const LONGEST_LABEL_BYTES = 1 + 34 + 1 + 1 + 5;
