import { expect, test } from 'vitest';
import { instanceOf, Stage } from './stage.ts';

function addressesOf(stage: Stage, name = 'web'): unknown[] {
  return stage.ask(name, 'A').answers.map((record) => ('data' in record ? record.data : null));
}

test('bytes that are ready are never older than the list that they were made of', () => {
  const stage = new Stage();
  const [one, other] = [instanceOf({ address: '10.0.0.1' }), instanceOf({ address: '10.0.0.2' })];
  stage.table.put(one);
  for (let times = 0; times < 50; times += 1) expect(addressesOf(stage)).toEqual(['10.0.0.1']);

  stage.table.put(other);
  for (let times = 0; times < 50; times += 1) expect(addressesOf(stage)).toHaveLength(2);

  stage.table.delete('web', (instance) => instance === other);
  for (let times = 0; times < 50; times += 1) expect(addressesOf(stage)).toEqual(['10.0.0.2']);

  stage.table.delete('web');
  expect(stage.ask('web', 'A').rcode).toBe('NXDOMAIN');
});

test('nor than the view', () => {
  const stage = new Stage();
  stage.table.put(instanceOf());
  const errors = (): readonly string[] => stage.ask('web', 'A', { payloadBytes: 1_232 }).errors;
  for (let times = 0; times < 20; times += 1) expect(errors()).toEqual([]);

  stage.table.view = { complete: false, missing: ['h3'], why: 'split' };
  expect(errors()).toEqual(['0 not complete: h3 is cut off']);

  stage.table.view = { complete: false, missing: ['h4'], why: 'split' };
  expect(errors()).toEqual(['0 not complete: h4 is cut off']);
});

test('nor than the services among which a name was found', () => {
  const stage = new Stage();
  stage.table.put(instanceOf({ service: 'My_Service', address: '10.0.0.1' }));
  for (let times = 0; times < 20; times += 1) {
    expect(addressesOf(stage, 'my-service')).toEqual(['10.0.0.1']);
  }

  stage.table.put(instanceOf({ service: 'my-service', address: '10.0.0.2' }));

  expect(addressesOf(stage, 'my-service')).toEqual(['10.0.0.2']);
});

test('a service that many ask for is asked once of the catalogue for each answer', () => {
  const stage = new Stage();
  stage.table.put(instanceOf(), instanceOf());
  for (let times = 0; times < 16; times += 1) addressesOf(stage);
  stage.table.lookups = 0;

  for (let times = 0; times < 200; times += 1) addressesOf(stage);

  expect(stage.table.lookups).toBeLessThan(220);
});

test('however many ask, an order is made anew only now and then, and in the end all are', () => {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(...Array.from({ length: 8 }, (_, at) => instanceOf({ address: `10.0.0.${at}` })));
  const ordersOf = (times: number): Set<string> =>
    new Set(Array.from({ length: times }, () => addressesOf(stage).join()));
  const before = ordersOf(1_000);
  stage.table.lookups = 0;

  const meanwhile = ordersOf(20_000);
  expect(stage.table.lookups).toBeLessThanOrEqual(2);
  expect([...meanwhile].filter((order) => !before.has(order)).length).toBeLessThanOrEqual(2);

  for (let times = 0; times < 200; times += 1) {
    stage.nowMs += 30;
    ordersOf(200);
  }
  expect([...ordersOf(1_000)].filter((order) => before.has(order))).toEqual([]);
});

test('of what has one order nothing is ever made anew', () => {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(instanceOf());
  for (let times = 0; times < 3; times += 1) addressesOf(stage);
  stage.table.lookups = 0;

  for (let times = 0; times < 1_000; times += 1, stage.nowMs += 30) addressesOf(stage);

  expect(stage.table.lookups).toBe(0);
});

test('the number of kept answers has its bound, however many names are asked for', () => {
  const stage = new Stage();
  stage.table.put(instanceOf());
  const before = process.memoryUsage().heapUsed;

  for (let times = 0; times < 5_000; times += 1) {
    // The same name, in bits of its letters: it is one, and is kept once.
    stage.ask('WeB', 'A', { payloadBytes: 512 + (times % 5_000) });
  }

  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
});

