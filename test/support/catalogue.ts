// One server and its callers, for tests of commands that ask.

import type { Running, Stage, StartOptions } from './processes.ts';

/** A server that is alone in its environment, and its callers. */
export interface LoneServer {
  readonly address: string;
  readonly server: Running;
  /** Starts `rarangi lookup` with these words; a command may be among them. */
  readonly look: (words: readonly string[], options?: StartOptions) => Running;
  /** Starts a registration of its own process; resolves when the server has it. */
  readonly register: (offer: readonly string[]) => Promise<Running>;
}

/** Starts a server. Resolves when its sockets listen. */
export async function startLone(stage: Stage, address = stage.address()): Promise<LoneServer> {
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'server-started' });
  const at = `--server=${address}`;
  return {
    address,
    server,
    look: (words, options) => stage.start(['lookup', at, ...words], options),
    register: async (offer) => {
      const sidecar = stage.start(['register', '--log-format=json', at, ...offer]);
      await sidecar.said({ event: 'registered' });
      return sidecar;
    },
  };
}
