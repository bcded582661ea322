import { expect, test } from 'vitest';

import { choosePorts, toldEnvironment, toldWords, withPorts } from '../../src/sidecar/free-port.ts';
import type { SidecarService } from '../../src/sidecar/service.ts';

function service(name: string, port: number): SidecarService {
  return { offer: { name, port }, ready: { kind: 'none' }, check: { kind: 'none' } };
}

test('every service without a port gets one of its own', async () => {
  const services = [service('web', 0), service('db', 5432), service('admin', 0)];

  const ports = withPorts(services, await choosePorts(services)).map(({ offer }) => offer.port);

  expect(ports[1]).toBe(5432);
  expect(new Set([0, ...ports]).size).toBe(4);
});

test('the words and the environment of a command tell the ports', () => {
  const chosen = [
    { key: 'a', name: 'web', port: 1111 },
    { key: 'b', name: 'my-admin', port: 2222 },
  ];

  const words = toldWords(['{port}', '--x={port:my-admin}/{port}', '{port:no}', '{}'], chosen);

  expect(words).toEqual(['1111', '--x=2222/1111', '{port:no}', '{}']);
  expect(toldEnvironment(chosen)).toEqual({
    PORT: '1111',
    PORT_WEB: '1111',
    PORT_MY_ADMIN: '2222',
  });
});

test('where no port was chosen nothing is told', () => {
  expect(toldWords(['{port}', '{port:web}'], [])).toEqual(['{port}', '{port:web}']);
  expect(toldEnvironment([])).toEqual({});
});

test('a port that nobody would be told of is refused', () => {
  expect(() => withPorts([service('web', 0)], [])).toThrow(/port 0 of web needs a command/);
});
