// Programs that register by HTTP with what their language or their shell has anyway, and are killed:
// with the process its connection is gone, and with that the service. A container is a network and a
// /run of its own, into which the folder of the sockets is mounted.

import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { type Door, openDoor } from '../support/door.ts';
import { type Need, needs } from '../support/needs.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

interface Program {
  readonly program: string;
  readonly needs: readonly Need[];
  /** What runs it; it prints what it is answered. */
  readonly words: (url: string) => readonly string[];
}

const OFFER = '{"service":"web","port":8000}';
const JSON_TYPE = 'Content-Type: application/json';
const CURL = ['curl', '-sN', '-H', JSON_TYPE, '-d', OFFER];

const REQUESTS = `
import requests, sys
answer = requests.post(sys.argv[1], sys.argv[2], headers={"Content-Type": "application/json"}, stream=True)
for line in answer.iter_lines(chunk_size=1):
    print(line.decode(), flush=True)
`;

const URLLIB = `
import sys, urllib.request
headers = {"Content-Type": "application/json"}
with urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers)) as answer:
    for line in answer:
        print(line.decode(), end="", flush=True)
`;

const FETCH = `
const [url, body] = process.argv.slice(1);
const headers = { 'Content-Type': 'application/json' };
const answer = await fetch(url, { method: 'POST', headers, body });
for await (const chunk of answer.body) process.stdout.write(chunk);
`;

const PROGRAMS: readonly Program[] = [
  { program: 'curl', needs: ['curl'], words: (url) => [...CURL, url] },
  {
    program: 'requests of Python',
    needs: ['python3-requests'],
    words: (url) => ['/usr/bin/python3', '-c', REQUESTS, url, OFFER],
  },
  {
    program: 'urllib of Python',
    needs: ['python3'],
    words: (url) => ['python3', '-c', URLLIB, url, OFFER],
  },
  {
    program: 'fetch of Node.js',
    needs: [],
    words: (url) => [process.execPath, '--input-type=module', '-e', FETCH, url, OFFER],
  },
];

/** Starts a program that registers, kills it, and expects that its service goes with it. */
async function expectGone(stage: Stage, door: Door, start: () => Running): Promise<void> {
  const server = `--server=${door.host}`;
  const watch = stage.start(['lookup', 'web', '--watch', server]);
  await watch.printed({ change: 'synced' });
  const service = start();
  await service.printed({ event: 'registered', port: 8000 });
  await watch.printed({ change: 'added' });

  service.signal('SIGKILL');
  const { cause } = await watch.printed({ change: 'removed' });
  const { code } = await stage.run(['lookup', 'web', server]);

  expect([cause, code]).toEqual(['closed', 1]);
}

for (const { program, needs: needed, words } of PROGRAMS) {
  test.skipIf(!needed.every(needs))(
    `what ${program} registers is gone when it is killed`,
    async ({ stage }) => {
      const door = await openDoor(stage);
      const url = `http://${door.host}:17342/v1/register`;

      await expectGone(stage, door, () => stage.spawn(words(url)));
    },
  );
}

test.skipIf(!canMakeNetworks() || !needs('curl'))(
  'what registers from a container, by the socket, is gone when it is killed',
  async ({ stage }) => {
    const door = await openDoor(stage, [`--socket=${join(stage.folder, 'a.sock')}`]);
    const container = { within: await stage.openNamespace() };
    const socket = ['--unix-socket', join(stage.folder, 'development.http.sock')];
    const inside = (...given: readonly string[]): Running =>
      stage.spawn(['curl', '-s', '-N', ...given], container);
    await eventually(
      () => 'the socket of the host',
      async () => {
        const { code } = await inside(...socket, 'http://localhost/livez').ended;
        return code === 0 ? true : undefined;
      },
    );
    const byNetwork = await inside(`http://${door.host}:17342/livez`).ended;

    const given = [...socket, '-H', JSON_TYPE, '-d', OFFER, 'http://localhost/v1/register'];
    await expectGone(stage, door, () => inside(...given));

    expect(byNetwork.code).not.toBe(0);
  },
);
