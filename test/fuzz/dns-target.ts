// The DNS door under packets grown from real ones. The invariants: nothing is thrown; an answer is
// never longer than its asker takes, answers that very question, and is one that another codec can
// read; what is an answer itself, or no header, gets none.

import { deepStrictEqual, ok } from 'node:assert/strict';
import { decode } from 'dns-packet';
import type { Way } from '../../src/doors/dns/door.ts';
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

function outcomeOf({ bytes, isStream, isLoopback }: Packet): string {
  const before = Buffer.from(bytes).toString('hex');
  const way: Way = {
    isStream,
    isLoopback,
    isOnHost: isLoopback,
    isAllowed: true,
    serverAddress: '127.0.0.1',
  };
  const answers: Uint8Array[] = [];
  stage.door.take(bytes, way, (answered) => {
    answers.push(answered.bytes);
  });
  const [answer] = answers;
  deepStrictEqual(Buffer.from(bytes).toString('hex'), before, 'reading has changed the bytes');
  const isAnswered = bytes.length >= 12 && (bytes[2] ?? 0) < 0x80;
  deepStrictEqual(answers.length, isAnswered ? 1 : 0, 'how often it is answered');
  return answer === undefined ? 'none' : checked(answer, bytes, isStream ? 65_535 : 65_507);
}

function checked(answer: Uint8Array, query: Uint8Array, most: number): string {
  ok(answer.length <= most, 'the answer is too long');
  deepStrictEqual(answer.slice(0, 2), query.slice(0, 2), 'the number');
  ok((answer[2] ?? 0) >= 0x80, 'it is no answer');
  const packet = decode(Buffer.from(answer)) as ReturnType<typeof decode> & { rcode: string };
  const isCut = ((answer[2] ?? 0) & 2) !== 0;
  const hasEdns = packet.additionals?.some(({ type }) => type === 'OPT') === true;
  if (!hasEdns && most === 65_507) ok(answer.length <= 512, 'more than 512 bytes without EDNS');
  const sections = [packet.answers, packet.authorities, packet.additionals];
  const counts = sections.map((section) => Math.min(section?.length ?? 0, 4)).join('/');
  const [first] = packet.answers ?? [];
  return `${packet.rcode} ${counts} ${first?.type ?? ''} ${String(isCut)}`;
}

function stageOf(): Stage {
  const made = new Stage({ seed: 7 });
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
