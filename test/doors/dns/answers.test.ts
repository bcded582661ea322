import { expect, test } from 'vitest';
import type { Told } from './stage.ts';
import { byText, instanceOf, Stage, ZONE } from './stage.ts';

function dataOf({ answers }: Told): unknown[] {
  return answers.map((record) => ('data' in record ? record.data : null));
}

function targetsOf({ answers }: Told): string[] {
  return answers.map((record) => (record as { data: { target: string } }).data.target);
}

test('a service has an A record for each address, once, and no AAAA, which is no error', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ address: '10.0.0.3', port: 1 }),
    instanceOf({ address: '10.0.0.3', port: 2 }),
    instanceOf({ address: '10.0.0.7' }),
  );

  const told = stage.ask('web', 'A');
  expect(told.rcode).toBe('NOERROR');
  expect(dataOf(told).sort(byText)).toEqual(['10.0.0.3', '10.0.0.7']);
  expect(told.answers[0]).toMatchObject({ name: `web.${ZONE}`, ttl: 0, class: 'IN' });

  const other = stage.ask('web', 'AAAA');
  expect(other).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(other.authorities).toMatchObject([
    { type: 'SOA', name: ZONE, ttl: 0, data: { minimum: 0, mname: `ns.${ZONE}` } },
  ]);
});

test('IPv6 addresses are AAAA records', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ address: '2001:db8::7' }),
    instanceOf({ address: '::ffff:10.0.0.1' }),
  );

  expect(dataOf(stage.ask('web', 'AAAA')).sort(byText)).toEqual(['2001:db8::7', '::ffff:a00:1']);
  expect(stage.ask('web', 'A').answers).toEqual([]);
});

test('SRV names each instance by itself, with its address beside, whatever form is asked', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ id: '00f1c2d3e4a5b6c7'.padEnd(32, '0'), port: 8_000 }),
    instanceOf({ id: '9a0b1c2d3e4f5061'.padEnd(32, '0'), port: 8_001, host: 'h2' }),
    instanceOf({ id: '1111111111111111'.padEnd(32, '0'), port: 8_002, host: 'h9', cluster: 'fra' }),
  );

  for (const name of ['web', '_web._tcp']) {
    const told = stage.ask(name, 'SRV', { payloadBytes: 8_192 });
    expect(told.answers).toMatchObject([
      { data: { priority: 0, weight: 1, port: 8_000, target: `i-00f1c2d3e4a5b6c7.web.${ZONE}` } },
      { data: { priority: 10, weight: 1, port: 8_001, target: `i-9a0b1c2d3e4f5061.web.${ZONE}` } },
      { data: { priority: 20, weight: 1, port: 8_002, target: `i-1111111111111111.web.${ZONE}` } },
    ]);
    expect(told.additionals).toMatchObject([
      { type: 'A', name: `i-00f1c2d3e4a5b6c7.web.${ZONE}`, data: '10.0.0.3' },
      { type: 'A', name: `i-9a0b1c2d3e4f5061.web.${ZONE}` },
      { type: 'A', name: `i-1111111111111111.web.${ZONE}` },
    ]);
    expect(told.authorities).toEqual([]);
  }
});

test('a target of SRV is never compressed, though all owners are', () => {
  const stage = new Stage();
  stage.table.put(instanceOf(), instanceOf(), instanceOf());

  const { bytes } = stage.ask('web', 'SRV', { payloadBytes: 4_096 });
  const text = Buffer.from(bytes).toString('latin1');

  // The zone stands in the question, and once in each target.
  expect(text.split('\x0aproduction\x07rarangi\x08internal\x00').length - 1).toBe(4);
});

test('distance is told to those on the host only', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ host: 'h9', cluster: 'fra' }), instanceOf({ host: 'h1' }));

  const told = stage.ask('web', 'SRV', { way: { isLoopback: false, isOnHost: false } });

  expect(told.answers).toMatchObject([{ data: { priority: 0 } }, { data: { priority: 0 } }]);
});

test('the weight is that of the tag, if it is one', () => {
  const stage = new Stage();
  stage.table.put(
    instanceOf({ port: 1, tags: { weight: '300' } }),
    instanceOf({ port: 2, tags: { weight: '0' } }),
    instanceOf({ port: 3, tags: { weight: '70000' } }),
    instanceOf({ port: 4, tags: { weight: 'much' } }),
  );

  const told = stage.ask('web', 'SRV', { payloadBytes: 4_096 });
  const weights = told.answers.map((record) => {
    const { port, weight } = (record as { data: { port: number; weight: number } }).data;
    return [port, weight];
  });

  expect(Object.fromEntries(weights)).toEqual({ 1: 300, 2: 1, 3: 1, 4: 1 });
});

