import { expect, test } from 'vitest';
import { NAME_FORMS, unsayableOf } from '../../../src/doors/dns/names.ts';
import { Zone, zoneTextOf } from '../../../src/doors/dns/zone.ts';
import type { Told } from './stage.ts';
import { byText, instanceOf, queryBytes, Stage, TYPES, ZONE } from './stage.ts';

const edns = { payloadBytes: 1_232 };

function portsOf({ answers }: Told): number[] {
  return answers
    .map((record) => (record as { data: { port: number } }).data.port)
    .sort((one, other) => one - other);
}

function targetOf({ answers: [first] }: Told): string {
  return (first as { data: { target: string } }).data.target;
}

/** Names by what is answered to A. */
function rcodesOf(stage: Stage, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, stage.ask(name, 'A').rcode]));
}

test('qualifiers narrow the set, one after the other, without the case of letters', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ port: 1, tags: { role: 'Primary' }, scheme: 'http' }),
    instanceOf({ port: 2, tags: { role: 'replica' }, host: 'H3.example.com', scheme: 'grpc' }),
    instanceOf({ port: 3, tags: { role: 'replica' }, cluster: 'fra', host: 'h9' }),
  );
  const asked = (name: string): number[] => portsOf(stage.ask(name, 'SRV'));

  expect(asked('replica._role.web')).toEqual([2, 3]);
  expect(asked('PRIMARY._Role.web')).toEqual([1]);
  expect(asked('ams._cluster.web')).toEqual([1, 2]);
  expect(asked('ams._cluster.replica._role.web')).toEqual([2]);
  expect(asked('replica._role.ams._cluster.web')).toEqual([2]);
  expect(asked('h3.EXAMPLE.com._host.web')).toEqual([2]);
  expect(asked('h9._host.web')).toEqual([3]);
  expect(asked('_http._tcp.web')).toEqual([1]);
  expect(asked('_grpc._tcp.web')).toEqual([2]);
  expect(asked('_near.web')).toEqual([1]);
  expect(asked('_near.replica._role.web')).toEqual([2]);
  expect(asked('_live.web')).toEqual([1, 2, 3]);
  expect(stage.ask('_http._tcp.web', 'A')).toMatchObject({ rcode: 'NOERROR', answers: [] });
});

test('nobody matches: there is no such name; a name that others go on with is there', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ host: 'h3.example.com', tags: { role: 'replica' }, scheme: 'http' }),
    instanceOf({ service: 'api.v2' }),
  );

  expect(
    rcodesOf(stage, [
      'fra._cluster.web',
      'primary._role.web',
      'x._color.web',
      '_color.web',
      'ams._near.web',
      'http._tcp.web',
      '_live._web._tcp',
      'web._tcp',
      '_nobody._tcp',
      'i-00f1c2d3e4a5b6c7',
      `${'a._role.'.repeat(9)}web`,
      '_cluster.none',
      'x y',
      'h3._host.web',
    ]),
  ).toEqual({
    'fra._cluster.web': 'NXDOMAIN',
    'primary._role.web': 'NXDOMAIN',
    'x._color.web': 'NXDOMAIN',
    '_color.web': 'NXDOMAIN',
    'ams._near.web': 'NXDOMAIN',
    'http._tcp.web': 'NXDOMAIN',
    '_live._web._tcp': 'NXDOMAIN',
    'web._tcp': 'NXDOMAIN',
    '_nobody._tcp': 'NXDOMAIN',
    'i-00f1c2d3e4a5b6c7': 'NXDOMAIN',
    [`${'a._role.'.repeat(9)}web`]: 'NXDOMAIN',
    '_cluster.none': 'NXDOMAIN',
    'x y': 'NXDOMAIN',
    'h3._host.web': 'NXDOMAIN',
  });
  const parts = [
    '_tcp',
    '_udp',
    '_dns-sd._udp',
    'v2',
    'v2._tcp',
    '_tcp.web',
    '_cluster.web',
    '_host.web',
    'com._host.web',
    'example.com._host.web',
    '_role.web',
  ];
  expect(rcodesOf(stage, parts)).toEqual(
    Object.fromEntries(parts.map((name) => [name, 'NOERROR'])),
  );
  for (const name of parts) expect(stage.ask(name, 'SRV').answers).toEqual([]);
});

test('a dot inside a label separates nothing: there is no such name', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ service: 'api.v2', host: 'h3.example.com' }));
  const rcodeOf = (...labels: string[]): string => {
    const asked = [...queryBytes([...labels, ZONE].join('.'), TYPES.A)];
    // The letter that stands for a dot within a label.
    const bytes = asked.map((byte) => (byte === 0x7e ? 0x2e : byte));
    return stage.take(Uint8Array.from(bytes))?.rcode ?? '';
  };

  expect(rcodeOf('api', 'v2')).toBe('NOERROR');
  expect(rcodeOf('api~v2')).toBe('NXDOMAIN');
  expect(rcodeOf('h3~example.com', '_host', 'api', 'v2')).toBe('NXDOMAIN');
  expect(rcodeOf('_api~v2', '_tcp')).toBe('NXDOMAIN');
});

test('eight qualifiers are understood', () => {
  const stage = new Stage();
  const tags = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => [key, 'x']),
  );
  stage.table.put(instanceOf({ port: 7, tags }));

  const qualifiers = Object.keys(tags).map((key) => `x._${key}`);

  expect(portsOf(stage.ask([...qualifiers, 'web'].join('.'), 'SRV'))).toEqual([7]);
  expect(stage.ask(['x._a', ...qualifiers, 'web'].join('.'), 'SRV').rcode).toBe('NXDOMAIN');
});

