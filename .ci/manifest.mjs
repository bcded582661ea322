// oclif.manifest.json, by `oclif manifest` from the built commands. It is made in a folder of its
// own, so that a check changes nothing, and programs that run meanwhile find theirs.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, settle } from './generated.mjs';

const folder = mkdtempSync(join(tmpdir(), 'rarangi-manifest-'));
try {
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  execFileSync(join(root, 'node_modules/.bin/oclif'), ['manifest', folder], {
    cwd: folder,
    // The registry is not asked whether there is a newer oclif.
    env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const manifest = JSON.parse(readFileSync(join(folder, 'oclif.manifest.json'), 'utf8'));
  settle([['oclif.manifest.json', `${JSON.stringify(manifest, null, 2)}\n`]]);
} finally {
  rmSync(folder, { recursive: true });
}
