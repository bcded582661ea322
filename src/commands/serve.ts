// `rarangi serve`: the words of one server. It works without any flag; all flags are for fleets of
// more than one host. Its flags are in cli/serve-flags.ts.

import { BaseCommand } from '../cli/base-command.ts';
import { refuseShutDoors, serveFlags, serveOptionsOf } from '../cli/serve-flags.ts';
import { openServeLog } from '../cli/serve-log.ts';
import { endSignal } from '../cli/signals.ts';
import { giveBackAtRest } from '../cli/start/spare-memory.ts';
import { RarangiError, serve } from '../index.ts';

export default class Serve extends BaseCommand {
  static override summary = 'Run a catalogue server of this host.';
  static override description =
    'Takes side A of the environment, and side B if A is taken. SIGTERM or SIGINT: hands its ' +
    'clients to its sibling, says goodbye and exits with 0. SIGHUP: reads secret and certificates ' +
    'again, and tries again the addresses that refused it. SIGUSR1: logs a summary in numbers.';
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve -e production --bind 10.0.0.7 --peer 10.0.0.8 --secret-file secret',
    '<%= config.bin %> serve --bind 127.0.0.2 --host h2 --peer 127.0.0.1',
  ];
  static override flags = serveFlags;

  override async run(): Promise<void> {
    const { flags, raw } = await this.parse(Serve);
    refuseShutDoors({ raw, flags });
    const log = openServeLog(flags['log-format']);
    const ended = endSignal();
    try {
      let reload = (): void => undefined;
      // From the first line on that says the server is there: without a handler the signal would
      // end it.
      process.on('SIGHUP', () => {
        reload();
      });
      let summarise = (): void => undefined;
      process.on('SIGUSR1', () => {
        summarise();
      });
      const handle = await serve({
        ...serveOptionsOf(flags),
        onNotice: (notice) => log.take(notice),
        signal: ended,
      });
      reload = () => {
        handle.reload();
      };
      summarise = () => {
        handle.summarise();
      };
      log.bound(handle);
      giveBackAtRest(ended);
      ended.addEventListener('abort', () => void handle.stop(), { once: true });
      if (ended.aborted) await handle.stop();
      await handle.stopped;
      if (handle.hasFailed)
        throw new Error(
          'the server stopped itself after a second bug within a minute: see its log',
        );
    } catch (error) {
      // Asked to end before there was a server: it waited for its address.
      const isGivenUp = error instanceof RarangiError && error.code === 'RARANGI_ABORTED';
      if (!ended.aborted || !isGivenUp) throw error;
    } finally {
      await log.end();
    }
  }
}
