// Many clients of the library in a few programs come at once, and then both of their servers are
// killed and started again under them.

import { join } from 'node:path';

import type { Namespace, Running, Stage } from '../support/processes.ts';

/** Who comes, and where. */
export interface Storm {
  readonly programsCount: number;
  /** The clients of each program. */
  readonly clientsCount: number;
  /** The words that start either server. */
  readonly serve: readonly string[];
  /** Where the clients look; the places of this host if absent. */
  readonly servers?: readonly string[];
  readonly within?: Namespace;
}

/** How long it took until both servers held all services, and why sessions were lost. */
export interface StormOutcome {
  readonly comeMs: number;
  readonly againMs: number;
  readonly reasons: readonly string[];
}

/** Lets the storm come twice; `between` is called when all is calm. */
export async function storm(
  stage: Stage,
  { programsCount, clientsCount, serve, servers = [], within }: Storm,
  between: () => Promise<void>,
): Promise<StormOutcome> {
  const options = { awaitedMsMax: AWAITED_MS_MAX, ...(within === undefined ? {} : { within }) };
  const startBoth = (): Running[] => [1, 2].map(() => stage.start(serve, options));
  const words = [process.execPath, PROGRAM, String(clientsCount), ...servers];
  const beganMs = performance.now();
  const first = startBoth();
  const programs = Array.from({ length: programsCount }, () => stage.spawn(words, options));
  const come = await Promise.all(programs.map((program) => program.printed({ times: 1 })));
  const comeMs = performance.now() - beganMs;
  await between();
  await Promise.all(first.map((server) => server.end('SIGKILL')));
  const killedMs = performance.now();
  startBoth();
  const again = await Promise.all(programs.map((program) => program.printed({ times: 2 })));
  const againMs = performance.now() - killedMs;
  const reasons = new Set(
    [...come, ...again].flatMap((each) => Object.keys(each['reasons'] as object)),
  );
  return { comeMs, againMs, reasons: [...reasons].sort() };
}

/** Ten times the promise: the machine may be busy. */
const AWAITED_MS_MAX = 200_000;

const PROGRAM = join(import.meta.dirname, '../support/registering-program.js');
