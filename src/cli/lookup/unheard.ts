// A watch waits for a server for ever, and must not do so in silence. The invariant: a restart of a
// server is told to nobody; a lack that lasts is told once for each reason, until it is over.

import type { RarangiError } from '../../index.ts';
import { oneLine } from '../harmless.ts';

/** Makes a listener for a watch, that warns of a lack of servers. */
export function warnUnheard(warn: (text: string) => void): (error: RarangiError | null) => void {
  const told = new Set<string>();
  let latest: RarangiError | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isLong = false;
  const tell = (): void => {
    isLong = true;
    if (latest === null || told.has(latest.message)) return;
    told.add(latest.message);
    warn(
      oneLine(`the watch has no server now, and still tries: ${latest.message}; ${latest.hint}`),
    );
  };
  return (error) => {
    latest = error;
    if (error !== null && isLong) tell();
    else if (error !== null) timer ??= setTimeout(tell, UNHEARD_MS).unref();
    else {
      clearTimeout(timer);
      timer = undefined;
      isLong = false;
      told.clear();
    }
  };
}

/** A server that is restarted is back by then. */
const UNHEARD_MS = 2_000;
