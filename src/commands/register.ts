// `rarangi register`: the words of offers. The sidecar holds them, or wraps a command. oclif sorts
// the words it is given, so it sees only those before the first `--`.

import type { Interfaces } from '@oclif/core';

import { BaseCommand } from '../cli/base-command.ts';
import { EXIT_CODES } from '../cli/exit-codes.ts';
import type { Failure } from '../cli/failure.ts';
import * as flag from '../cli/flags.ts';
import { logTo } from '../cli/log-lines.ts';
import { registerFlags } from '../cli/register-flags.ts';
import { servicesOfWords, servicesReader, type ServiceWords } from '../cli/service-words.ts';
import { meantCommandLine } from '../cli/mistakes.ts';
import { partedWords, refuseAltered } from '../cli/wrapped-words.ts';
import { refuseFlags, refuseLoneFlags } from '../cli/odd-flags.ts';
import { reportTo } from '../sidecar/events.ts';
import { hold } from '../sidecar/hold.ts';
import { parseProbe } from '../sidecar/probe.ts';
import type { SidecarService } from '../sidecar/service.ts';
import type { SidecarOptions } from '../sidecar/sidecar-options.ts';
import { wrap } from '../sidecar/wrap.ts';
import { RarangiError } from '../index.ts';

export default class Register extends BaseCommand {
  static override summary = 'Register services, alone or around the command that runs them.';
  static override description =
    'Without a command: registers at once, and holds the registration until SIGTERM or SIGINT. ' +
    'With a command: runs it, registers once the port accepts a connection, gives the registration ' +
    'up the moment the command exits, and exits with its status.';
  static override usage = 'register --name NAME --port PORT [FLAGS] [-- COMMAND [ARGUMENT...]]';
  static override examples = [
    '<%= config.bin %> register --name db --port 5432 -- postgres -D data',
    '<%= config.bin %> register --name web --port 8080 --tag version=2 --scheme http',
    '<%= config.bin %> register --name web --port 0 -- python3 -m http.server {port}',
  ];
  static override needed = {
    'check-interval': ['check', 'service', 'file'],
    'check-rise': ['check', 'service', 'file'],
    'check-fall': ['check', 'service', 'file'],
  };
  static override flags = registerFlags;

  /** Set once a `--` is seen: from then on small numbers of exit codes are the command's. */
  private wraps = false;

  override async run(): Promise<void> {
    const { ours, command } = partedWords(this.argv);
    this.wraps = command !== null;
    const parsed = await this.parse(Register, ours);
    const { flags } = parsed;
    const options = sidecarOptionsOf(flags, { readyByDefault: this.wraps ? 'tcp' : 'none' });
    if (command === null) {
      refuseFlags(parsed, ['drain', 'kill-after', 'kill-group'], 'without a command');
      refuseLoneFlags(parsed, { 'ready-timeout': ['ready', 'service', 'file'] });
      await hold(options);
      return;
    }
    if (command.length === 0) throw RarangiError.usage('no command follows the --');
    refuseAltered(command);
    const { drain: drainMs, 'kill-after': killAfterMs } = flags;
    const killsGroup = flags['kill-group'] === 'yes';
    const meant = meantCommandLine('register', ours, command);
    process.exitCode = await wrap({ ...options, command, meant, drainMs, killAfterMs, killsGroup });
  }

  protected override exitOf(failure: Failure): number {
    return this.wraps ? EXIT_CODES.wrapper.code : failure.exit;
  }
}

type RegisterFlags = Interfaces.InferredFlags<typeof Register.flags>;

function sidecarOptionsOf(
  flags: RegisterFlags,
  { readyByDefault }: { readonly readyByDefault: string },
): SidecarOptions {
  const { file, ready = readyByDefault, check } = flags;
  const fixed = [...servicesOfFlags(flags), ...servicesOfWords(flag.listOf(flags.service))];
  const readFile = file === undefined ? () => [] : servicesReader(file);
  if (fixed.length === 0 && file === undefined)
    throw RarangiError.usage('missing required flag --name');
  return {
    client: flag.clientOptionsOf(flags),
    services: () => [...fixed, ...readFile()].map((words) => serviceOf({ ready, check, ...words })),
    areReread: file !== undefined,
    pace: {
      readyTimeoutMs: flags['ready-timeout'] ?? Number.POSITIVE_INFINITY,
      intervalMs: flags['check-interval'],
      rise: flags['check-rise'],
      fall: flags['check-fall'],
    },
    report: reportTo(logTo(flags['log-format'])),
  };
}

/** The service of --name and the flags that go with it; none without. Throws RARANGI_USAGE. */
function servicesOfFlags({ name, port, address, scheme, tag }: RegisterFlags): ServiceWords[] {
  if (name === undefined) {
    if ([port, address, scheme, tag].every((each) => each === undefined)) return [];
    throw RarangiError.usage('missing required flag --name');
  }
  if (port === undefined) throw RarangiError.usage('missing required flag --port');
  return [{ name, port, tags: flag.tagsOf(tag), ...flag.givenOnly({ address, scheme }) }];
}

/** Throws RARANGI_USAGE. */
function serviceOf(
  words: ServiceWords & { readonly ready: string; readonly check: string },
): SidecarService {
  const { name, port, tags, address, scheme } = words;
  const bare = address?.replace(/^\[(.*)\]$/, '$1');
  return {
    offer: { name, port, tags, ...flag.givenOnly({ address: bare, scheme }) },
    ready: parseProbe(words.ready, `service ${name}: ready`),
    check: parseProbe(words.check, `service ${name}: check`),
  };
}
