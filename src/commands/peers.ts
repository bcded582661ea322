// `rarangi peers`: the servers of the environment, as the one that was asked sees them. It asks no
// second server: two answers would be two views.

import { Flags } from '@oclif/core';

import { incompleteText } from '../answers/view.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, jsonFlag, watchFlags } from '../cli/flags.ts';
import { showLive } from '../cli/live-page.ts';
import { screenOf } from '../cli/output.ts';
import { peersFacts, peersLines } from '../cli/peers-table.ts';
import type { Canvas } from '../cli/table.ts';
import { themeFor } from '../cli/theme.ts';
import { type ClientOptions, forget, peers, type PeersAnswer } from '../index.ts';

export default class Peers extends BaseCommand {
  static override summary = 'List the servers of the environment.';
  static override description =
    'Elsewhere than on a terminal: one server a line, without a heading, fields apart by tabs.';
  static override examples = [
    '<%= config.bin %> peers',
    '<%= config.bin %> peers --watch',
    '<%= config.bin %> peers --json',
    '<%= config.bin %> peers --forget h3',
  ];
  static override needed = { interval: ['watch'] };
  static override flags = {
    ...clientFlags,
    ...jsonFlag,
    forget: Flags.string({
      description: 'Drop the servers of a host that is split off, from every server, now.',
      exclusive: ['watch'],
      helpValue: 'HOST',
    }),
    ...watchFlags({ env: { watch: 'RARANGI_PEERS_WATCH', interval: 'RARANGI_PEERS_INTERVAL' } }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Peers);
    const options = clientOptionsOf(flags);
    if (flags.forget !== undefined) {
      await this.drop(flags.forget, options, flags.json);
      return;
    }
    if (flags.watch) {
      const page = {
        title: `rarangi peers -e ${flags.environment}`,
        ask: (signal: AbortSignal) => peers({ ...options, signal }),
        lines: ({ servers }: PeersAnswer, canvas: Canvas) => peersLines(servers, canvas),
        facts: peersFacts,
      };
      await showLive(page, { intervalMs: flags.interval, isJson: flags.json });
      return;
    }
    const answer = await peers(options);
    if (flags.json) {
      this.printJson(peersFacts(answer));
      return;
    }
    const screen = screenOf('stdout');
    const canvas = { screen, theme: themeFor(screen) };
    this.print(peersLines(answer.servers, canvas));
    if (!answer.complete) this.remark(`${incompleteText(answer)}; see: rarangi status`);
  }

  private async drop(host: string, options: ClientOptions, json: boolean): Promise<void> {
    const forgotten = await forget(host, options);
    if (json) this.printJson({ host, forgotten });
    else this.print([`split servers of host ${host} forgotten: ${String(forgotten)}`]);
    if (forgotten > 0) return;
    if (!json) this.remark(`no server of host ${host} is split off; see: rarangi peers`);
    this.endWith('no');
  }
}
