// An uncaught error that a test expects is no failure of the test.

import { once } from 'node:events';

/** The message of the first error that an act leaves uncaught. */
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
