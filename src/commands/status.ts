// `rarangi status`: one page about the server that answers. The invariant: the exit status says
// whether all is well, so that a monitor needs to read nothing.

import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, jsonFlag, watchFlags } from '../cli/flags.ts';
import { showLive } from '../cli/live-page.ts';
import { screenOf } from '../cli/output.ts';
import { statusLines } from '../cli/status-page.ts';
import type { Canvas } from '../cli/table.ts';
import { themeFor } from '../cli/theme.ts';
import { status, type StatusReport } from '../index.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show how the server of this host is, and what it sees.';
  static override description =
    'Exits with 1 when the state is not healthy; with --watch with 0, at Ctrl-C.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --json --server 10.0.0.7',
  ];
  static override needed = { interval: ['watch'] };
  static override flags = {
    ...clientFlags,
    ...jsonFlag,
    ...watchFlags({ env: { watch: 'RARANGI_STATUS_WATCH', interval: 'RARANGI_STATUS_INTERVAL' } }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const options = clientOptionsOf(flags);
    if (flags.watch) {
      const page = {
        title: `rarangi status -e ${flags.environment}`,
        ask: (signal: AbortSignal) => status({ ...options, signal }),
        lines: (report: StatusReport, { theme }: Canvas) => statusLines(report, theme),
        facts: factsOf,
      };
      await showLive(page, { intervalMs: flags.interval, isJson: flags.json });
      return;
    }
    const report = await status(options);
    if (flags.json) this.printJson(factsOf(report));
    else this.print(statusLines(report, themeFor(screenOf('stdout'))));
    if (report.state !== 'healthy') this.endWith('no');
  }
}

/** What programs are given: all but what locks the server, which is for people. */
function factsOf({ lock: _, ...facts }: StatusReport): Omit<StatusReport, 'lock'> {
  return facts;
}
