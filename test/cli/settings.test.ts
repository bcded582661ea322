import { expect, onTestFinished, test, vi } from 'vitest';
import {
  hideForeign,
  namingVariable,
  settleBooleans,
  truthOf,
  unknownSettings,
} from '../../src/cli/settings.ts';

const FLAGS = {
  environment: { env: 'RARANGI_ENVIRONMENT', char: 'e' },
  peer: { env: 'RARANGI_SERVE_PEER' },
  host: { env: 'RARANGI_SERVE_HOST' },
  port: { env: 'RARANGI_SERVE_PORT' },
};
const SERVE = { command: 'serve', flags: FLAGS };

const KUBERNETES = {
  RARANGI_SERVE_SERVICE_HOST: '10.0.0.1',
  RARANGI_SERVE_SERVICE_PORT: '80',
  RARANGI_SERVE_SERVICE_PORT_HTTP: '80',
  RARANGI_SERVE_PORT: 'tcp://10.0.0.1:80',
  RARANGI_SERVE_PORT_80_TCP: 'tcp://10.0.0.1:80',
  RARANGI_SERVE_PORT_80_TCP_ADDR: '10.0.0.1',
};
const OURS = {
  RARANGI_SERVE_HOST: 'fd00::1',
  RARANGI_SERVE_PORT: '80',
  RARANGI_SERVE_URI: 'http://[fd00::1]:80',
  RARANGI_SERVE_TAG_VERSION: '7',
};

test('a server does not start with a setting that is nearly one', () => {
  expect(() => unknownSettings(SERVE, { RARANGI_SERVE_PEERS: 'h1' })).toThrow(
    expect.objectContaining({
      hint: 'did you mean RARANGI_SERVE_PEER? otherwise unset RARANGI_SERVE_PEERS',
    }),
  );
  expect(() => unknownSettings(SERVE, { RARANGI_ENVIROMENT: 'x' })).toThrow('no setting');
});

test('any other unknown setting of the command is warned of', () => {
  expect(unknownSettings(SERVE, { RARANGI_SERVE_NONSENSE: '1', RARANGI_LOOKUP_X: '1' })).toEqual([
    'the variable RARANGI_SERVE_NONSENSE is set and has no effect: it is no setting of rarangi serve',
  ]);
  expect(
    unknownSettings({ command: 'register', flags: FLAGS }, { RARANGI_ENVIROMENT: 'x' }),
  ).toEqual([
    'the variable RARANGI_ENVIROMENT is set and has no effect: did you mean RARANGI_ENVIRONMENT?',
  ]);
});

test.each([
  ['Kubernetes', KUBERNETES],
  ['--format env', OURS],
])('what %s sets for a service of such a name is passed over', (_, made) => {
  const env: NodeJS.ProcessEnv = { ...made, RARANGI_SERVE_PEER: 'h1' };

  expect(unknownSettings(SERVE, env)).toEqual([]);
  const putBack = hideForeign(SERVE, env);

  expect(Object.keys(env)).not.toContain('RARANGI_SERVE_PORT');
  expect(env['RARANGI_SERVE_PEER']).toBe('h1');
  putBack();
  expect(env).toEqual({ ...made, RARANGI_SERVE_PEER: 'h1' });
});

test("a person's own host and port are settings", () => {
  const env: NodeJS.ProcessEnv = { RARANGI_SERVE_HOST: 'h1', RARANGI_SERVE_PORT: '80' };

  hideForeign(SERVE, env);

  expect(env).toEqual({ RARANGI_SERVE_HOST: 'h1', RARANGI_SERVE_PORT: '80' });
});

test('a complaint names the variable that a value came from, but not where a flag was typed', () => {
  process.env['RARANGI_ENVIRONMENT'] = 'a b';
  try {
    const message = 'environment "a b" is not a name';

    expect(namingVariable(message, SERVE, [])).toBe(`${message} (RARANGI_ENVIRONMENT)`);
    expect(namingVariable('--environment: no', SERVE, [])).toBe('RARANGI_ENVIRONMENT: no');
    const named = 'RARANGI_ENVIRONMENT "a b" is odd';
    expect(namingVariable(named, SERVE, [])).toBe(named);
    expect(namingVariable(message, SERVE, ['-e', 'a b'])).toBe(message);
  } finally {
    delete process.env['RARANGI_ENVIRONMENT'];
  }
});

test.each([
  [
    'expected --state=up to be one of: split',
    'expected RARANGI_PEERS_STATE=up to be one of: split',
  ],
  ['--watch and --json exclude each other', '--watch and RARANGI_JSON exclude each other'],
  ['--state-of is no flag', '--state-of is no flag'],
  ['missing required flag --port', 'missing required flag --port'],
])('in %s flags are named by their variables where they came from there', (message, named) => {
  const flags = {
    state: { env: 'RARANGI_PEERS_STATE' },
    watch: { env: 'RARANGI_PEERS_WATCH' },
    json: { env: 'RARANGI_JSON' },
    port: { env: 'RARANGI_PEERS_PORT' },
  };
  const set = { RARANGI_PEERS_STATE: 'up', RARANGI_PEERS_WATCH: '1', RARANGI_JSON: '1' };
  for (const [name, value] of Object.entries(set)) vi.stubEnv(name, value);
  vi.stubEnv('RARANGI_PEERS_PORT', 'tcp://10.0.0.1:80');
  onTestFinished(() => void vi.unstubAllEnvs());

  expect(namingVariable(message, { command: 'peers', flags }, ['--watch'])).toBe(named);
});

const SWITCHES = {
  command: 'serve',
  flags: {
    master: { env: 'RARANGI_SERVE_MASTER', type: 'boolean' },
    host: { env: 'RARANGI_SERVE_HOST', type: 'option' },
  },
} as const;

test('a boolean variable is yes or no in the usual words, while flags are read', () => {
  const env = { RARANGI_SERVE_MASTER: 'On', RARANGI_SERVE_HOST: 'no' };

  const putBack = settleBooleans(SWITCHES, [], env);
  expect(env).toEqual({ RARANGI_SERVE_MASTER: '1', RARANGI_SERVE_HOST: 'no' });
  putBack();

  expect(env).toEqual({ RARANGI_SERVE_MASTER: 'On', RARANGI_SERVE_HOST: 'no' });
  expect(['1', 'true', 'YES', 'y', 'on'].map(truthOf)).toEqual(Array(5).fill(true));
  expect(['', '0', 'false', 'No', 'n', 'off'].map(truthOf)).toEqual(Array(6).fill(false));
});

test('a boolean variable that is neither is refused, unless the flag is typed', () => {
  const env = { RARANGI_SERVE_MASTER: 'maybe' };

  expect(() => settleBooleans(SWITCHES, [], env)).toThrow(
    'RARANGI_SERVE_MASTER "maybe" is neither yes nor no',
  );
  settleBooleans(SWITCHES, ['--master'], env);
});
