// `rarangi status`: one page about the server that answers. The invariant: the exit status says
// whether all is well, so that a monitor need not read the page.

import { statusFactsOf } from '../answers/shapes.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, duration, jsonFlag, watchFlags } from '../cli/flags.ts';
import { isWell, untilWell } from '../cli/until-well.ts';
import { showLive } from '../cli/live-page.ts';
import { screenOf } from '../cli/output.ts';
import { statusLines } from '../cli/status-page.ts';
import type { Canvas } from '../cli/table.ts';
import { themeFor } from '../cli/theme.ts';
import { status, type StatusReport } from '../index.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show the state of the server of this host, and what it sees.';
  static override description =
    'Exits with 1 when the state is not healthy. With --wait: exits with 0 as soon as it is healthy ' +
    'and the view is complete, else with 6. With --watch: exits with 0, at q or Ctrl-C.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --wait 30s',
    '<%= config.bin %> status --json --server 10.0.0.7',
  ];
  static override needed = { interval: ['watch'] };
  static override flags = {
    ...clientFlags,
    ...jsonFlag,
    wait: duration({
      description: 'Wait this long until all is healthy and the view is complete; else exit 6.',
      env: 'RARANGI_STATUS_WAIT',
      exclusive: ['watch'],
    }),
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
        facts: statusFactsOf,
      };
      await showLive(page, { intervalMs: flags.interval, isJson: flags.json });
      return;
    }
    const { wait } = flags;
    const report = wait === undefined ? await status(options) : await untilWell(options, wait);
    if (flags.json) this.printJson(statusFactsOf(report));
    else this.print(statusLines(report, themeFor(screenOf('stdout'))));
    if (wait !== undefined && !isWell(report)) this.endWith('timeout');
    else if (report.state !== 'healthy') this.endWith('no');
  }
}
