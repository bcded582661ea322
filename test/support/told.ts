// What a host tells of a service by `rarangi history`, as rows of its JSON.

import type { Host } from './hosts.ts';
import type { Stage } from './processes.ts';

/** An event as --json has it. */
export interface Row {
  readonly event: string;
  readonly service?: string;
  readonly instance?: string;
  readonly host: string;
  readonly server: string;
  readonly cause?: string;
  readonly detail?: string;
  readonly ageMs: number;
  readonly time: string;
}

/** Waits for a host's first event of that kind of a service. */
export async function toldOf(
  stage: Stage,
  { host, service, event }: { host: Host; service: string; event: string },
): Promise<Row> {
  const server = `--server=${host.address}:17340`;
  const follow = stage.start(['history', service, server, '--follow', '--json']);
  const row = await follow.printed({ event });
  await follow.end();
  return row as unknown as Row;
}
