// The cores of servers, services and watchers, and what drives all of them: the real ones, or some with
// a bug planted in them (../mutations/mutant.ts).

import { ClientCore } from '../../../src/core/client/client.ts';
import { Watcher } from '../../../src/core/client/watcher.ts';
import { Server } from '../../../src/core/server/server.ts';
import { Driver } from '../../../src/io/machine/driver.ts';

export interface Cores {
  readonly server: typeof Server;
  readonly client: typeof ClientCore;
  readonly watcher: typeof Watcher;
  readonly driver: typeof Driver;
}

export const CORES: Cores = {
  server: Server,
  client: ClientCore,
  watcher: Watcher,
  driver: Driver,
};
