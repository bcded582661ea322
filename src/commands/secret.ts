// `rarangi secret`: a new secret for an environment. The invariant: only its owner can read the
// file, from the first moment on, and an existing file is never overwritten.

import { Flags } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { isOutputExposed, writeSecretFile } from '../cli/secret-output.ts';
import { newSecret, tokensOf } from '../index.ts';

export default class Secret extends BaseCommand {
  static override summary = 'Print a new secret for an environment.';
  static override description =
    'A secret is a line of 64 hexadecimal digits. To change it, put the new one in the second line of ' +
    'every file, then put it first, then remove the old one; after each step send SIGHUP to all servers.';
  static override examples = [
    '<%= config.bin %> secret --write /etc/rarangi/production.secret',
    '(umask 077; <%= config.bin %> secret > production.secret)',
  ];
  static override flags = {
    write: Flags.string({
      description: 'Write the secret to a new file, of mode 0600, instead of printing it.',
      helpValue: 'PATH',
    }),
    token: Flags.string({
      description: 'Print the tokens for reading by HTTP that belong to the secrets in this file.',
      exclusive: ['write'],
      helpValue: 'PATH',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Secret);
    if (flags.token !== undefined) {
      this.print(tokensOf(flags.token));
      return;
    }
    const secret = newSecret();
    if (flags.write !== undefined) {
      writeSecretFile(flags.write, secret);
      return;
    }
    this.print([secret]);
    if (isOutputExposed())
      this.remark('other users may read the file that this goes to: chmod 600, or use --write');
  }
}
