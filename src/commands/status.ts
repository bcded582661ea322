// `rarangi status`: one page about the server that answers. The invariant: the exit status says
// whether all is well, so that a monitor needs to read nothing.

import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, jsonFlag } from '../cli/flags.ts';
import { statusLines } from '../cli/status-page.ts';
import { themeFor } from '../cli/theme.ts';
import { status } from '../index.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show how the server of this host is, and what it sees.';
  static override description = 'Exits with 1 when the state is not healthy.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --json --server 10.0.0.7',
  ];
  static override flags = { ...clientFlags, ...jsonFlag };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const report = await status(clientOptionsOf(flags));
    if (flags.json) this.printJson(report);
    else this.print(statusLines(report, themeFor(process.stdout)));
    if (report.state !== 'healthy') this.endWith('no');
  }
}