test('nearest first, and by lot within a distance', () => {
  const stage = new Stage();
  const near = ['10.0.0.1', '10.0.0.2'];
  stage.table.put(
    instanceOf({ address: '10.9.9.9', host: 'h9', cluster: 'fra' }),
    instanceOf({ address: '10.5.5.5', host: 'h5' }),
    ...near.map((address) => instanceOf({ address })),
  );
  const firsts = new Map<unknown, number>();

  for (let times = 0; times < 600; times += 1) {
    const addresses = dataOf(stage.ask('web', 'A'));
    expect(addresses.slice(2)).toEqual(['10.5.5.5', '10.9.9.9']);
    firsts.set(addresses[0], (firsts.get(addresses[0]) ?? 0) + 1);
  }

  expect([...firsts.keys()].sort(byText)).toEqual(near);
  expect(Math.min(...firsts.values())).toBeGreaterThan(200);
});

test('an instance has a name of its own, with its address, its port and its tags', () => {
  const stage = new Stage();
  const id = '00f1c2d3e4a5b6c7d8e9f00112233445';
  stage.table.put(
    instanceOf({
      id,
      scheme: 'http',
      tags: { version: '7', city: 'Zürich', long: 'x'.repeat(255) },
    }),
    instanceOf(),
  );

  for (const name of ['i-00f1c2d3e4a5b6c7.web', `i-${id}.web`, 'I-00F1C2D3E4A5B6C7.web']) {
    expect(dataOf(stage.ask(name, 'A'))).toEqual(['10.0.0.3']);
    expect(targetsOf(stage.ask(name, 'SRV'))).toEqual([`i-00f1c2d3e4a5b6c7.web.${ZONE}`]);
  }
  for (const name of ['i-00f1c2d3e4a5b6c7.web', 'i-00f1c2d3e4a5b6c7._web._tcp']) {
    const [texts] = dataOf(stage.ask(name, 'TXT')) as [Buffer[]];
    expect(texts.map(String)).toEqual([
      'version=7',
      'city=Zürich',
      '_host=h1',
      '_cluster=ams',
      '_state=live',
      '_scheme=http',
      `_id=${id}`,
    ]);
  }
  expect(stage.ask('web', 'TXT')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(stage.ask('i-0000000000000000.web', 'A').rcode).toBe('NXDOMAIN');
});

test('two instances that share 16 digits are named by all 32', () => {
  const stage = new Stage();
  const digits = 'abcdefabcdefabcd';
  const ids = [`${digits}${'0'.repeat(16)}`, `${digits}${'1'.repeat(16)}`];
  stage.table.put(...ids.map((id) => instanceOf({ id })));

  expect(targetsOf(stage.ask('web', 'SRV')).sort(byText)).toEqual(
    ids.map((id) => `i-${id}.web.${ZONE}`),
  );
  expect(stage.ask(`i-${digits}.web`, 'A').rcode).toBe('NXDOMAIN');
  expect(stage.ask(`i-${ids[0] ?? ''}.web`, 'A').answers).toHaveLength(1);
});

test('an address that is a host name is the target of SRV, and a CNAME only if it is all there is', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ address: 'db.example.com', port: 5_432 }));
  for (const type of ['A', 'AAAA', 'CNAME'] as const) {
    expect(stage.ask('web', type).answers).toMatchObject([
      { type: 'CNAME', data: 'db.example.com' },
    ]);
  }
  expect(targetsOf(stage.ask('web', 'SRV'))).toEqual(['db.example.com']);
  expect(stage.ask('web', 'SRV').additionals).toEqual([]);

  stage.table.put(instanceOf({ address: '10.0.0.9' }));
  expect(dataOf(stage.ask('web', 'A'))).toEqual(['10.0.0.9']);
  expect(stage.ask('web', 'CNAME')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(targetsOf(stage.ask('web', 'SRV'))).toContain('db.example.com');
});

