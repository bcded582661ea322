import { decode } from 'dns-packet';
import { expect, test } from 'vitest';
import { instanceOf, Stage } from './stage.ts';

function stageOf(count: number): Stage {
  const stage = new Stage();
  const instances = Array.from({ length: count }, (_, index) => {
    const id = (0x10_0000 + index).toString(16).padStart(16, '0').padEnd(32, '0');
    const address = `10.${String(index >> 16)}.${String((index >> 8) & 255)}.${String(index & 255)}`;
    return instanceOf({ id, address, port: 1 + index });
  });
  stage.table.put(...instances);
  return stage;
}

test('over plain UDP as many whole records as fit, and the sign that there are more', () => {
  for (const [count, type] of [
    [100, 'SRV'],
    [100, 'A'],
    [7, 'SRV'],
  ] as const) {
    const told = stageOf(count).ask('web', type);
    expect(told.isTruncated).toBe(true);
    expect(told.bytes.length).toBeLessThanOrEqual(512);
    expect(told.answers.length).toBeGreaterThanOrEqual(5);
    expect(told.answers.length).toBeLessThan(count);
    expect(told.additionals).toEqual([]);
  }
});

test('answers come before what goes with them: no sign is needed where only that is left out', () => {
  const told = stageOf(6).ask('web', 'SRV');

  expect(told.answers).toHaveLength(6);
  expect(told.isTruncated).toBe(false);
  expect(told.additionals.length).toBeLessThan(6);
});

test('with EDNS the asker says how much it takes, within what the way allows', () => {
  const stage = stageOf(1_000);
  const sizeFor = (payloadBytes: number, isLoopback: boolean): number =>
    stage.ask('web', 'A', { payloadBytes, way: { isLoopback } }).bytes.length;

  for (const [payloadBytes, isLoopback, most] of [
    [0, true, 512],
    [1_232, false, 1_232],
    [8_192, false, 1_232],
    [8_192, true, 8_192],
    [65_535, true, 65_507],
  ] as const) {
    const size = sizeFor(payloadBytes, isLoopback);
    expect(size).toBeLessThanOrEqual(most);
    expect(size).toBeGreaterThan(Math.min(most - 16, 16_000));
  }
});

test('over TCP all come, with the addresses of all targets', () => {
  const told = stageOf(100).ask('web', 'SRV', { way: { isStream: true } });

  expect(told).toMatchObject({ isTruncated: false, rcode: 'NOERROR' });
  expect(told.answers).toHaveLength(100);
  expect(told.additionals).toHaveLength(100);
});

test('an answer that is too much for DNS altogether is cut, and says so', () => {
  const stage = stageOf(2_000);
  const told = stage.ask('web', 'SRV', { payloadBytes: 1_232, way: { isStream: true } });

  const shown = told.answers.length;
  expect(shown).toBeGreaterThan(700);
  expect(told.bytes.length).toBeLessThanOrEqual(65_535);
  expect(told.isTruncated).toBe(false);
  expect(told.errors).toEqual([`0 showing ${String(shown)} of 2000: too many for DNS`]);

  const plain = stage.ask('web', 'SRV', { way: { isStream: true } });
  expect(plain.answers.length).toBeGreaterThanOrEqual(shown);
});

test('an answer that is left some room by its reasons still has them', () => {
  const stage = stageOf(100);
  stage.table.view = { complete: false, missing: ['h3'], why: 'split' };

  const told = stage.ask('web', 'A', { payloadBytes: 512 });

  expect(told.bytes.length).toBeLessThanOrEqual(512);
  expect(told).toMatchObject({ isTruncated: true, errors: ['0 not complete: h3 is cut off'] });
});

test('answers that differ in size alone are kept apart', () => {
  const stage = stageOf(60);
  for (let times = 0; times < 40; times += 1) {
    expect(stage.ask('web', 'A').answers.length).toBeLessThan(30);
    expect(stage.ask('web', 'A', { payloadBytes: 4_096 }).answers).toHaveLength(60);
    expect(stage.ask('web', 'A', { way: { isStream: true } }).answers).toHaveLength(60);
    const { bytes } = stage.ask('web', 'A', { payloadBytes: 4_096, wantsSignatures: true });
    const opt = decode(Buffer.from(bytes)).additionals?.[0] as { flag_do?: boolean } | undefined;
    expect(opt?.flag_do).toBe(true);
  }
});
