// The rules for a file with a secret; and no refusal reveals anything of its content.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { readPrivateFile } from '../../../src/io/tls/private-file.ts';
import { newSecret, readSecretFile } from '../../../src/io/tls/secret-file.ts';
import { ownFolder } from '../world.ts';

const unfit: Readonly<Record<string, readonly [make: (path: string) => unknown, RegExp]>> = {
  'its group may write': [
    (path) => write(path, { mode: 0o620 }),
    /read or changed by other users \(mode 0620\)/,
  ],
  'others may read': [
    (path) => write(path, { mode: 0o604 }),
    /read or changed by other users \(mode 0604\)/,
  ],
  'others may write': [
    (path) => write(path, { mode: 0o602 }),
    /read or changed by other users \(mode 0602\)/,
  ],
  'is not there': [() => undefined, /there is no such file/],
  'is a folder': [(path) => mkdirSync(path), /is not a regular file/],
  'is a pipe': [(path) => spawnSync('mkfifo', ['-m', '600', path]), /is not a regular file/],
  'is far too large': [(path) => write(path, { text: '#'.repeat(2 ** 20 + 1) }), /1048577 bytes/],
  'is empty': [(path) => write(path, { text: '# nothing yet\n' }), /there is no secret in/],
  'holds a passphrase': [
    (path) => write(path, { text: 'correct horse battery staple\n' }),
    /secret 1 in \S+ is not 64 hex digits/,
  ],
  'holds a secret that is too short': [
    (path) => write(path, { text: `${newSecret()}\nabcdef01\n` }),
    /secret 2 in \S+ is not 64 hex digits/,
  ],
  'holds nothing but zeros': [
    (path) => write(path, { text: `${newSecret()}\n${'00'.repeat(32)}\n` }),
    /secret 2 in \S+ is the same byte again and again/,
  ],
  'holds one byte again and again': [
    (path) => write(path, { text: 'aB'.repeat(32) }),
    /secret 1 in \S+ is the same byte again and again/,
  ],
  'holds three secrets': [
    (path) => write(path, { text: [1, 2, 3].map(newSecret).join('\n') }),
    /there are 3 secrets/,
  ],
};

for (const [what, [make, reason]] of Object.entries(unfit)) {
  test(`a secret file that ${what} is refused, and nothing in it is told`, () => {
    const path = join(ownFolder(), 'unfit');
    make(path);

    const refusal = refusalOf(path);

    expect(refusal).toMatchObject({ code: 'RARANGI_USAGE' });
    expect(refusal.message).toMatch(reason);
    expect(refusal.message).not.toMatch(/[0-9a-f]{64}|horse|abcdef01/);
  });
}

test('a secret file may be reached by a link, have comments, and two secrets', () => {
  const folder = ownFolder();
  const [path, link] = [join(folder, 'secret'), join(folder, 'link')];
  const [shown, accepted] = [newSecret(), newSecret()];
  write(path, { text: `# new\n${shown}\n\n# old\n  ${accepted.toUpperCase()}\n` });
  symlinkSync(path, link);

  const secrets = readSecretFile(link);

  expect(secrets.map(({ key }) => Buffer.from(key).toString('hex'))).toEqual([shown, accepted]);
});

test.skipIf(process.getuid?.() !== 0)(
  'a secret file of another user is refused, by root too',
  () => {
    const path = join(ownFolder(), 'secret');
    write(path, {});
    chownSync(path, 1234, 1234);

    expect(() => readAs(4321, path)).toThrow(
      `secret file ${path} belongs to user 1234, and this program runs as user 4321`,
    );
    expect(() => readAs(0, path)).toThrow(
      `secret file ${path} belongs to user 1234, and this program runs as user 0`,
    );
    expect(readAs(1234, path)).toMatch(/^[0-9a-f]{64}\n$/);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'a group may read the secret file of root, and no other',
  () => {
    const path = join(ownFolder(), 'secret');
    write(path, { mode: 0o440 });
    expect(readAs(4321, path)).toMatch(/^[0-9a-f]{64}\n$/);

    chownSync(path, 1234, 1234);
    expect(() => readAs(1234, path)).toThrow(/read or changed by other users \(mode 0440\)/);
  },
);

/** Root may read everything: only the owner of the file counts. */
function readAs(user: number, path: string): string {
  const { getuid } = process;
  process.getuid = () => user;
  try {
    return readPrivateFile(path, 'secret file');
  } finally {
    process.getuid = getuid!;
  }
}

function write(
  path: string,
  { mode = 0o600, text = `${newSecret()}\n` }: { readonly mode?: number; readonly text?: string },
): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

function refusalOf(path: string): Error {
  try {
    readSecretFile(path);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error(`${path} was read`);
}
