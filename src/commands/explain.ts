// `rarangi explain`: what is known of a service, a host or an instance, in sentences. The
// invariant: it exits as lookup does, so that a script may use it, too.

import { Args } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { clientFlags, clientOptionsOf, jsonFlag } from '../cli/flags.ts';
import { explain, RarangiError } from '../index.ts';

export default class Explain extends BaseCommand {
  static override summary = 'Explain a service, a host or an instance in a few sentences.';
  static override description =
    'Says what is there and since when, what was removed and why, what the view lacks, and the name in DNS. ' +
    'Exits as lookup does.';
  static override usage = 'explain NAME|HOST|INSTANCE [FLAGS]';
  static override examples = [
    '<%= config.bin %> explain web',
    '<%= config.bin %> explain h3',
    '<%= config.bin %> explain web --json',
  ];
  static override args = {
    name: Args.string({
      name: 'NAME',
      description: 'A service, a host, or the id of an instance.',
      ignoreStdin: true,
    }),
  };
  static override flags = { ...clientFlags, ...jsonFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    const { name } = args;
    if (name === undefined) {
      const what = 'a service, a host, or the id of an instance';
      throw RarangiError.usage(
        `NAME is missing: ${what}`,
        'see what there is with: rarangi lookup',
      );
    }
    const { isThere, ...facts } = await explain(name, clientOptionsOf(flags));
    if (flags.json) this.printJson(facts);
    else this.print(facts.sentences);
    if (!isThere) this.endWith(facts.complete ? 'no' : 'uncertain');
  }
}
