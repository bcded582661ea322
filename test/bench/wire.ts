// A client that speaks the protocol without logic: the cost of asking must not hide the cost of
// answering. Messages are encoded beforehand; arrivals are decoded only for callers that want it.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { identityOf } from '../../src/io/machine/instance-key.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX, PROTOCOL_VERSIONS } from '../../src/protocol/constants.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';
import type { Identity, InstanceId, InstanceKey, Name } from '../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../src/protocol/messages.ts';
import type { Registration } from '../../src/protocol/records.ts';

/** A session. */
export interface Session {
  readonly socket: Socket;
  send(message: Message): void;
  close(): void;
}

/** A message as it stands on the wire. */
export function framed(message: Message): Uint8Array {
  return encodeFrame(encodeMessage(message));
}

/** Opens a session with a server; every message is handed on. */
export async function openSession(
  address: string,
  onMessage: (message: Message) => void = () => undefined,
): Promise<Session> {
  const socket = await dial(address);
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);
  let greet = (): void => undefined;
  const greeted = new Promise<void>((resolve) => {
    greet = resolve;
  });
  socket.on('data', (chunk) => {
    for (const frame of decoder.push(chunk)) {
      const message = decodeMessage(frame);
      if (message.kind === 'welcome') greet();
      else if (message.kind !== 'unknown' && message.kind !== 'unfit') onMessage(message);
    }
  });
  await greeted;
  socket.write(HELLO);
  const alive = setInterval(() => socket.write(PING), PING_MS);
  socket.on('close', () => {
    clearInterval(alive);
  });
  return {
    socket,
    send: (message) => socket.write(framed(message)),
    close: () => socket.destroy(),
  };
}

/** Connects to `HOST:PORT`. */
export async function dial(address: string): Promise<Socket> {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  const socket = connect({ host: address.slice(0, at), port, noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Connects to a bare relay at a port of this machine, and waits until it says so. */
export async function dialRelay(port: string): Promise<Socket> {
  const socket = await dial(`127.0.0.1:${port}`);
  await once(socket, 'data');
  return socket;
}

/** A registration as services have them. */
export function registrationOf(index: number, service = `service-${String(index % 400)}`) {
  const registration: Registration = {
    instance: identityAt(index).instance,
    revision: 1,
    service: service as Name,
    address: `10.${String(index >> 16)}.${String((index >> 8) & 255)}.${String(index & 255)}`,
    port: 1024 + (index % 60_000),
    scheme: 'http',
    tags: [
      { key: 'version' as Name, value: `1.2.${String(index % 5)}` },
      { key: 'zone' as Name, value: `akl-${String(index % 3)}` },
    ],
  };
  return registration;
}

function identityAt(index: number): Identity {
  const identity = identityOf(`b${index.toString(16).padStart(31, '0')}` as InstanceKey);
  KEYS.set(identity.instance, identity.key);
  return identity;
}

const KEYS = new Map<InstanceId, InstanceKey>();

/** The key of an instance of `registrationOf`. */
export function keyOf(instance: InstanceId): InstanceKey {
  const key = KEYS.get(instance);
  if (key === undefined) throw new RangeError(`nobody made ${instance}`);
  return key;
}

/** The message of a client that registers. */
export function registerOf(request: number, registration: Registration): MessageOf<'register'> {
  return { kind: 'register', request, registration, key: keyOf(registration.instance) };
}

export const environment = 'development' as Name;
export const HELLO = framed({
  kind: 'hello',
  protocol: PROTOCOL_VERSIONS[0] ?? 0,
  role: 'client',
  environment,
});
export const PING = framed({ kind: 'ping' });
const PING_MS = 800;
