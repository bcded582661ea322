// `rarangi lookup [NAME]`: the words of the question. Its flags are in cli/lookup/flags.ts;
// cli/lookup/answer.ts chooses the instances and the exit; the sidecar runs a command. oclif sorts
// the words it is given, so it sees only those before the first `--`.

import { Args } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { showFailure } from '../cli/failure.ts';
import { firstOfEach } from '../answers/instance-text.ts';
import { clientOptionsOf } from '../cli/flags.ts';
import { listVerdictOf, verdictOf } from '../cli/lookup/answer.ts';
import {
  type LookupFlags,
  lookupFlags,
  lookupOptionsOf,
  textFormatOf,
} from '../cli/lookup/flags.ts';
import { answerTo, type NamedLookup } from '../cli/lookup/named.ts';
import { refuseOddWords } from '../cli/lookup/rules.ts';
import { linesOf, variablesOf } from '../cli/lookup/variables.ts';
import { partedWords, refuseAltered } from '../cli/wrapped-words.ts';
import { services } from '../index.ts';

export default class Lookup extends BaseCommand {
  static override summary = 'Print the addresses of a service, nearest first.';
  static override description =
    'Prints one host:port a line: live instances, or stale ones if there is no live one. ' +
    'Without NAME: prints all services, one a line. NAME may be a pattern, like those for files. ' +
    'With a command: runs it with the variables of --format env in its environment, and exits ' +
    'with its status.';
  static override usage = 'lookup [NAME] [FLAGS] [-- COMMAND [ARGUMENT...]]';
  static override examples = [
    '<%= config.bin %> lookup db',
    'psql "$(<%= config.bin %> lookup db --one --format uri)"',
    'vars=$(<%= config.bin %> lookup db --format env) && eval "$vars"',
    '<%= config.bin %> lookup db --wait 30s --tag version=2',
    '<%= config.bin %> lookup db --watch',
    "<%= config.bin %> lookup 'web-*' --json",
    '<%= config.bin %> lookup db --wait 30s -- sh -c \'psql -h "$DB_HOST" -p "$DB_PORT"\'',
    '<%= config.bin %> lookup db --watch --on-change restart -- ./worker',
  ];
  static override needed = { 'kill-after': ['on-change'] };
  static override args = {
    name: Args.string({
      name: 'NAME',
      description: 'The service, or a pattern.',
      ignoreStdin: true,
    }),
  };
  static override flags = lookupFlags;

  override async run(): Promise<void> {
    const { ours, command } = partedWords(this.argv);
    const { args, flags, raw } = await this.parse(Lookup, ours);
    const { name } = args;
    const options = lookupOptionsOf(flags);
    refuseOddWords({ name, command, flags, raw });
    refuseAltered(command ?? []);
    if (name === undefined) await this.list(flags);
    else if (command !== null) await this.exec({ name, options, flags }, command);
    else if (flags.watch) await this.follow({ name, options, flags });
    else await this.answer({ name, options, flags });
  }

  private async answer(asked: NamedLookup): Promise<void> {
    const answer = await answerTo(asked);
    const { instances, exit, remark } = verdictOf(answer, asked.flags);
    const format = textFormatOf(asked.flags);
    if (format === null) this.printJson({ ...answer, instances });
    else this.print(linesOf(instances, format));
    if (remark !== null && format !== null) this.remark(remark);
    this.endWith(exit);
  }

  private async exec(asked: NamedLookup, command: readonly string[]): Promise<void> {
    // First: a file of dist/lean that leaves these out declines, and nothing must have happened yet.
    const [{ newsOf, notStarted, tellOperator }, { run }, { StartError }, { reportTo }] =
      await Promise.all([
        import('../cli/lookup/command.ts'),
        import('../sidecar/run.ts'),
        import('../sidecar/command.ts'),
        import('../sidecar/events.ts'),
      ]);
    const answer = await answerTo(asked);
    const { instances, exit, remark } = verdictOf(answer, asked.flags);
    const given = firstOfEach(instances);
    if (remark !== null) this.remark(remark);
    this.endWith(exit);
    if (given.length === 0) return;
    const news = newsOf({ answer, given, options: asked.options }, asked.flags);
    try {
      const report = reportTo(tellOperator);
      process.exitCode = await run({ command, variables: variablesOf(given), news, report });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      showFailure(notStarted(command, error, partedWords(this.argv).ours), 'words');
      process.exitCode = error.status;
    }
  }

  private async follow({ name, options }: NamedLookup): Promise<void> {
    // First: a file of dist/lean that leaves these out declines, and nothing must have happened yet.
    const [{ printChanges }, { warnUnheard }] = await Promise.all([
      import('../cli/lookup/watch-many.ts'),
      import('../cli/lookup/unheard.ts'),
    ]);
    const onUnheard = warnUnheard(this.remark.bind(this));
    await printChanges(name, { ...options, onUnheard });
  }

  private async list(flags: LookupFlags): Promise<void> {
    const answer = await services(clientOptionsOf(flags));
    const { exit, remark } = listVerdictOf(answer, flags.environment);
    const isText = textFormatOf(flags) !== null;
    if (isText) this.print(answer.services.map(({ name }) => name));
    else this.printJson(answer);
    if (remark !== null && isText) this.remark(remark);
    this.endWith(exit);
  }
}
