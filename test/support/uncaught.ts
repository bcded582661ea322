// What nobody catches is no failure of the test that asked for it.

import { once } from 'node:events';

/** What the first error says that an act leaves uncaught. */
export async function uncaughtBy(act: () => unknown): Promise<string> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    const uncaught = once(process, 'uncaughtException');
    await act();
    const [error] = (await uncaught) as [Error];
    return error.message;
  } finally {
    for (const other of others) process.on('uncaughtException', other);
  }
}
