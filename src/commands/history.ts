// `rarangi history`: what the servers of this host saw happen, and why. Both are asked, and the
// answer of the one that reaches back further counts. The invariant: the answer is "none" only if
// it reaches back as far as was asked for.

import { Args, Flags, type Interfaces } from '@oclif/core';

import { historyFacts, historyLines, historyVerdict } from '../answers/history.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { secondsOfDay, timesOfDay } from '../cli/event-times.ts';
import { clientFlags, clientOptionsOf, duration, givenOnly, jsonFlag } from '../cli/flags.ts';
import { write } from '../cli/output.ts';
import { endOfInterest } from '../cli/signals.ts';
import { followHistory, history, type HistoryAnswer, type HistoryOptions } from '../index.ts';

export default class History extends BaseCommand {
  static override summary = 'Tell what happened to services and servers, when and why.';
  static override description =
    'Prints which services were registered, changed or removed, and which servers came, left or ' +
    'were lost; the newest event last. Exits with 1 when nothing happened, and with 5 when the ' +
    'server does not remember so far back.';
  static override usage = 'history [NAME] [FLAGS]';
  static override examples = [
    '<%= config.bin %> history web',
    '<%= config.bin %> history --host h3 --since 10m',
    '<%= config.bin %> history web --follow',
    '<%= config.bin %> history web --json',
  ];
  static override args = {
    name: Args.string({
      name: 'NAME',
      description: 'Only what happened to this service.',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...clientFlags,
    ...jsonFlag,
    host: Flags.string({
      description: 'Only what happened on this host.',
      env: 'RARANGI_HISTORY_HOST',
      helpValue: 'NAME',
    }),
    instance: Flags.string({
      description: 'Only what happened to the instance of this id.',
      env: 'RARANGI_HISTORY_INSTANCE',
      helpValue: 'ID',
    }),
    since: duration({
      description: 'Nothing older than this.',
      env: 'RARANGI_HISTORY_SINCE',
    }),
    limit: Flags.integer({
      default: 100,
      description: 'How many events at most: the newest ones.',
      env: 'RARANGI_HISTORY_LIMIT',
      helpValue: 'NUMBER',
      min: 1,
      max: 10_000,
    }),
    follow: Flags.boolean({
      description: 'Then print every further event when it happens; with --json each as a line.',
      env: 'RARANGI_HISTORY_FOLLOW',
    }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    const { host, instance, since: sinceMs, limit } = flags;
    const query = givenOnly({ service: args.name, host, instance, sinceMs, limit });
    const options = { ...clientOptionsOf(flags), ...query };
    if (flags.follow) await this.follow(options, flags);
    else this.show(await history(options), flags);
  }

  private show(answer: HistoryAnswer, { json, since }: HistoryFlags): void {
    const verdict = historyVerdict(answer, since);
    if (json) this.printJson(historyFacts(answer));
    else this.print(linesOf(answer));
    const reach = `this server has seen all since ${secondsOfDay()(answer.reachesBackMs)}`;
    if (!json && verdict === 'found') this.print([`(${reach})`]);
    if (verdict === 'found') return;
    if (!json) this.remark(`${verdict === 'none' ? 'nothing happened' : 'cannot tell'}: ${reach}`);
    this.endWith(verdict === 'none' ? 'no' : 'uncertain');
  }

  private async follow(options: HistoryOptions, { json }: HistoryFlags): Promise<void> {
    for await (const answer of followHistory({ ...options, signal: endOfInterest() })) {
      const lines = json ? answer.rows.map((row) => JSON.stringify(row)) : linesOf(answer);
      for (const line of lines) write('stdout', `${line}\n`);
    }
  }
}

type HistoryFlags = Interfaces.InferredFlags<typeof History.flags>;

function linesOf({ rows }: HistoryAnswer): string[] {
  return historyLines(rows, timesOfDay());
}
