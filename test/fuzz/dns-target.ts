// The DNS door under packets grown from real ones. The invariants: nothing is thrown; an answer is
// never longer than its asker takes, belongs to its question, and can be read by another codec; an
// answer, or less than a header, gets none.

import { deepStrictEqual, ok } from 'node:assert/strict';
import { decode } from 'dns-packet';
import type { Way } from '../../src/doors/dns/repeated.ts';
import { instanceOf, queryBytes, Stage, TYPES, ZONE } from '../doors/dns/stage.ts';
import type { Chance } from './chance.ts';
import { mutatedBytes } from './mutate.ts';
import type { Target } from './target.ts';

/** A packet, and the way it comes by. */
interface Packet {
  readonly bytes: Uint8Array;
  readonly isStream: boolean;
  readonly isLoopback: boolean;
}

const NAMES = [
  'web',
  'none',
  'my-service',
  'v2',
  'big',
  '_web._tcp',
  '_http._tcp.web',
  'ams._cluster.replica._role.web',
  '_near.web',
  '_live.gone',
  'i-00000000000a000a._web._tcp',
  'i-00000000000a000a.web',
  '_services._dns-sd._udp',
  'ns',
  '',
];

// As dig, kdig, glibc, musl, HAProxy, unbound and systemd-resolved send them: captured, and given
// the names and types that matter here. The options are a cookie, an empty subnet and padding.
const OPTIONS = [
  '000029100000000000000c000a00081122334455667788',
  '00002904d0000080000000',
  '000029ffe3000080000009000500030102030008000400010000',
  '0000292000000000000000',
];

const SEEDS: readonly Packet[] = NAMES.flatMap((name) =>
  Object.values(TYPES).flatMap((type) => {
    const whole = queryBytes(name === '' ? ZONE : `${name}.${ZONE}`, type, { id: 4_711 });
    const withOption = OPTIONS.map((option) => {
      const bytes = Uint8Array.from([...whole, ...Buffer.from(option, 'hex')]);
      bytes[11] = 1;
      return bytes;
    });
    return [whole, ...withOption].map((bytes, index) => ({
      bytes,
      isStream: index % 3 === 2,
      isLoopback: index % 2 === 0,
    }));
  }),
);

/** The target. */
export const dnsTarget: Target<Packet> = {
  name: 'dns',
  seeds: SEEDS,
  mutate: mutatedPacket,
  run: (packet) => [outcomeOf(packet)],
  show: ({ bytes, ...way }) => `${Buffer.from(bytes).toString('hex')} ${JSON.stringify(way)}`,
};

const stage = stageOf();

function mutatedPacket({ bytes, isStream, isLoopback }: Packet, chance: Chance): Packet {
  return {
    bytes: chance.oneIn(3) ? respelled(bytes, chance) : mutatedBytes(bytes, chance),
    isStream: chance.oneIn(8) ? !isStream : isStream,
    isLoopback: chance.oneIn(8) ? !isLoopback : isLoopback,
  };
}

/** The same packet with a letter of another case, or another type or size. */
function respelled(bytes: Uint8Array, chance: Chance): Uint8Array {
  const changed = bytes.slice();
  const at = chance.below(changed.length);
  const byte = changed[at] ?? 0;
  const isLetter = /[a-z]/i.test(String.fromCharCode(byte));
  changed[at] = isLetter ? byte ^ 0x20 : chance.pick([0, 1, 12, 28, 33, 41, 63, 64, 192, 255]);
  return changed;
}

/** The ways, each the same one each time: by them the door knows questions again. */
const WAYS = [false, true].flatMap((isStream) =>
  [false, true].map((isLoopback): Way => {
    const serverAddress = '127.0.0.1';
    return { isStream, isLoopback, isOnHost: isLoopback, isAllowed: true, serverAddress };
  }),
);

function wayOf({ isStream, isLoopback }: Packet): Way {
  const way = WAYS.find((each) => each.isStream === isStream && each.isLoopback === isLoopback);
  if (way === undefined) throw new Error('there is no such way');
  return way;
}

