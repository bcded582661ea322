// The other end of NOTIFY_SOCKET: the messages for systemd, a line each.

import { type Running, type Stage } from './processes.ts';

/** Listens at a path; resolves when it does. Each message is a line on its stdout. */
export async function startReceiver(stage: Stage, path: string): Promise<Running> {
  const receiver = stage.spawn(['/usr/bin/python3', '-uc', RECEIVER, path]);
  await receiver.line(/^listening$/);
  return receiver;
}

const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('listening')
while True:
    print(receiver.recv(4096).decode().replace('\\n', ' '))
`;
