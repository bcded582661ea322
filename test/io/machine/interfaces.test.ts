// Which addresses are this machine's. One that is its own though no interface lists it needs a cable
// that is out: test/namespaces has one.

import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';

import { isHere } from '../../../src/io/machine/interfaces.ts';

test('what an interface has and all of the loopback is here; what is kept for examples is not', async () => {
  const listed = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = listed.map(({ address }) => address).filter((each) => !/^fe80:/i.test(each));

  const answers = await Promise.all([...own, '127.9.9.9'].map(isHere));
  expect(answers).toEqual(answers.map(() => true));
  expect(await Promise.all(['192.0.2.1', '2001:db8::1', 'a.example'].map(isHere))).toEqual([
    false,
    false,
    false,
  ]);
});
