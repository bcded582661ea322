// Hostile input for a server, and its reaction. A row: a description, the bytes, and the outcome:
// `error N` for each error that the server says, then `closed` or `open`.

import { createHash } from 'node:crypto';

import { array, bytes, frame, head, hex, map, message, no, none, text, uint, yes } from './cbor.ts';
import { clientHello, ENVIRONMENT, factsOf, id, lookup, peerHello } from './raw.ts';

export interface Case {
  readonly name: string;
  readonly bytes: readonly Buffer[];
  readonly outcome: string;
}

type Row = readonly [name: string, outcome: string, ...bytes: readonly Buffer[]];

const NO_FRAME = 'error 1, closed';
const TOO_LONG = 'error 2, closed';
const MALFORMED = 'error 3, closed';
const MISPLACED = 'error 4, closed';
const OPEN = 'open';
const REFUSED = 'error 12, open';
const WRONG_KEY = 'error 17, open';
const AT_LIMIT = 'error 16, closed';

const ESCAPE = '\u001b[2J';
const hello = (...fields: readonly (readonly [string, Buffer])[]) => message(2, ...fields);
const role: readonly [string, Buffer] = ['role', text('client')];
const protocol: readonly [string, Buffer] = ['protocol', uint(2)];
const request: readonly [string, Buffer] = ['request', uint(1)];
const helloWith = (item: Buffer) => hello(role, protocol, ENVIRONMENT, ['extra', item]);
const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x81), hex('00')]);

