import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';

import { Lifetime } from '../../../src/io/client/lifetime.ts';

/** Never resolves; rejects with the reason of the signal. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}

test('nothing is left on a signal that outlives its calls', async () => {
  const lifetime = new Lifetime();
  const { signal } = new AbortController();

  for (let call = 0; call < 100; call += 1) {
    await lifetime.within(signal, () => Promise.resolve());
  }

  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a call ends with the signal of its caller, for that reason', async () => {
  const controller = new AbortController();
  const call = new Lifetime().within(controller.signal, untilAborted);

  controller.abort(new Error('enough'));

  await expect(call).rejects.toThrow('enough');
  const late = new Lifetime().within(AbortSignal.abort(new Error('before')), untilAborted);
  await expect(late).rejects.toThrow('before');
});

test('calls end with the client, and after it there are none', async () => {
  const lifetime = new Lifetime();
  const call = lifetime.within(undefined, untilAborted);

  lifetime.end();

  await expect(call).rejects.toMatchObject({ code: 'RARANGI_ABORTED' });
  await expect(lifetime.within(undefined, untilAborted)).rejects.toMatchObject({
    code: 'RARANGI_USAGE',
  });
  expect(lifetime.begin(undefined).signal.aborted).toBe(true);
});
