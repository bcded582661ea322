// `rarangi peers`: the servers of the environment, as the one that was asked sees them. It asks no
// second server: two answers would be two views.

import { Flags } from '@oclif/core';

import { incompleteText } from '../answers/view.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, jsonFlag, watchFlags } from '../cli/flags.ts';
import { showLive } from '../cli/live-page.ts';
import { screenOf } from '../cli/output.ts';
import {
  chosenPeers,
  isGoneState,
  PEER_STATES,
  peersFacts,
  peersLines,
  steadyFacts,
} from '../cli/peers-table.ts';
import type { Canvas } from '../cli/table.ts';
import { themeFor } from '../cli/theme.ts';
import { type ClientOptions, forget, peers, type PeersAnswer } from '../index.ts';

export default class Peers extends BaseCommand {
  static override summary = 'List the servers of the environment.';
  static override description =
    'If the output is no terminal: one server a line, no heading, tabs between the fields.';
  static override examples = [
    '<%= config.bin %> peers',
    '<%= config.bin %> peers --watch',
    '<%= config.bin %> peers --json',
    '<%= config.bin %> peers --all --cluster akl',
    '<%= config.bin %> peers --forget h3',
  ];
  static override needed = { interval: ['watch'] };
  static override flags = {
    ...clientFlags,
    ...jsonFlag,
    forget: Flags.string({
      description:
        'At every server: drop the servers of a host that is split off, or stop waiting for it.',
      exclusive: ['watch', 'all', 'host', 'cluster', 'state'],
      helpValue: 'HOST',
    }),
    all: Flags.boolean({
      description: 'Also list servers that left, crashed or were forgotten within the split hold.',
      env: 'RARANGI_PEERS_ALL',
    }),
    host: Flags.string({
      description: 'Only servers of this host.',
      env: 'RARANGI_PEERS_HOST',
      helpValue: 'NAME',
    }),
    cluster: Flags.string({
      description: 'Only servers in this cluster.',
      env: 'RARANGI_PEERS_CLUSTER',
      helpValue: 'NAME',
    }),
    state: Flags.option({
      description: 'Only servers in this state; each of the last three implies --all.',
      env: 'RARANGI_PEERS_STATE',
      options: PEER_STATES,
    })(),
    ...watchFlags({ env: { watch: 'RARANGI_PEERS_WATCH', interval: 'RARANGI_PEERS_INTERVAL' } }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Peers);
    const options = clientOptionsOf(flags);
    if (flags.forget !== undefined) {
      await this.drop(flags.forget, options, flags.json);
      return;
    }
    const asked = { ...options, all: flags.all || isGoneState(flags.state) };
    const ask = async (more: Pick<ClientOptions, 'signal'> = {}): Promise<PeersAnswer> =>
      chosenPeers(await peers({ ...asked, ...more }), flags);
    if (flags.watch) {
      const page = {
        title: `rarangi peers -e ${flags.environment}`,
        ask: (signal: AbortSignal) => ask({ signal }),
        lines: (answer: PeersAnswer, canvas: Canvas) => peersLines(answer, canvas),
        facts: peersFacts,
        steady: steadyFacts,
      };
      await showLive(page, { intervalMs: flags.interval, isJson: flags.json });
      return;
    }
    const answer = await ask();
    if (flags.json) {
      this.printJson(peersFacts(answer));
      return;
    }
    const screen = screenOf('stdout');
    const canvas = { screen, theme: themeFor(screen) };
    this.print(peersLines(answer, canvas));
    if (!answer.complete) this.remark(`${incompleteText(answer)}; see: rarangi status`);
  }

  private async drop(host: string, options: ClientOptions, json: boolean): Promise<void> {
    const forgotten = await forget(host, options);
    if (json) this.printJson({ host, forgotten });
    else this.print([`servers of host ${host} forgotten: ${String(forgotten)}`]);
    if (forgotten > 0) return;
    if (!json)
      this.remark(
        `no server of host ${host} is split, and this server waits for none; see: rarangi peers`,
      );
    this.endWith('no');
  }
}
