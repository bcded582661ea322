// Asks which program answers DNS at an address that is in use. The invariant: an answer comes
// within a moment, whatever is there; only a server of the same zone is one of ours.

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { OPCODE_QUERY, RCODE, TYPE } from '../../doors/dns/codes.ts';
import type { Zone } from '../../doors/dns/zone.ts';
import { familyOf } from '../machine/addresses.ts';
import { errorCode } from '../machine/reasons.ts';
import type { DnsEndpoint } from './dns-sockets.ts';

/** Who is there. */
export type Answerer = 'ours' | 'stranger' | 'nobody';

/** The same, or it hangs up without a word, as one of ours does that stops. */
type Heard = Answerer | 'closed';

/** Looks by both transports: a program that has one of them has the place. */
export async function lookWhoAnswers(endpoint: DnsEndpoint, zone: Zone): Promise<Answerer> {
  let heard = await askBoth(endpoint, zone);
  if (heard.includes('closed')) {
    await delay(STOPPING_MS);
    heard = await askBoth(endpoint, zone);
  }
  if (heard.includes('stranger') || heard.includes('closed')) return 'stranger';
  return heard.includes('ours') ? 'ours' : 'nobody';
}

function askBoth(endpoint: DnsEndpoint, zone: Zone): Promise<readonly Heard[]> {
  return Promise.all([askUdp(endpoint, zone), askTcp(endpoint, zone)]);
}

function askUdp({ host, port }: DnsEndpoint, zone: Zone): Promise<Heard> {
  const socket = createSocket(`udp${familyOf(host)}`);
  return answered(
    (settle) => {
      socket.on('message', (bytes) => {
        settle(isOurs(bytes) ? 'ours' : 'stranger');
      });
      socket.on('error', (error) => {
        settle(errorCode(error) === 'ECONNREFUSED' ? 'nobody' : 'stranger');
      });
      socket.connect(port, host, () => {
        socket.send(soaQueryOf(zone));
      });
    },
    () => socket.close(),
  );
}

function askTcp({ host, port }: DnsEndpoint, zone: Zone): Promise<Heard> {
  const socket = connect({ host, port });
  return answered(
    (settle) => {
      socket.on('connect', () => {
        const query = soaQueryOf(zone);
        socket.write(Buffer.concat([Buffer.from([0, query.length]), query]));
      });
      socket.on('data', (bytes) => {
        settle(isOurs(bytes.subarray(2)) ? 'ours' : 'stranger');
      });
      socket.on('error', (error) => {
        settle(errorCode(error) === 'ECONNREFUSED' ? 'nobody' : 'closed');
      });
      socket.on('close', () => {
        settle('closed');
      });
    },
    () => socket.destroy(),
  );
}

function answered(ask: (settle: (heard: Heard) => void) => void, end: () => void): Promise<Heard> {
  return new Promise<Heard>((resolve) => {
    const timer = setTimeout(resolve, LOOK_MS_MAX, 'stranger');
    ask((heard) => {
      clearTimeout(timer);
      resolve(heard);
    });
  }).finally(end);
}

/** The zone's own record: only a server of the zone has it and answers with authority. */
function soaQueryOf({ labels }: Zone): Buffer {
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]);
  const header = [0x72, 0x61, OPCODE_QUERY, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...header, ...name, 0, 0, TYPE.SOA, 0, 1]);
}

function isOurs(answer: Buffer): boolean {
  const isAuthoritative = ((answer[2] ?? 0) & 4) !== 0;
  return isAuthoritative && ((answer[3] ?? 0) & 15) === RCODE.NOERROR && answer[7] === 1;
}

const LOOK_MS_MAX = 1_000;

/** A server of ours that hangs up is gone within this time. */
const STOPPING_MS = 500;
