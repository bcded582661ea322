// `rarangi lookup [NAME]`: the words of the question. Which instances are answered and what the
// exit says is decided in cli/lookup/answer.ts; running a command is the sidecar's business. oclif
// sorts the words it is given, so it sees only those before the first `--`.

import { Args, Flags, type Interfaces } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { showFailure } from '../cli/failure.ts';
import * as flag from '../cli/flags.ts';
import { firstOfEach, LINES_BY_FORMAT } from '../answers/instance-text.ts';
import { doubtsText } from '../answers/doubts.ts';
import { incompleteText } from '../answers/view.ts';
import { environmentLines, variablesOf } from '../cli/lookup/variables.ts';
import { verdictOf, type Verdict } from '../cli/lookup/answer.ts';
import { lookupNamed } from '../cli/lookup/named.ts';
import { ON_CHANGE_FORM, onChangeOf } from '../cli/lookup/on-change.ts';
import { write } from '../cli/output.ts';
import { endOfInterest } from '../cli/signals.ts';
import { meantCommandLine } from '../cli/mistakes.ts';
import { partedWords } from '../cli/wrapped-words.ts';
import { services, type LookupOptions } from '../index.ts';

const FORMATS = ['hostport', 'host', 'port', 'uri', 'env', 'json'] as const;

