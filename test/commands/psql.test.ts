// A database, and a client that asks the catalogue where it is each time that it connects.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makePostgres } from '../sidecar/postgres.ts';
import { eventually } from '../support/conditions.ts';
import { serveWords, startHosts } from '../support/hosts.ts';
import { needs } from '../support/needs.ts';
import { RUN, type Stage, test } from '../support/processes.ts';

test.skipIf(!needs('postgresql'))(
  'psql finds its database again and again while each server is restarted',
  async ({ stage }) => {
    const { command, probe } = makePostgres(stage.folder);
    const [host] = await startHosts(stage, 1);
    const { address, a, b } = host!;
    const sidecar = stage.start([
      ...['register', '--name=db', '--port=0', '--address=127.0.0.1', '--scheme=postgresql'],
      ...['--ready', probe, `--server=${address}`, '--log-format=json', '--', ...command],
    ]);
    for (let count = 0; count < 2; count += 1) await sidecar.said({ event: 'registered' });
    const client = connectForEver(stage, address);

    for (const [server, signal] of [
      [a, 'SIGTERM'],
      [b, 'SIGKILL'],
    ] as const) {
      await server.end(signal);
      await client.goesOn();
      const again = stage.start(serveWords({ name: 'h1', address, isMaster: true, peers: [] }));
      await again.said({ event: 'server-started' });
      await sidecar.said({ event: 'registered' });
      await client.goesOn();
    }
    const answers = await client.end();
    await sidecar.end();

    expect(answers.filter((answer) => answer !== '42\n')).toEqual([]);
  },
);

/** Looks up the database and asks it a question, over and over, in the words of a shell. */
function connectForEver(stage: Stage, address: string) {
  const rarangi = join(stage.folder, 'rarangi');
  writeFileSync(rarangi, `#!/bin/sh\nexec '${process.execPath}' '${RUN}' "$@"\n`);
  chmodSync(rarangi, 0o755);
  const script = `psql "$(rarangi lookup db --one --format uri)" -Atc 'select 6 * 7'`;
  const env = {
    ...{ PATH: `${stage.folder}:${process.env['PATH']}`, RARANGI_SERVER: address },
    ...{ PGUSER: 'postgres', PGDATABASE: 'postgres' },
  };
  const answers: string[] = [];
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const { stdout, stderr } = await stage.spawn(['sh', '-c', script], { env }).ended;
      answers.push(`${stdout}${stderr}`);
    }
  })();
  return {
    /** Resolves when a question that was begun after the call is answered. */
    goesOn: async () => {
      const wanted = answers.length + 2;
      await eventually(
        () => `${wanted} answers: ${answers.join()}`,
        () => answers.length >= wanted || undefined,
      );
    },
    end: async () => {
      over.abort();
      await asking;
      return answers;
    },
  };
}