test('a service of several parts is found with dots, and by RFC 2782', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ service: 'api.v2', port: 9 }));

  expect(portsOf(stage.ask('api.v2', 'SRV'))).toEqual([9]);
  expect(portsOf(stage.ask('_api.v2._tcp', 'SRV'))).toEqual([9]);
  expect(portsOf(stage.ask('ams._cluster.api.v2', 'SRV'))).toEqual([9]);
});

test('underscores are read as hyphens where nobody has the very name', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ service: 'My_Service', port: 1 }));

  for (const name of ['my_service', 'MY_SERVICE', 'my-service', '_my-service._tcp']) {
    expect(portsOf(stage.ask(name, 'SRV'))).toEqual([1]);
  }
  expect(targetOf(stage.ask('my-service', 'SRV'))).toMatch(/^i-[0-9a-f]{16}\.my-service\./);

  stage.table.put(instanceOf({ service: 'my-service', port: 2 }));
  expect(portsOf(stage.ask('my-service', 'SRV'))).toEqual([2]);
  expect(portsOf(stage.ask('my_service', 'SRV'))).toEqual([1]);
  expect(targetOf(stage.ask('my_service', 'SRV'))).toMatch(/^i-[0-9a-f]{16}\.my_service\./);
});

test('of two of one name the one in lower case with hyphens is meant, else nobody is guessed', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ service: 'Web', port: 1 }), instanceOf({ service: 'web', port: 2 }));
  expect(portsOf(stage.ask('Web', 'SRV'))).toEqual([2]);

  stage.table.put(
    instanceOf({ service: 'My_Service' }),
    instanceOf({ service: 'my_service', port: 5 }),
  );
  const several = stage.ask('my-service', 'A', edns);
  expect(several).toMatchObject({
    rcode: 'SERVFAIL',
    errors: ['0 two services are called "my-service" here: My_Service, my_service'],
  });
  expect(several.flags & 0x0400).toBe(0x0400);
  for (const name of ['my_service', 'My_Service', '_my_service._tcp']) {
    expect(stage.ask(name, 'SRV', edns)).toMatchObject({
      rcode: 'SERVFAIL',
      errors: ['0 two services are called "my_service" here: My_Service, my_service'],
    });
  }

  stage.table.put(instanceOf({ service: 'my-service', port: 6 }));
  expect(portsOf(stage.ask('my-service', 'SRV'))).toEqual([6]);
});

test('a service whose name DNS cannot say is not there', () => {
  const stage = new Stage();
  const long = 'x'.repeat(64);
  const names = [long, `${long}.web`, 'a..b', 'a._b', 'ns', 'i-00f1c2d3e4a5b6c7', 'a.'];
  for (const service of names) stage.table.put(instanceOf({ service }));
  const left = new Zone(ZONE, 0).bytesLeft;

  for (const name of names) expect(unsayableOf(name, left)).toEqual(expect.any(String));
  expect(stage.ask('_services._dns-sd._udp', 'PTR').answers).toEqual([]);
  expect(stage.ask('b', 'A').rcode).toBe('NXDOMAIN');
  expect(stage.ask('_b', 'A').rcode).toBe('NXDOMAIN');
  expect(unsayableOf('a'.repeat(63), left)).toBeNull();
  expect(unsayableOf(`${'a'.repeat(63)}.${'b'.repeat(63)}.c`, left)).toBeNull();
  expect(unsayableOf(`${'a'.repeat(63)}.${'b'.repeat(63)}.c`, 150)).toEqual(expect.any(String));
  expect(unsayableOf('x.ns', left)).toBeNull();
});

test('a service of 128 characters in parts that DNS can say is found by all its names', () => {
  const stage = new Stage();
  const service = `${'a'.repeat(62)}.${'b'.repeat(62)}.cd`;
  expect(service).toHaveLength(128);
  stage.table.put(instanceOf({ service, port: 4 }));

  for (const name of [service, `_${service}._tcp`]) {
    const told = stage.ask(name, 'SRV', { payloadBytes: 4_096 });
    expect(portsOf(told)).toEqual([4]);
    expect(told.additionals).toHaveLength(1);
  }
});

test('the zone of an environment is its name in lower case', () => {
  expect(zoneTextOf('production')).toBe(ZONE);
  expect(zoneTextOf('My_Own.Env')).toBe('my-own.env.rarangi.internal');
  expect(zoneTextOf('x', 'Corp.Example.')).toBe('corp.example');
  expect(() => zoneTextOf('x', 'corp..example')).toThrow(
    /dns-zone "corp..example" is not a valid zone/,
  );
  expect(() => zoneTextOf('x'.repeat(64))).toThrow(/--dns-zone/);
});

/** The types of which there are records, whichever family an address is of. */
function typesOf(example: string): string[] {
  const id = '0123456789abcdef'.padEnd(32, '0');
  const more = { id, scheme: 'http', tags: { role: 'replica' }, host: 'h3' };
  const types = ['A', 'AAAA', 'SRV', 'TXT', 'PTR', 'SOA', 'NS'] as const;
  const given = ['10.0.0.3', '2001:db8::3'].flatMap((address) => {
    const stage = new Stage();
    stage.table.put(instanceOf({ address, ...more }));
    return types.filter((type) => {
      const name = example === '@' ? '' : example;
      const told = stage.ask(name, type, { way: { serverAddress: address } });
      expect(told.rcode, `${example} ${type}`).toBe('NOERROR');
      return told.answers.length > 0;
    });
  });
  return [...new Set(given)].sort(byText);
}

test('the names that the manual lists have records of the types that it says, and of no others', () => {
  for (const { examples, types } of NAME_FORMS) {
    for (const example of examples) {
      expect(typesOf(example), example).toEqual([...types].sort(byText));
    }
  }
});
