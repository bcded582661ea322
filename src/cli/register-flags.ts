// The flags of `register`. They have their own file because they are many; the command says what
// they mean together.

import { Flags } from '@oclif/core';

import * as flag from './flags.ts';

/** One service in words of its own. */
const serviceFlags = {
  name: Flags.string({
    description: 'The name of the service. Required, unless --service or --file names one.',
    env: 'RARANGI_REGISTER_NAME',
    helpValue: 'NAME',
  }),
  port: flag.portFlag({
    description:
      'The port of the service; required with --name. 0 chooses a free one and tells it to the ' +
      'command: as {port} in its words and as PORT in its environment.',
    env: 'RARANGI_REGISTER_PORT',
  }),
  address: Flags.string({
    description: 'The address that clients get; by default the one that the server advertises.',
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
    description: 'The scheme of the URI of the service.',
    env: 'RARANGI_REGISTER_SCHEME',
    helpValue: 'SCHEME',
  }),
};

/** Several services. */
const servicesFlags = {
  service: Flags.string({
    description:
      'A service in one word: name=NAME,port=PORT and, as needed, address=, scheme=, ready=, ' +
      'check= and tag.KEY=. Repeatable.',
    env: 'RARANGI_REGISTER_SERVICE',
    helpValue: 'name=NAME,port=PORT[,...]',
    multiple: true,
    multipleNonGreedy: true,
  }),
  file: Flags.string({
    description: 'A JSON file with services. At SIGHUP it is read again.',
    env: 'RARANGI_REGISTER_FILE',
    helpValue: 'PATH',
  }),
};

/** When a service is in the catalogue. */
const probeFlags = {
  ready: Flags.string({
    description:
      'The probe that must succeed before the service is registered: tcp, none, ' +
      'http://HOST:PORT/PATH or exec:COMMAND. By default tcp with a command, else none.',
    env: 'RARANGI_REGISTER_READY',
    helpValue: 'PROBE',
  }),
  'ready-timeout': flag.duration({
    description:
      'How long a service may take to be ready; after that the sidecar ends the command and itself. By default for ever.',
    env: 'RARANGI_REGISTER_READY_TIMEOUT',
  }),
  check: Flags.string({
    default: 'none',
    description:
      'A probe of a service that is ready, written as for --ready. While it fails, the service is not registered.',
    env: 'RARANGI_REGISTER_CHECK',
    helpValue: 'PROBE',
  }),
  'check-interval': flag.duration({
    ...flag.lasting(2000),
    description: 'The time between two checks; one check may take as long.',
    env: 'RARANGI_REGISTER_CHECK_INTERVAL',
  }),
  'check-rise': Flags.integer({
    default: 2,
    description: 'How many good checks in a row make the service healthy again.',
    env: 'RARANGI_REGISTER_CHECK_RISE',
    helpValue: 'COUNT',
    min: 1,
  }),
  'check-fall': Flags.integer({
    default: 3,
    description: 'How many bad checks in a row make the service unhealthy.',
    env: 'RARANGI_REGISTER_CHECK_FALL',
    helpValue: 'COUNT',
    min: 1,
  }),
};

/** The flags of `register`. */
export const registerFlags = {
  ...flag.clientFlags,
  ...serviceFlags,
  ...servicesFlags,
  ...probeFlags,
  drain: flag.durationOrNone({
    ...flag.lasting(0),
    description: 'On SIGTERM: how long the command runs on after its registration is given up.',
    env: 'RARANGI_REGISTER_DRAIN',
  }),
  'kill-after': flag.durationOrNone({
    ...flag.lasting(10_000),
    description: 'How long after the signal the command is killed; 0 for never.',
    env: 'RARANGI_REGISTER_KILL_AFTER',
  }),
  'kill-group': Flags.option({
    default: 'yes',
    description: 'Whether processes that the command leaves behind are ended, too.',
    env: 'RARANGI_REGISTER_KILL_GROUP',
    options: ['yes', 'no'] as const,
  })(),
  'log-format': flag.logFormatFlag({ env: 'RARANGI_REGISTER_LOG_FORMAT' }),
};