function outcomeOf(packet: Packet): string {
  const { bytes } = packet;
  const before = Buffer.from(bytes).toString('hex');
  const answers: Uint8Array[] = [];
  stage.door.take(bytes, wayOf(packet), {
    answer: (answered) => {
      answers.push(answered.bytes);
    },
  });
  const [answer] = answers;
  deepStrictEqual(Buffer.from(bytes).toString('hex'), before, 'reading has changed the bytes');
  const isAnswered = bytes.length >= 12 && (bytes[2] ?? 0) < 0x80;
  deepStrictEqual(answers.length, isAnswered ? 1 : 0, 'how often it is answered');
  if (answer === undefined) return 'none';
  stage.door.take(answer.slice(), wayOf(packet), {
    answer: () => {
      throw new Error('an answer is answered');
    },
  });
  return checked(answer, packet);
}

function checked(answer: Uint8Array, packet: Packet): string {
  const query = packet.bytes;
  deepStrictEqual(answer.slice(0, 2), query.slice(0, 2), 'the number');
  ok((answer[2] ?? 0) >= 0x80, 'it is no answer');
  const told = decode(Buffer.from(answer)) as ReturnType<typeof decode> & { rcode: string };
  const isCut = ((answer[2] ?? 0) & 2) !== 0;
  const hasEdns = told.additionals?.some(({ type }) => type === 'OPT') === true;
  ok(answer.length <= bytesAllowed(packet, hasEdns), 'the answer is too long');
  if (answer[5] === 1) {
    const end = endOfPlainName(query) + 4;
    deepStrictEqual(answer.slice(12, end), query.slice(12, end), 'the question');
  }
  const sections = [told.answers, told.authorities, told.additionals];
  const counts = sections.map((section) => Math.min(section?.length ?? 0, 4)).join('/');
  const [first] = told.answers ?? [];
  return `${told.rcode} ${counts} ${first?.type ?? ''} ${String(isCut)}`;
}

/** By what its asker said; by the widest that its way allows where another codec cannot read that. */
function bytesAllowed({ bytes, isStream, isLoopback }: Packet, hasEdns: boolean): number {
  if (isStream) return 65_535;
  if (!hasEdns) return 512;
  const most = isLoopback ? 65_507 : 1_232;
  const said = payloadBytesIn(bytes);
  return said === null ? most : Math.min(Math.max(said, 512), most);
}

function payloadBytesIn(bytes: Uint8Array): number | null {
  try {
    const opts = (decode(Buffer.from(bytes)).additionals ?? []).filter(
      ({ type }) => type === 'OPT',
    );
    const [opt] = opts as unknown as readonly { readonly udpPayloadSize: number }[];
    return opt?.udpPayloadSize ?? null;
  } catch {
    return null;
  }
}

/** Where the name of a question ends; at its beginning where it is not plain. */
function endOfPlainName(query: Uint8Array): number {
  let at = 12;
  while ((query[at] ?? 0) > 0) {
    if ((query[at] ?? 0) > 63) return 8;
    at += 1 + (query[at] ?? 0);
  }
  return at + 1;
}

function stageOf(): Stage {
  const made = new Stage({ seed: 7 });
  made.table.isStamped = true;
  made.table.put(
    ...[0, 1, 2].map((index) =>
      instanceOf({
        id: `00000000000a000${String(index)}`.padEnd(32, '0'),
        tags: { role: 'replica', note: 'ü'.repeat(90) },
        scheme: index === 1 ? 'http' : 'grpc',
        address: ['10.0.0.1', '2001:db8::1', 'db.example.com'][index] ?? '',
      }),
    ),
    instanceOf({ service: 'My_Service' }),
    instanceOf({ service: 'my_service' }),
    instanceOf({ service: 'api.v2' }),
    instanceOf({ service: 'gone', state: 'stale' }),
    ...Array.from({ length: 60 }, (_, index) =>
      instanceOf({ service: 'big', address: `10.1.0.${String(index)}` }),
    ),
  );
  return made;
}