test('DNS-SD browses the types, the instances of one, and brings along what it can', () => {
  const stage = new Stage();
  const id = '00f1c2d3e4a5b6c7'.padEnd(32, '0');
  stage.table.put(instanceOf({ id }), instanceOf({ service: 'api.v2' }));
  stage.table.put(instanceOf({ service: 'Big_One', scheme: 'udp' }));

  expect(dataOf(stage.ask('_services._dns-sd._udp', 'PTR')).sort(byText)).toEqual([
    `_api.v2._tcp.${ZONE}`,
    `_big_one._tcp.${ZONE}`,
    `_web._tcp.${ZONE}`,
  ]);
  for (const name of ['b._dns-sd._udp', 'lb._dns-sd._udp']) {
    expect(dataOf(stage.ask(name, 'PTR'))).toEqual([ZONE]);
  }
  const told = stage.ask('_web._tcp', 'PTR', { payloadBytes: 4_096 });
  expect(dataOf(told)).toEqual([`i-00f1c2d3e4a5b6c7._web._tcp.${ZONE}`]);
  expect(told.additionals.map(({ type }) => type)).toEqual(['SRV', 'TXT', 'A']);
  expect(targetsOf(stage.ask('i-00f1c2d3e4a5b6c7._web._tcp', 'SRV'))).toEqual([
    `i-00f1c2d3e4a5b6c7.web.${ZONE}`,
  ]);
  expect(stage.ask('_big_one._udp', 'SRV').answers).toHaveLength(1);
  expect(stage.ask('_web._udp', 'SRV').rcode).toBe('NXDOMAIN');
});

test('the zone and its server say whom to ask', () => {
  const stage = new Stage({ ttl: 30 });
  stage.table.put(instanceOf());

  expect(stage.ask('', 'SOA').answers).toMatchObject([
    {
      name: ZONE,
      ttl: 30,
      data: {
        mname: `ns.${ZONE}`,
        rname: `hostmaster.${ZONE}`,
        serial: 1,
        refresh: 60,
        retry: 60,
        expire: 60,
        minimum: 30,
      },
    },
  ]);
  expect(dataOf(stage.ask('', 'NS'))).toEqual([`ns.${ZONE}`]);
  for (const name of ['', 'ns']) {
    expect(dataOf(stage.ask(name, 'A', { way: { serverAddress: '10.0.0.1' } }))).toEqual([
      '10.0.0.1',
    ]);
    expect(stage.ask(name, 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(dataOf(stage.ask(name, 'AAAA', { way: { serverAddress: 'fd00::1' } }))).toEqual([
      'fd00::1',
    ]);
  }
});

test('an answer is remembered for the TTL, and that there is none never', () => {
  const stage = new Stage({ ttl: 30 });
  stage.table.put(instanceOf());

  expect(stage.ask('web', 'A').answers).toMatchObject([{ ttl: 30 }]);
  expect(stage.ask('web', 'AAAA').authorities).toMatchObject([{ ttl: 30, data: { minimum: 30 } }]);
  expect(stage.ask('none', 'A').authorities).toMatchObject([{ ttl: 0, data: { minimum: 0 } }]);
});

test('a question of another zone is refused, and the answer says why', () => {
  const stage = new Stage();
  stage.table.put(instanceOf());
  const edns = { payloadBytes: 1_232 };

  for (const name of ['example.com.', '1.0.0.10.in-addr.arpa.', 'internal.', '.']) {
    const told = stage.ask(name, 'A', edns);
    expect(told.rcode).toBe('REFUSED');
    expect(told.errors).toEqual([`20 this server knows ${ZONE} only`]);
    expect(told.flags & 0x0400).toBe(0);
  }
  expect(stage.ask('web', 'A', { class: 3 }).rcode).toBe('REFUSED');
  expect(stage.ask('', 'AXFR').rcode).toBe('REFUSED');
  expect(stage.ask('', 'IXFR').rcode).toBe('REFUSED');
  expect(stage.ask('web', 'A', { ...edns, ednsVersion: 1 }).rcode).toBe('16');
  expect(stage.ask('web', 'ANY').answers).toMatchObject([
    { type: 'HINFO', data: { cpu: 'RFC8482', os: '' } },
  ]);
  const told = stage.ask('web', 'A', { ...edns, way: { isAllowed: false } });
  expect(told).toMatchObject({ rcode: 'REFUSED', errors: [expect.stringMatching(/^18 /)] });
});

test('an answer says who knows, repeats what was asked, and offers no recursion', () => {
  const stage = new Stage();
  stage.table.put(instanceOf());

  const told = stage.ask(`wEb.PrOducTion.rarangi.INTERNAL.`, 'A', { id: 77, payloadBytes: 1_232 });
  expect(told.flags).toBe(0x8500);
  expect(Buffer.from(told.bytes).readUInt16BE(0)).toBe(77);
  expect(told.answers[0]?.name).toBe('wEb.PrOducTion.rarangi.INTERNAL');
  const again = stage.ask(`WEB.production.RARANGI.internal.`, 'A', {
    id: 78,
    payloadBytes: 1_232,
    recursionDesired: false,
  });
  expect(again.flags).toBe(0x8400);
  expect(Buffer.from(again.bytes).readUInt16BE(0)).toBe(78);
  expect(again.answers[0]?.name).toBe('WEB.production.RARANGI.internal');
});
