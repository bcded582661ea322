// What an address is: where a service or a server listens, as clients are told. An IPv4 address of
// four decimal numbers, an IPv6 address without a zone, or a host name. The invariant: an accepted
// address means the same to every program on every machine of the fleet, and none takes it for a
// flag, a word of a shell, or an address of many machines. Programs differ on all else: `127.1`,
// `010`.

/** Bytes of an address: those of the longest name in DNS. */
export const ADDRESS_BYTES_MAX = 253;

/** Bytes of a server's address: with brackets, a colon and a port. */
export const SERVER_ADDRESS_BYTES_MAX = ADDRESS_BYTES_MAX + '[]:65535'.length;

/** What is wrong with an address, and what to give instead. */
export interface AddressFault {
  readonly problem: string;
  readonly hint: string;
}

/** Whether a text is an address of one machine. */
export function isAddress(text: string): boolean {
  const kind = addressKindOf(text);
  return kind === 'host-name' || kind === 'ip';
}

/** Whether a text is `ADDRESS:PORT`, IPv6 in brackets. */
export function isServerAddress(text: string): boolean {
  const colon = text.lastIndexOf(':');
  if (!isPort(text, colon + 1)) return false;
  const host = text.slice(0, colon);
  if (!host.startsWith('[')) return !host.includes(':') && isAddress(host);
  return host.endsWith(']') && host.includes(':') && isAddress(host.slice(1, -1));
}

/** What is wrong with a text that is to be an address; null for nothing. */
export function addressFaultOf(text: string): AddressFault | null {
  const kind = addressKindOf(text);
  if (kind === 'host-name' || kind === 'ip') return null;
  const shown = isShowable(text) ? `address "${text}"` : 'an address';
  return { problem: `${shown} ${FAULTS[kind].problem}`, hint: FAULTS[kind].hint };
}

/** What a text is to a program that reads addresses. */
export type AddressKind = 'host-name' | 'ip' | keyof typeof FAULTS;

const ONE_MACHINE = 'give the address at which clients reach the service, such as 10.0.0.7';

const FAULTS = {
  wildcard: {
    problem: 'is not the address of a service: it stands for every address of a machine',
    hint: ONE_MACHINE,
  },
  broadcast: {
    problem: 'is not the address of a service: it is the broadcast address',
    hint: ONE_MACHINE,
  },
  multicast: {
    problem: 'is not the address of a service: it is a multicast address',
    hint: ONE_MACHINE,
  },
  zone: {
    problem: 'is not the address of a service: its zone means something on one machine only',
    hint: 'give an address without a zone',
  },
  number: {
    problem: 'is not an address',
    hint: 'an IPv4 address has four decimal numbers up to 255, without leading zeros',
  },
  other: {
    problem: 'is not an address',
    hint:
      'give an IP address or a host name: labels of letters, digits, hyphens and underscores, ' +
      'with dots between',
  },
} as const;

/** Whether a text is an address, or what else. */
export function addressKindOf(text: string): AddressKind {
  if (text.length > ADDRESS_BYTES_MAX) return 'other';
  if (text.includes(':')) return kindOfIpv6(text);
  const first = text.charCodeAt(0);
  if (isDigit(first)) {
    const number = ipv4Of(text, 0);
    if (number >= 0) return kindOfIpv4(number);
  }
  return kindOfHostName(text);
}

function kindOfIpv4(number: number): AddressKind {
  if (number === 0) return 'wildcard';
  if (number === 0xffffffff) return 'broadcast';
  const first = Math.floor(number / 0x1000000);
  return first >= 224 && first < 240 ? 'multicast' : 'ip';
}

function kindOfIpv6(text: string): AddressKind {
  const groups = ipv6Of(text);
  if (groups === null) return /^[0-9a-f:.]+%/i.test(text) ? 'zone' : 'other';
  if ((groups[0] ?? 0) >> 8 === 0xff) return 'multicast';
  const isMapped = groups.every((group, at) => at > 5 || group === (at === 5 ? 0xffff : 0));
  const isZero = groups.every((group) => group === 0);
  if (!isMapped) return isZero ? 'wildcard' : 'ip';
  return kindOfIpv4((groups[6] ?? 0) * 0x10000 + (groups[7] ?? 0));
}

/** The labels of a name; programs must not read the last one as a number. */
function kindOfHostName(text: string): AddressKind {
  let start = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index < text.length ? text.charCodeAt(index) : DOT;
    if (code !== DOT) {
      if (!isLabelCharacter(code)) return 'other';
      continue;
    }
    const isLong = index - start > LABEL_CHARACTERS_MAX;
    if (index === start || isLong || text.charCodeAt(start) === HYPHEN) return 'other';
    if (text.charCodeAt(index - 1) === HYPHEN) return 'other';
    if (index < text.length) start = index + 1;
  }
  return isNumber(text, start) ? 'number' : 'host-name';
}

/** Whether programs take a label for a number: in decimal, or in hexadecimal after `0x`. */
function isNumber(text: string, start: number): boolean {
  if (!isDigit(text.charCodeAt(start))) return false;
  return /^(?:[0-9]+|0x[0-9a-f]*)$/i.test(text.slice(start));
}

/** The number of an IPv4 address that begins there and ends the text; -1 if there is none. */
function ipv4Of(text: string, start: number): number {
  let [address, dots, octet, digits] = [0, 0, 0, 0];
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return -1;
      address = address * 256 + octet;
      dots += 1;
      octet = digits = 0;
    } else {
      if (!isDigit(code) || (digits > 0 && octet === 0)) return -1;
      octet = octet * 10 + code - 48;
      digits += 1;
      if (octet > 255) return -1;
    }
  }
  return digits === 0 || dots !== 3 ? -1 : address * 256 + octet;
}

/** The eight groups of an IPv6 address (RFC 4291, section 2.2); null if it is none. */
function ipv6Of(text: string): readonly number[] | null {
  const halves = text.split('::');
  const [head = '', tail] = halves;
  const left = groupsOf(head, halves.length === 1);
  if (tail === undefined) return left?.length === 8 ? left : null;
  const right = groupsOf(tail, true);
  if (halves.length > 2 || left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  return missing < 1 ? null : [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

/** The groups between single colons; those at the end may be an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const words = text.split(':');
  for (const [at, word] of words.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(word)) {
      groups.push(Number.parseInt(word, 16));
      continue;
    }
    const number = isEnd && at === words.length - 1 ? ipv4Of(word, 0) : -1;
    if (number < 0) return null;
    groups.push(Math.floor(number / 0x10000), number % 0x10000);
  }
  return groups;
}

function isPort(text: string, start: number): boolean {
  if (start < 1 || !/^[1-9][0-9]{0,4}$/.test(text.slice(start))) return false;
  return Number(text.slice(start)) <= PORT_MAX;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLabelCharacter(code: number): boolean {
  const letter = code | 0x20;
  return isDigit(code) || (letter >= 97 && letter <= 122) || code === HYPHEN || code === UNDERSCORE;
}

/** Whether a text may stand in a message: short, and without control characters. */
function isShowable(text: string): boolean {
  return /^[ -~]{0,64}$/.test(text) && !text.includes('"');
}

const DOT = 46;
const HYPHEN = 45;
const UNDERSCORE = 95;
const PORT_MAX = 65_535;
const LABEL_CHARACTERS_MAX = 63;
