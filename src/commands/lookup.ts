// `rarangi lookup [NAME]`: the words of the question. Which instances are answered and what the
// exit says is decided in cli/lookup-answer.ts.

import { Args, Flags, type Interfaces } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import * as flag from '../cli/flags.ts';
import { environmentLines, LINES_BY_FORMAT } from '../cli/instance-text.ts';
import { incompleteText, verdictOf, type Verdict } from '../cli/lookup-answer.ts';
import { endSignal } from '../cli/signals.ts';
import { lookup, services, watch, type LookupOptions } from '../index.ts';

const FORMATS = ['hostport', 'host', 'port', 'uri', 'env', 'json'] as const;

export default class Lookup extends BaseCommand {
  static override summary = 'Print the addresses of a service, nearest first.';
  static override description =
    'One host:port a line: live instances, or stale ones if there is no live one. ' +
    'Without NAME: the services, one a line.';
  static override usage = 'lookup [NAME] [FLAGS]';
  static override examples = [
    '<%= config.bin %> lookup db',
    'psql "$(<%= config.bin %> lookup db --one --format uri)"',
    'eval "$(<%= config.bin %> lookup db --format env)"; echo "$DB_HOST $DB_PORT"',
    '<%= config.bin %> lookup db --wait 30s --tag version=2',
    '<%= config.bin %> lookup db --watch',
  ];
  static override args = {
    name: Args.string({ name: 'NAME', description: 'The service.', ignoreStdin: true }),
  };
  static override flags = {
    ...flag.clientFlags,
    ...flag.jsonFlag,
    one: Flags.boolean({ description: 'The first only.', env: 'RARANGI_LOOKUP_ONE' }),
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
      exclusive: ['all', 'live', 'one', 'wait'],
    }),
  };

  override async run(): Promise<void> {
    const { args, flags, raw } = await this.parse(Lookup);
    const options = { ...flag.clientOptionsOf(flags), ...wantedOf(flags) };
    if (args.name === undefined) {
      refuseWithoutName(raw);
      await this.list(flags);
    } else if (flags.watch) {
      await this.follow(args.name, options);
    } else {
      await this.answer(args.name, options, flags);
    }
  }

  private async answer(name: string, options: LookupOptions, flags: LookupFlags): Promise<void> {
    const answer = await lookup(name, { ...options, ...flag.givenOnly({ waitMs: flags.wait }) });
    const verdict = verdictOf(answer, flags);
    if (isJson(flags)) this.printJson({ ...answer, instances: verdict.instances });
    else this.printText(verdict, flags.format);
    this.endWith(verdict.exit);
  }

  private printText({ instances, remark }: Verdict, format: LookupFlags['format']): void {
    if (format === 'env') this.print(instances.slice(0, 1).flatMap(environmentLines));
    else if (format !== 'json') this.print(instances.map(LINES_BY_FORMAT[format]));
    if (remark !== null) this.remark(remark);
  }

  private async follow(name: string, options: LookupOptions): Promise<void> {
    for await (const change of watch(name, { ...options, signal: endSignal() })) {
      process.stdout.write(`${JSON.stringify(change)}\n`);
    }
  }

  private async list(flags: LookupFlags): Promise<void> {
    const answer = await services(flag.clientOptionsOf(flags));
    if (isJson(flags)) this.printJson(answer);
    else this.print(answer.services.map(({ name }) => name));
    if (!isJson(flags) && !answer.complete) this.remark(incompleteText(answer));
    if (answer.services.length === 0) this.endWith(answer.complete ? 'no' : 'uncertain');
  }
}

type LookupFlags = Interfaces.InferredFlags<typeof Lookup.flags>;

function isJson({ json, format }: LookupFlags): boolean {
  return json || format === 'json';
}

function wantedOf({ tag, cluster }: LookupFlags): Pick<LookupOptions, 'tags' | 'cluster'> {
  return { tags: flag.tagsOf(tag), ...flag.givenOnly({ cluster }) };
}

/** A flag about instances asks nothing without a service; its environment variable may be set. */
function refuseWithoutName(raw: Interfaces.ParserOutput['raw']): void {
  for (const token of raw) {
    if (token.type === 'flag' && INSTANCE_FLAGS.has(token.flag)) {
      throw flag.usage(`--${token.flag} needs the NAME of a service`);
    }
  }
}

const INSTANCE_FLAGS = new Set(['one', 'all', 'live', 'tag', 'cluster', 'wait', 'watch']);