export default class Lookup extends BaseCommand {
  static override summary = 'Print the addresses of a service, nearest first.';
  static override description =
    'One host:port a line: live instances, or stale ones if there is no live one. ' +
    'Without NAME: the services, one a line. NAME may be a pattern, as of files. ' +
    'With a command: runs it with the variables of --format env in its environment, and exits as ' +
    'it does.';
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
  static override flags = {
    ...flag.clientFlags,
    ...flag.jsonFlag,
    one: Flags.boolean({
      description: 'The first only; of a pattern, the first of each service.',
      env: 'RARANGI_LOOKUP_ONE',
    }),
    all: Flags.boolean({
      description: 'Stale ones too, after the live ones.',
      env: 'RARANGI_LOOKUP_ALL',
      exclusive: ['live'],
    }),
    live: Flags.boolean({ description: 'Never stale ones.', env: 'RARANGI_LOOKUP_LIVE' }),
    tag: Flags.string({
      description: 'Only instances with this tag. Repeatable; all must match.',
      env: 'RARANGI_LOOKUP_TAG',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    cluster: Flags.string({
      description: 'Only instances in this cluster.',
      env: 'RARANGI_LOOKUP_CLUSTER',
      helpValue: 'NAME',
    }),
    format: Flags.option({
      default: 'hostport',
      description: 'What is printed of each; env: of the first, as variables for a shell.',
      env: 'RARANGI_LOOKUP_FORMAT',
      options: FORMATS,
    })(),
    wait: flag.durationOrNone({
      description: 'Wait this long for a live one, and for a server.',
      env: 'RARANGI_LOOKUP_WAIT',
    }),
    watch: Flags.boolean({
      description: 'Print what is there, then every change, as a JSON line each.',
      env: 'RARANGI_LOOKUP_WATCH',
      exclusive: ['all', 'one'],
    }),
    'on-change': Flags.custom<ReturnType<typeof onChangeOf>>({
      description: 'With --watch and a command: start it anew at a change, or send it a signal.',
      env: 'RARANGI_LOOKUP_ON_CHANGE',
      helpValue: ON_CHANGE_FORM,
      parse: (text) => Promise.resolve().then(() => onChangeOf(text)),
    })(),
    'kill-after': flag.durationOrNone({
      ...flag.lasting(10_000),
      description: 'With --on-change restart: when the command is killed; 0 for never.',
      env: 'RARANGI_LOOKUP_KILL_AFTER',
    }),
  };

  override async run(): Promise<void> {
    const { ours, command } = partedWords(this.argv);
    const { args, flags, raw } = await this.parse(Lookup, ours);
    const options = { ...flag.clientOptionsOf(flags), ...wantedOf(flags) };
    const { name } = args;
    refuseTwoFormats(raw, flags);
    if (name === undefined) {
      refuseWithoutName(raw, command);
      await this.list(flags);
    } else if (command !== null) {
      refuseWithCommand({ raw, flags, command });
      await this.exec({ name, options, command }, flags);
    } else if (flags.watch) {
      refuseWithWatch(flags);
      await this.follow(name, options);
    } else {
      if (flags['on-change'] !== undefined) throw flag.usage('--on-change needs a command');
      await this.answer({ name, options }, flags);
    }
  }

  private async answer({ name, options }: Asked, flags: LookupFlags): Promise<void> {
    const answer = await lookupNamed(name, {
      ...options,
      ...flag.givenOnly({ waitMs: flags.wait }),
    });
    const verdict = verdictOf(answer, flags);
    if (isJson(flags)) this.printJson({ ...answer, instances: verdict.instances });
    else this.printText(verdict, flags.format);
    this.endWith(verdict.exit);
  }

  private async exec({ name, options, command }: Asked & Wrapped, flags: LookupFlags) {
    // First: a file of dist/lean that leaves these out declines, and nothing must have happened yet.
    const [{ newsOf, notStarted }, { run }, { StartError }] = await Promise.all([
      import('../cli/lookup/command.ts'),
      import('../sidecar/run.ts'),
      import('../sidecar/command.ts'),
    ]);
    const answer = await lookupNamed(name, {
      ...options,
      ...flag.givenOnly({ waitMs: flags.wait }),
    });
    const verdict = verdictOf(answer, flags);
    const given = firstOfEach(verdict.instances);
    if (verdict.remark !== null) this.remark(verdict.remark);
    if (given.length === 0) {
      this.endWith(verdict.exit);
      return;
    }
    const { 'on-change': by, 'kill-after': killAfterMs } = flags;
    const news =
      by === undefined ? null : { ...newsOf({ answer, given, options }, by), killAfterMs };
    try {
      process.exitCode = await run({ command, variables: variablesOf(given), news });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      const { ours } = partedWords(this.argv);
      const meant = meantCommandLine('lookup', ours, command);
      showFailure(notStarted(command, error, meant), 'words');
      process.exitCode = error.status;
    }
  }

  private printText({ instances, remark }: Verdict, format: LookupFlags['format']): void {
    if (format === 'env') this.print(environmentLines(firstOfEach(instances)));
    else if (format !== 'json') this.print(instances.map(LINES_BY_FORMAT[format]));
    if (remark !== null) this.remark(remark);
  }

  private async follow(name: string, options: LookupOptions): Promise<void> {
    const { watchNamed } = await import('../cli/lookup/watch-many.ts');
    for await (const change of watchNamed(name, { ...options, signal: endOfInterest() })) {
      write('stdout', `${JSON.stringify(change)}\n`);
    }
  }

  private async list(flags: LookupFlags): Promise<void> {
    const answer = await services(flag.clientOptionsOf(flags));
    if (isJson(flags)) this.printJson(answer);
    else this.print(answer.services.map(({ name }) => name));
    if (!isJson(flags) && !answer.complete) this.remark(incompleteText(answer));
    if (answer.services.length > 0) return;
    if (!isJson(flags) && answer.complete) {
      const doubts = answer.doubts === undefined ? '' : `: ${doubtsText(answer.doubts)}`;
      this.remark(`no service is registered in ${flags.environment}${doubts}`);
    }
    this.endWith(answer.complete ? 'no' : 'uncertain');
  }
}

type LookupFlags = Interfaces.InferredFlags<typeof Lookup.flags>;

function isJson({ json, format }: LookupFlags): boolean {
  return json || format === 'json';
}

function wantedOf({ tag, cluster }: LookupFlags): Pick<LookupOptions, 'tags' | 'cluster'> {
  return { tags: flag.tagsOf(tag), ...flag.givenOnly({ cluster }) };
}

interface Asked {
  readonly name: string;
  readonly options: LookupOptions;
}

interface Wrapped {
  readonly command: readonly string[];
}

/** A flag about instances asks nothing without a service; its environment variable may be set. */
function refuseWithoutName(raw: Raw, command: readonly string[] | null): void {
  if (command !== null) throw flag.usage('a command needs the NAME of a service before the --');
  const given = givenIn(raw).find((name) => INSTANCE_FLAGS.has(name));
  if (given !== undefined) throw flag.usage(`--${given} needs the NAME of a service`);
}

/** A command has stdout to itself, and is told in its environment what it is told. */
function refuseWithCommand({ raw, flags, command }: Wrapped & { raw: Raw; flags: LookupFlags }) {
  if (command.length === 0) throw flag.usage('no command stands behind the --');
  const given = givenIn(raw);
  if (given.includes('json') || (given.includes('format') && flags.format !== 'env')) {
    throw flag.usage('a command goes with no format but env');
  }
  if (flags['on-change'] === undefined ? flags.watch : !flags.watch) {
    throw flag.usage('with a command, --watch and --on-change go together');
  }
}

/** `--json` says the format already. */
function refuseTwoFormats(raw: Raw, { json, format }: LookupFlags): void {
  if (!json || format === 'json' || !givenIn(raw).includes('format')) return;
  throw flag.usage(`--json and --format ${format} exclude each other`, 'leave one of them out');
}

/** A watch without end waits for nothing, and tells which instances are stale. */
function refuseWithWatch(flags: LookupFlags): void {
  const odd = (['live', 'on-change', 'wait'] as const).find(
    (name) => (flags[name] ?? false) !== false,
  );
  if (odd !== undefined) throw flag.usage(`--${odd} goes with --watch only before a command`);
}

type Raw = Interfaces.ParserOutput['raw'];

/** The flags that stand among the words. */
function givenIn(raw: Raw): string[] {
  return raw.flatMap((token) => (token.type === 'flag' ? [token.flag] : []));
}

const INSTANCE_FLAGS = new Set([
  ...['one', 'all', 'live', 'tag', 'cluster', 'wait', 'watch', 'on-change', 'kill-after'],
]);