test('while nothing changes at all the catalogue is not asked, and after a change it is', () => {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(instanceOf({ address: '10.0.0.1' }));
  for (let times = 0; times < 3; times += 1) addressesOf(stage);
  stage.table.lookups = 0;

  for (let times = 0; times < 20; times += 1) addressesOf(stage);
  expect(stage.table.lookups).toBe(0);

  stage.table.put(instanceOf({ address: '10.0.0.2' }));
  expect(addressesOf(stage)).toHaveLength(2);
});

/** A door with ready bytes for `web`, in all orders that are kept. */
function readyStage(): Stage {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(instanceOf({ address: '10.0.0.1' }), instanceOf({ address: '10.0.0.2' }));
  for (let times = 0; times < 40; times += 1) addressesOf(stage);
  return stage;
}

test('an answer from ready bytes has the number, the wish and the case of its very question', () => {
  const stage = readyStage();
  for (const name of ['web', 'WEB', 'wEb', 'web']) {
    for (const recursionDesired of [true, false]) {
      for (const id of [1, 65_535, 256]) {
        const told = stage.ask(name, 'A', { id, recursionDesired });

        expect([...told.bytes.slice(0, 2)]).toEqual([id >> 8, id & 255]);
        expect((told.flags & 0x0100) !== 0).toBe(recursionDesired);
        expect(told.answers.map((record) => record.name)).toEqual(
          Array.from({ length: 2 }, () => `${name}.production.rarangi.internal`),
        );
      }
    }
  }
});

test('a question that is the same but for one byte, or its way, is another one', () => {
  const stage = readyStage();
  const refused = { isOnHost: false, isLoopback: false, isAllowed: false };

  expect(stage.ask('wec', 'A').rcode).toBe('NXDOMAIN');
  expect(stage.ask('web', 'AAAA').answers).toEqual([]);
  expect(stage.ask('web', 'A', { class: 3 }).rcode).toBe('REFUSED');
  expect(stage.ask('web', 'A', { way: refused }).rcode).toBe('REFUSED');
  expect(stage.ask('web', 'A').rcode).toBe('NOERROR');
});

test('a change that comes while the catalogue answers is newer than its answer', () => {
  const stage = readyStage();
  stage.table.put(instanceOf({ service: 'db' }));
  stage.table.meanwhile = () => {
    stage.table.meanwhile = () => undefined;
    stage.table.delete('web', ({ registration }) => registration.address === '10.0.0.2');
  };
  addressesOf(stage);

  expect(addressesOf(stage)).toEqual(['10.0.0.2']);
});

test('of what is known of questions, nothing is older than the catalogue', () => {
  const stage = readyStage();
  stage.table.delete('web', ({ registration }) => registration.address === '10.0.0.2');
  expect(addressesOf(stage)).toEqual(['10.0.0.2']);

  stage.table.delete('web');
  expect(stage.ask('web', 'A').rcode).toBe('NXDOMAIN');
});

test('that there is none is written once while nothing changes, and is never older than a change', () => {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(instanceOf());
  const none = stage.ask('db', 'A', { id: 1 });
  expect([none.rcode, stage.ask('web', 'AAAA').answers]).toEqual(['NXDOMAIN', []]);
  stage.table.lookups = 0;

  for (let id = 2; id < 20; id += 1) {
    const again = stage.ask('DB', 'A', { id });
    expect([again.rcode, again.authorities]).toEqual(['NXDOMAIN', none.authorities]);
    expect([...again.bytes.slice(0, 2)]).toEqual([0, id]);
    expect(stage.ask('web', 'AAAA').rcode).toBe('NOERROR');
  }
  expect(stage.table.lookups).toBe(1);

  stage.table.view = { complete: false, missing: ['h3'], why: 'split' };
  expect(stage.ask('db', 'A').rcode).toBe('SERVFAIL');
  stage.table.view = { complete: true, missing: [] };
  stage.table.put(instanceOf({ service: 'db' }));
  expect(stage.ask('db', 'A').rcode).toBe('NOERROR');
});

test('what changes while it is found that there is none is newer than that', () => {
  const stage = new Stage();
  stage.table.isStamped = true;
  stage.table.put(instanceOf());
  stage.table.meanwhile = () => {
    stage.table.meanwhile = () => undefined;
    stage.table.put(instanceOf({ address: '2001:db8::1' }));
  };
  expect(stage.ask('web', 'AAAA').answers).toEqual([]);

  expect(stage.ask('web', 'AAAA').answers).toHaveLength(1);
});
