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

test('what is kept has its bound, however many names are asked for', () => {
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
