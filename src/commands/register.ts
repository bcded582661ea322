// `rarangi register`: the words of an offer. How it is held, or a command wrapped, is the sidecar's
// business. oclif sorts the words it is given, so it sees only those before the first `--`.

import { Flags, type Interfaces } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { EXIT_CODES } from '../cli/exit-codes.ts';
import type { Failure } from '../cli/failure.ts';
import * as flag from '../cli/flags.ts';
import { logTo } from '../cli/log-lines.ts';
import { partedWords } from '../cli/wrapped-words.ts';
import type { SidecarOptions } from '../sidecar/catalogue.ts';
import { reportTo } from '../sidecar/events.ts';
import { hold } from '../sidecar/hold.ts';
import { wrap } from '../sidecar/wrap.ts';

export default class Register extends BaseCommand {
  static override summary = 'Register a service, alone or around the command that runs it.';
  static override description =
    'Without a command: registers at once, and holds it until SIGTERM or SIGINT. ' +
    'With one: runs it, registers once the port accepts a connection, gives up the registration ' +
    'the moment the command exits, and exits as it did.';
  static override usage = 'register --name NAME --port PORT [FLAGS] [-- COMMAND [ARGUMENT...]]';
  static override examples = [
    '<%= config.bin %> register --name db --port 5432 -- postgres -D data',
    '<%= config.bin %> register --name web --port 8080 --tag version=2 --scheme http',
  ];
  static override flags = {
    ...flag.clientFlags,
    name: Flags.string({
      description: 'The service.',
      env: 'RARANGI_REGISTER_NAME',
      helpValue: 'NAME',
      required: true,
    }),
    port: flag.portFlag({
      description: 'Where it listens.',
      env: 'RARANGI_REGISTER_PORT',
      required: true,
    }),
    address: Flags.string({
      description: 'What clients are told; by default the address of the server.',
      env: 'RARANGI_REGISTER_ADDRESS',
      helpValue: 'ADDR',
    }),
    tag: Flags.string({
      description: 'A tag of the instance. Repeatable.',
      env: 'RARANGI_REGISTER_TAG',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    scheme: Flags.string({
      description: 'The scheme of its URI.',
      env: 'RARANGI_REGISTER_SCHEME',
      helpValue: 'SCHEME',
    }),
    drain: flag.durationOrNone({
      ...flag.lasting(0),
      description: 'On SIGTERM: how long the command runs on after it is deregistered.',
      env: 'RARANGI_REGISTER_DRAIN',
    }),
    'kill-after': flag.durationOrNone({
      ...flag.lasting(10_000),
      description: 'How long after the signal the command is killed; 0 for never.',
      env: 'RARANGI_REGISTER_KILL_AFTER',
    }),
    'log-format': flag.logFormatFlag({ env: 'RARANGI_REGISTER_LOG_FORMAT' }),
  };

  /** Set once a `--` is seen: from then on small numbers of exit codes are the command's. */
  private wraps = false;

  override async run(): Promise<void> {
    const { ours, command } = partedWords(this.argv);
    this.wraps = command !== null;
    const { flags } = await this.parse(Register, ours);
    const options = sidecarOptionsOf(flags);
    if (command === null) {
      await hold(options);
      return;
    }
    if (command.length === 0) throw flag.usage('no command stands behind the --');
    const { drain: drainMs, 'kill-after': killAfterMs } = flags;
    process.exitCode = await wrap({ ...options, command, drainMs, killAfterMs });
  }

  protected override exitOf(failure: Failure): number {
    return this.wraps ? EXIT_CODES.wrapper.code : failure.exit;
  }
}

type RegisterFlags = Interfaces.InferredFlags<typeof Register.flags>;

function sidecarOptionsOf(flags: RegisterFlags): SidecarOptions {
  const { name, port, address, scheme } = flags;
  return {
    client: flag.clientOptionsOf(flags),
    offer: {
      name,
      port,
      tags: flag.tagsOf(flags.tag),
      ...flag.givenOnly({ address: address?.replace(/^\[(.*)\]$/, '$1'), scheme }),
    },
    report: reportTo(logTo(flags['log-format'])),
  };
}
