import { afterAll, beforeAll, expect, test } from 'vitest';

import { candidatesOf } from '../../../src/io/client/candidates.ts';
import type { Name } from '../../../src/protocol/ids.ts';

const before = process.env['XDG_RUNTIME_DIR'];

beforeAll(() => {
  process.env['XDG_RUNTIME_DIR'] = '/run/user/7';
});

afterAll(() => {
  if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
  else process.env['XDG_RUNTIME_DIR'] = before;
});

test('a client that names no server looks for two on this host: sockets, then ports, A before B', () => {
  expect(candidatesOf({}, 'testing' as Name)).toEqual({
    addresses: [
      '/run/rarangi/testing-a.sock',
      '/run/user/7/rarangi/testing-a.sock',
      '/run/rarangi/testing-b.sock',
      '/run/user/7/rarangi/testing-b.sock',
      '127.0.0.1:17330',
      '[::1]:17330',
      '127.0.0.1:17331',
      '[::1]:17331',
    ],
    sessionsMax: 2,
  });
});

test('an environment of your own has only sockets on this host', () => {
  expect(candidatesOf({ servers: [] }, 'mine' as Name).addresses).toEqual([
    '/run/rarangi/mine-a.sock',
    '/run/user/7/rarangi/mine-a.sock',
    '/run/rarangi/mine-b.sock',
    '/run/user/7/rarangi/mine-b.sock',
  ]);
});

test('named servers are all there are, each once, both sides where no port is named', () => {
  const servers = ['10.0.0.1', '10.0.0.1:17330', '[::1]:9', '/x.sock'];

  expect(candidatesOf({ servers }, 'testing' as Name)).toEqual({
    addresses: ['10.0.0.1:17330', '10.0.0.1:17331', '[::1]:9', '/x.sock'],
    sessionsMax: Infinity,
  });
});

test('a server that is no address is a mistake of usage', () => {
  expect(() => candidatesOf({ servers: ['h:x'] }, 'testing' as Name)).toThrow(
    expect.objectContaining({ code: 'RARANGI_USAGE', message: 'server "h:x" is not HOST[:PORT]' }),
  );
});
