// Reads the offers of a request with care. One invariant: an offer that leaves this file may stand
// in a message as it is; and for the first offer that is wrong a sentence names the mistake.

import { addressFaultOf } from '../../protocol/address.ts';
import { SEQUENCE_MAX, TAG_VALUE_BYTES_MAX, TAGS_MAX } from '../../protocol/constants.ts';
import type { InstanceKey, Name } from '../../protocol/ids.ts';
import { isInstanceKey, isName } from '../../protocol/ids.ts';
import type { Tag } from '../../protocol/records.ts';
import { isScheme } from '../../protocol/scalars.ts';
import { hasControlCharacters, utf8Bytes } from '../../protocol/texts.ts';

/** An offer that was sent. */
export interface HttpOffer {
  readonly service: Name;
  readonly port: number;
  /** Empty for that of the server. */
  readonly address: string;
  readonly scheme: string | null;
  readonly tags: readonly Tag[];
  /** 32 hexadecimal digits; null: the server makes one. */
  readonly key: InstanceKey | null;
  readonly revision: number | null;
}

/** The offers in a body; a text says what is wrong. */
export function offersIn(
  body: unknown,
  { isListAllowed }: { readonly isListAllowed: boolean },
): readonly HttpOffer[] | string {
  if (!Array.isArray(body)) return all([body]);
  if (!isListAllowed) return 'the body has to be one offer, not a list';
  if (body.length === 0) return 'the list of offers is empty';
  if (body.length > OFFERS_MAX) return `a request has at most ${String(OFFERS_MAX)} offers`;
  return all(body);
}

function all(given: readonly unknown[]): readonly HttpOffer[] | string {
  const offers: HttpOffer[] = [];
  for (const one of given) {
    const offer = offerOf(one);
    if (typeof offer === 'string') return offer;
    offers.push(offer);
  }
  const keys = offers.flatMap(({ key }) => key ?? []);
  return new Set(keys).size < keys.length ? 'two offers have the same key' : offers;
}

function offerOf(given: unknown): HttpOffer | string {
  if (!isObject(given)) return 'an offer has to be an object: {"service":"web","port":8000}';
  const stranger = Object.keys(given).find((key) => !KEYS.has(key));
  if (stranger !== undefined) {
    const known = [...KEYS].join(', ');
    return `${JSON.stringify(stranger)} is not a field of an offer: there are ${known}`;
  }
  const { service, port, address, scheme, key, revision } = given;
  if (service === undefined || port === undefined) return 'an offer needs a service and a port';
  if (typeof service !== 'string' || !isName(service)) {
    return `service ${JSON.stringify(service)} is not a name`;
  }
  if (!isWhole(port, { min: 1, max: 65_535 }))
    return `port ${JSON.stringify(port)} is not a whole number from 1 to 65535`;
  const wrong = wrongText(address, scheme) ?? wrongKey(key, revision);
  if (wrong !== null) return wrong;
  const tags = tagsOf(given['tags']);
  if (typeof tags === 'string') return tags;
  return { service, port, tags, ...settled({ address, scheme, key, revision }) };
}

type Settled = Pick<HttpOffer, 'address' | 'scheme' | 'key' | 'revision'>;

/** The optional fields, once they are known to be right. */
function settled(given: Readonly<Record<keyof Settled, unknown>>): Settled {
  const { address, scheme, key, revision } = given;
  return {
    address: typeof address === 'string' ? address : '',
    scheme: typeof scheme === 'string' ? scheme : null,
    key: typeof key === 'string' && isInstanceKey(key) ? key : null,
    revision: typeof revision === 'number' ? revision : null,
  };
}

function wrongText(address: unknown, scheme: unknown): string | null {
  const isOwn = address === undefined || address === '';
  if (!isOwn && typeof address !== 'string') return 'address has to be a text';
  const fault = isOwn ? null : addressFaultOf(address);
  if (fault !== null) return `${fault.problem}: ${fault.hint}`;
  if (scheme === undefined || (typeof scheme === 'string' && isScheme(scheme))) return null;
  return `scheme ${JSON.stringify(scheme)} is not a scheme`;
}

/** A key is never shown. */
function wrongKey(key: unknown, revision: unknown): string | null {
  const isKey = typeof key === 'string' && isInstanceKey(key);
  if (key !== undefined && !isKey) return 'key is not 32 hexadecimal digits in lower case';
  if (revision === undefined || isWhole(revision, { min: 0, max: SEQUENCE_MAX })) return null;
  return `revision ${JSON.stringify(revision)} is not a whole number from 0 to 2^52`;
}

function tagsOf(given: unknown = {}): readonly Tag[] | string {
  if (!isObject(given)) return 'tags has to be an object: {"version":"7"}';
  const tags: Tag[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (!isName(key)) return `tag ${JSON.stringify(key)} is not a name`;
    if (typeof value !== 'string') return `the value of tag ${key} has to be a text`;
    if (utf8Bytes(value) > TAG_VALUE_BYTES_MAX || hasControlCharacters(value)) {
      return `the value of tag ${key} is too long or has control characters`;
    }
    tags.push({ key, value });
  }
  if (tags.length > TAGS_MAX) return `an offer has at most ${String(TAGS_MAX)} tags`;
  return tags.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function isWhole(
  given: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): given is number {
  return Number.isSafeInteger(given) && Number(given) >= min && Number(given) <= max;
}

const KEYS: ReadonlySet<string> = new Set([
  'service',
  'port',
  'address',
  'scheme',
  'tags',
  'key',
  'revision',
]);
const OFFERS_MAX = 256;