/** Right after connecting. */
const STRANGERS: readonly Row[] = [
  ['HTTP', MALFORMED, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['SSH', MALFORMED, Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')],
  ['SMTP', MALFORMED, Buffer.from('EHLO x\r\n')],
  ['TLS', 'error 14, closed', hex('16030100c8010000c40303')],
  ['a byte of zero', NO_FRAME, hex('00')],
  ['a break', NO_FRAME, hex('ff')],
  ['a byte string of indefinite length', NO_FRAME, hex('5f')],
  ['a length of a reserved form', NO_FRAME, hex('5c')],
  ['a text where a frame belongs', NO_FRAME, text('hello')],
  ['an array where a frame belongs', NO_FRAME, array(uint(2))],
  ['a tag where a frame belongs', NO_FRAME, hex('d81841 00')],
  ['a frame of 4,097 bytes before the handshake', TOO_LONG, head(2, 4_097)],
  ['a frame of 4 GiB', TOO_LONG, head(2, 2 ** 32)],
  ['a frame of 2^64 - 1 bytes', TOO_LONG, head(2, 2n ** 64n - 1n)],
  ['an empty frame', MALFORMED, frame(Buffer.alloc(0))],
  ['a message that is cut off in its frame', MALFORMED, frame(hex('8202a1'))],
  ['bytes after a message', MALFORMED, frame(Buffer.concat([array(uint(5), map()), hex('00')]))],
  ['a number for a message', MALFORMED, frame(uint(2))],
  ['an empty array', MALFORMED, frame(array())],
  ['a code without fields', MALFORMED, frame(array(uint(2)))],
  ['a list for fields', MALFORMED, frame(array(uint(2), array()))],
  ['a text for a code', MALFORMED, frame(array(text('hello'), map()))],
  ['a negative code', MALFORMED, frame(array(hex('20'), map()))],
  ['a code of 2^64 - 1', MALFORMED, frame(array(uint(2n ** 64n - 1n), map()))],
  ['a message of an unknown kind', MISPLACED, message(999)],
  ['nesting of 20', MALFORMED, helloWith(nested(20))],
  ['nesting of 4,000', MALFORMED, helloWith(nested(4_000))],
  ['an array that says it has 2^32 items', MALFORMED, frame(hex('9affffffff'))],
  ['a map that says it has 2^64 - 1 pairs', MALFORMED, helloWith(hex('bbffffffffffffffff'))],
  ['an array of indefinite length', MALFORMED, helloWith(hex('9fff'))],
  ['a map of indefinite length', MALFORMED, helloWith(hex('bfff'))],
  ['a text of indefinite length', MALFORMED, helloWith(hex('7f6161ff'))],
  ['a float', MALFORMED, helloWith(hex('f93c00'))],
  ['not a number', MALFORMED, helloWith(hex('f97e00'))],
  ['infinity in eight bytes', MALFORMED, helloWith(hex('fb7ff0000000000000'))],
  ['a simple value of two bytes', MALFORMED, helloWith(hex('f820'))],
  ['a date', MALFORMED, helloWith(hex('c11a00000000'))],
  ['a big number', MALFORMED, helloWith(hex('c249010000000000000000'))],
  ['a record definition of cbor-x', MALFORMED, helloWith(hex('d9dfff8319e000816161 01'))],
  ['a typed array', MALFORMED, helloWith(hex('d8404100'))],
  ['a map of tag 259', MALFORMED, helloWith(hex('d90103a0'))],
  ['text that is cut off in a character', MALFORMED, helloWith(hex('61c3'))],
  ['text with an overlong form', MALFORMED, helloWith(hex('62c0af'))],
  ['text with half a surrogate pair', MALFORMED, helloWith(hex('63eda080'))],
  ['a field given twice', MALFORMED, hello(role, role, protocol, ENVIRONMENT)],
  ['a key __proto__', OPEN, hello(role, protocol, ENVIRONMENT, ['__proto__', map(role)])],
  ['a key constructor', OPEN, hello(role, protocol, ENVIRONMENT, ['constructor', yes])],
  ['a field that nobody knows', OPEN, helloWith(array(none, no, uint(2n ** 64n - 1n)))],
  ['no environment', MALFORMED, hello(role, protocol)],
  [
    'another environment',
    'error 6, closed',
    hello(role, protocol, ['environment', text('testing')]),
  ],
  ['an environment with slashes', MALFORMED, hello(role, protocol, ['environment', text('../x')])],
  [
    'an environment that clears the screen',
    MALFORMED,
    hello(role, protocol, ['environment', text(ESCAPE)]),
  ],
  [
    'an environment of 129 characters',
    MALFORMED,
    hello(role, protocol, ['environment', text('x'.repeat(129))]),
  ],
  ['a role that is none', MALFORMED, hello(['role', text('root')], protocol, ENVIRONMENT)],
  ['a protocol of the future', 'error 7, closed', hello(role, ['protocol', uint(99)], ENVIRONMENT)],
  ['a protocol of 2^53', MALFORMED, hello(role, ['protocol', uint(2n ** 53n)], ENVIRONMENT)],
  [
    'a peer that does not say who it is',
    MALFORMED,
    hello(['role', text('peer')], protocol, ENVIRONMENT),
  ],
  [
    'a welcome to the server',
    MISPLACED,
    message(
      1,
      ['protocols', array(uint(1))],
      ENVIRONMENT,
      ['origin', id('1')],
      ['facts', factsOf('x')],
    ),
  ],
  ['a lookup before the handshake', MISPLACED, lookup('db')],
  [
    'a digest before the handshake',
    MISPLACED,
    message(
      40,
      ['complete', yes],
      ['missing', array()],
      ['lines', array()],
      ['goodbyes', array()],
      ['more', no],
    ),
  ],
];

/** An instance whose key is the bytes of a number. */
const instanceOf = (number: number) => {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(number);
  const hash = createHash('sha256').update(key).digest().subarray(0, 16);
  return { id: bytes(hash), key: ['key', bytes(key)] as readonly [string, Buffer] };
};
const registration = (
  given: Partial<
    Record<'id' | 'revision' | 'service' | 'address' | 'port' | 'scheme' | 'tags', Buffer>
  >,
  instance = instanceOf(0),
) =>
  message(
    10,
    request,
    [
      'registration',
      array(
        given.id ?? instance.id,
        given.revision ?? uint(1),
        given.service ?? text('hostile'),
        given.address ?? text('10.0.0.1'),
        given.port ?? uint(80),
        given.scheme ?? none,
        given.tags ?? array(),
      ),
    ],
    instance.key,
  );
const shortKeyed = { ...instanceOf(0), key: ['key', bytes(Buffer.alloc(15))] as const };
const keyless = { ...instanceOf(0), key: ['no-key', none] as const };
/** Gives up an instance that is not there. */
const givingUp = (cause: string, ...more: readonly (readonly [string, Buffer])[]) => {
  const { id: instance, key } = instanceOf(1);
  return message(11, request, ['instance', instance], ['cause', text(cause)], key, ...more);
};
const tag = (key: string, value: string | Buffer) => array(text(key), text(value));
const tags = (count: number, characters: number) =>
  array(...Array.from({ length: count }, (_, at) => tag(`k${String(at)}`, 'x'.repeat(characters))));
const times = (count: number, of: (at: number) => Buffer) =>
  Array.from({ length: count }, (_, at) => of(at));
const watch = (at: number, known: Buffer = array(), service = 'db') =>
  message(15, ['request', uint(at)], ['service', text(service)], ['known', known]);
const ids = (count: number) => {
  const one = Buffer.from(id('0'));
  return Buffer.concat([
    head(4, count),
    ...Array.from({ length: count }, (_, at) => {
      const bytesOfOne = Buffer.from(one);
      bytesOfOne.writeUInt32BE(at, 13);
      return bytesOfOne;
    }),
  ]);
};

/** After shaking hands as a client. */
const CLIENTS: readonly Row[] = [
  ['a second hello', MISPLACED, clientHello],
  ['a frame of 1 MiB and a byte', TOO_LONG, head(2, 1024 * 1024 + 1)],
  ['a message of an unknown kind', 'error 5, open', message(999)],
  ['a request of an unknown kind', 'error 5, open', message(999, request)],
  ['a goaway to the server', MISPLACED, message(4)],
  ['entries from a client', MISPLACED, message(41, ['batches', array()])],
  ['a want from a client', MISPLACED, message(43, ['lines', array()])],
  ['an error for no reason', OPEN, message(3, ['error', uint(12)], ['reason', text('')])],
  [
    'an error that clears the screen',
    MALFORMED,
    message(3, ['error', uint(12)], ['reason', text(ESCAPE)]),
  ],
  [
    'an error of a code of 2^64 - 1',
    MALFORMED,
    message(3, ['error', uint(2n ** 64n - 1n)], ['reason', text('')]),
  ],
  ['port 0', MALFORMED, registration({ port: uint(0) })],
  ['port 65,536', MALFORMED, registration({ port: uint(65_536) })],
  ['port -1', MALFORMED, registration({ port: hex('20') })],
  ['a service with a slash', MALFORMED, registration({ service: text('a/b') })],
  ['a service that clears the screen', MALFORMED, registration({ service: text(`a${ESCAPE}`) })],
  ['a service of two lines', MALFORMED, registration({ service: text('a\nb') })],
  ['a service without a name', MALFORMED, registration({ service: text('') })],
  ['a tag of two lines', MALFORMED, registration({ tags: array(tag('k', 'a\nb')) })],
  ['a tag that clears the screen', MALFORMED, registration({ tags: array(tag('k', ESCAPE)) })],
  [
    'a tag with a control character of eight bits',
    MALFORMED,
    registration({ tags: array(tag('k', '\u009b2J')) }),
  ],
  ['a tag with a zero', MALFORMED, registration({ tags: array(tag('k', '\0')) })],
  ['a tag named __proto__', MALFORMED, registration({ tags: array(tag('__proto__', 'x')) })],
  ['a tag that is no pair', MALFORMED, registration({ tags: array(array(text('k'))) })],
  ['a tag of 1,025 bytes', MALFORMED, registration({ tags: tags(1, 1_025) })],
  ['65 tags', MALFORMED, registration({ tags: tags(65, 1) })],
  ['tags of 20 kB', REFUSED, registration({ tags: tags(20, 1_000) })],
  ['an address of 256 bytes', MALFORMED, registration({ address: text('x'.repeat(256)) })],
  ['an address of two lines', MALFORMED, registration({ address: text('a\r\nb') })],
  ['a scheme that clears the screen', MALFORMED, registration({ scheme: text(ESCAPE) })],
  ['an id of 15 bytes', MALFORMED, registration({ id: bytes(Buffer.alloc(15)) })],
  ['an id that is text', MALFORMED, registration({ id: text('a'.repeat(16)) })],
  ['a revision of 2^53', MALFORMED, registration({ revision: uint(2n ** 53n) })],
  ['a revision of 2^52 + 1', MALFORMED, registration({ revision: uint(2n ** 52n + 1n) })],
  ['a revision of 2^52', OPEN, registration({ revision: uint(2n ** 52n) })],
  ['the id of another key', WRONG_KEY, registration({ id: id('a') })],
  ['a key of 15 bytes', MALFORMED, registration({}, shortKeyed)],
  ['no key', MALFORMED, registration({}, keyless)],
  ...['0.0.0.0', '::', '255.255.255.255', '224.0.0.1', 'ff02::1', 'fe80::1%eth0', '127.1'].map(
    (address): Row => [
      `the address ${address}, which is of no one machine`,
      REFUSED,
      registration({ address: text(address) }),
    ],
  ),
  ...['-oProxyCommand=id', '$(id)', 'x;y', '10.0.0.300', '127.0.0.010', 'a b'].map(
    (address): Row => [`the address ${address}`, REFUSED, registration({ address: text(address) })],
  ),
  ...['-K/some/file', 'a b', '1', ''].map((scheme): Row => [
    `the scheme "${scheme}"`,
    REFUSED,
    registration({ scheme: text(scheme) }),
  ]),
  ['a tag that turns the direction', MALFORMED, registration({ tags: array(tag('k', '\u202e')) })],
  ['a tag of two lines by U+2028', MALFORMED, registration({ tags: array(tag('k', '\u2028')) })],
  ['an address with an isolate', MALFORMED, registration({ address: text('a\u2066b') })],
  ['a negative revision', MALFORMED, registration({ revision: hex('3863') })],
  ['16,385 registrations', REFUSED, ...times(16_385, (at) => registration({}, instanceOf(at)))],
  ['an instance that is not there, given up', OPEN, givingUp('closed')],
  ['a cause that is none yet', OPEN, givingUp('spite')],
  ['a detail of 201 bytes', MALFORMED, givingUp('closed', ['detail', text('x'.repeat(201))])],
  ['257 watches', REFUSED, ...times(257, (at) => watch(at, array(), `db${at}`))],
  ['17 watches of one service', REFUSED, ...times(17, (at) => watch(at))],
  ['the same watch a thousand times', OPEN, ...times(1_000, () => watch(1))],
  ['a watch that is not there, ended', OPEN, message(16, request)],
  ['a million known instances', TOO_LONG, frame(Buffer.alloc(17_000_000)).subarray(0, 65_536)],
  ['32,768 known instances', OPEN, watch(1, ids(32_768))],
  ['one known instance more', MALFORMED, watch(1, ids(32_769))],
  [
    'a host to forget that clears the screen',
    MALFORMED,
    message(24, request, ['host', text(ESCAPE)], ['token', id('1')]),
  ],
  ['2,000 pings at once', OPEN, ...Array.from({ length: 2_000 }, () => message(5))],
  ['5,000 lookups at once', OPEN, ...Array.from({ length: 5_000 }, () => lookup('db'))],
];

const batch = (origin: string, first: number | bigint, ...entries: readonly Buffer[]) =>
  message(41, ['batches', array(array(id(origin), uint(first), array(...entries)))]);
const BYE = array(uint(5));
const factsEntry = (name: string) => array(uint(0), factsOf(name));
const lines = (count: number, sequence: number | bigint) => {
  const line = Buffer.concat([hex('82'), id('0'), uint(sequence)]);
  return Buffer.concat([
    head(4, count),
    ...Array.from({ length: count }, (_, at) => {
      const one = Buffer.from(line);
      one.writeUInt32BE(at + 1, 8);
      return one;
    }),
  ]);
};
const digest = (given: Buffer) =>
  message(
    40,
    ['complete', yes],
    ['missing', array()],
    ['lines', given],
    ['goodbyes', array()],
    ['more', no],
  );
const offer = (given: Buffer) => message(44, ['lines', given]);
const snapshot = (origin: string, sequence: number | bigint, part: number, more: Buffer) =>
  message(
    42,
    ['origin', id(origin)],
    ['sequence', uint(sequence)],
    ['part', uint(part)],
    ['facts', factsOf('s')],
    ['links', array()],
    ['registrations', array()],
    ['more', more],
  );
const many = (count: number, from: number) =>
  Array.from({ length: count }, (_, at) => array(uint(1), id((from + at + 1).toString(16))));

/** After shaking hands as a server. */
const PEERS: readonly Row[] = [
  ['a lookup from a peer', MISPLACED, lookup('db')],
  ['a registration from a peer', MISPLACED, registration({})],
  ['a second hello', MISPLACED, peerHello('1')],
  ['an empty digest', OPEN, digest(array())],
  [
    'entries of an origin of which nothing is known',
    OPEN,
    batch('77', 5, array(uint(1), id('78'))),
  ],
  ['a log that does not begin with its facts', OPEN, batch('77', 1, array(uint(1), id('78')))],
  [
    'a sequence that goes back',
    OPEN,
    batch('77', 1, factsEntry('h77')),
    batch('77', 2, array(uint(1), id('78'))),
    batch('77', 1, factsEntry('h77x')),
  ],
  [
    'a sequence that leaps',
    OPEN,
    batch('77', 1, factsEntry('h77')),
    batch('77', 1_000_000, array(uint(1), id('78'))),
  ],
  [
    'entries at the end of all numbers',
    MALFORMED,
    batch('77', 2n ** 53n - 1n, array(uint(1), id('78'))),
  ],
  ['a snapshot at the end of all numbers', MALFORMED, snapshot('77', 2n ** 53n - 1n, 0, no)],
  ['a sequence of 2^53', MALFORMED, batch('77', 2n ** 53n, array(uint(1), id('78')))],
  ['a digest at the end of all numbers', MALFORMED, digest(lines(3, 2n ** 53n - 1n))],
  ['a digest at the last sequence', OPEN, digest(lines(3, 2n ** 52n))],
  ['entries that go beyond the last sequence', MALFORMED, batch('77', 2n ** 52n, BYE, BYE)],
  ...(
    [
      ['want', 43],
      ['offer', 44],
    ] as const
  ).flatMap(([kind, code]): Row[] => [
    [
      `a goodbye, then a ${kind} of it at the end of all numbers`,
      MALFORMED,
      batch('79', 1, BYE),
      message(code, ['lines', array(array(id('79'), uint(2n ** 53n - 1n)))]),
    ],
    [
      `a goodbye, then a ${kind} of it at the last sequence`,
      OPEN,
      batch('79', 1, BYE),
      message(code, ['lines', array(array(id('79'), uint(2n ** 52n)))]),
    ],
  ]),
  ...['0.0.0.0:1', 'h1', 'h1:0', '-x:1', 'fd00::1:1'].map((address): Row => [
    `facts with the address ${address}`,
    MALFORMED,
    batch(
      '77',
      1,
      array(
        uint(0),
        array(...['h', 'h', 'c', 'a', 'leaf'].map((word) => text(word)), array(text(address))),
      ),
    ),
  ]),
  ['an entry of no kind', MALFORMED, batch('77', 1, array(uint(99)))],
  ['an entry whose kind clears the screen', MALFORMED, batch('77', 1, array(text(ESCAPE)))],
  ['an entry that is empty', MALFORMED, batch('77', 1, array())],
  [
    'facts with nine addresses',
    MALFORMED,
    batch(
      '77',
      1,
      array(
        uint(0),
        array(
          text('h'),
          text('h'),
          text('c'),
          text('a'),
          text('leaf'),
          array(...Array.from({ length: 9 }, () => text('a:1'))),
        ),
      ),
    ),
  ],
  [
    'facts with an address that clears the screen',
    MALFORMED,
    batch(
      '77',
      1,
      array(
        uint(0),
        array(text('h'), text('h'), text('c'), text('a'), text('leaf'), array(text(ESCAPE))),
      ),
    ),
  ],
  [
    'a snapshot that never ends',
    OPEN,
    ...Array.from({ length: 300 }, (_, part) => snapshot('77', 9, part, yes)),
  ],
  [
    'a snapshot in the wrong order',
    OPEN,
    snapshot('77', 9, 1, yes),
    snapshot('77', 9, 0, yes),
    snapshot('77', 9, 2, no),
  ],
  [
    'two snapshots at a time',
    OPEN,
    snapshot('77', 9, 0, yes),
    snapshot('78', 9, 0, yes),
    snapshot('77', 9, 1, no),
  ],
  [
    'goodbyes of a thousand strangers',
    OPEN,
    message(
      40,
      ['complete', yes],
      ['missing', array()],
      ['lines', array()],
      ['goodbyes', ids(1_000)],
      ['more', no],
    ),
  ],
  ['40,000 origins in a digest', OPEN, digest(lines(40_000, 1))],
  [
    '80,000 origins in two offers',
    AT_LIMIT,
    offer(lines(40_000, 1)),
    offer(Buffer.concat([head(4, 40_000), shifted(lines(40_000, 1).subarray(3))])),
  ],
  [
    'links to 70,000 origins',
    AT_LIMIT,
    batch('aa77', 1, factsEntry('h77'), ...many(35_000, 0)),
    batch('aa77', 35_002, ...many(35_000, 35_000)),
  ],
  ['a want of 10,000 origins', OPEN, message(43, ['lines', lines(10_000, 0)])],
  [
    'a check of 10,000 origins that differ',
    OPEN,
    message(45, ['lines', array()], ['count', uint(10_000)], ['hash', uint(1)]),
  ],
  ['a prune of 10,000 origins', OPEN, message(47, ['origins', ids(10_000)])],
];

/** Other ids than those of `lines`. */
function shifted(rows: Buffer): Buffer {
  const copy = Buffer.from(rows);
  for (let at = 2; at < copy.length; at += 19) copy[at] = 0xee;
  return copy;
}

function cases(
  who: string,
  rows: readonly Row[],
  before: (at: number) => readonly Buffer[],
): Case[] {
  return rows.map(([name, outcome, ...given], at) => ({
    name: `${who}: ${name}`,
    outcome,
    bytes: [...before(at), ...given],
  }));
}

/** All of them. */
export const CASES: readonly Case[] = [
  ...cases('a stranger', STRANGERS, () => []),
  ...cases('a client', CLIENTS, () => [clientHello]),
  ...cases('a peer', PEERS, (at) => [peerHello(`f${String(at)}`)]),
];
