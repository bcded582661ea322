// dist/page.html: the status page in one file, for a page that needs nothing else works wherever its
// server can be reached. Run by `npm run build`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'esbuild';

import { root } from './generated.mjs';

const folder = join(root, 'src/page');
const [script, style] = await Promise.all([bundled('index.tsx'), bundled('page.css')]);
const html = readFileSync(join(folder, 'page.html'), 'utf8')
  .replaceAll(/\n\s+</g, '\n<')
  // A function: `$&` in a script means nothing there.
  .replace('<style></style>', () => `<style>${style}</style>`)
  .replace('<script></script>', () => `<script>${script}</script>`);
writeFileSync(join(root, 'dist/page.html'), html);

/** A file with all that it imports, as text that may stand in a page. */
async function bundled(file) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    bundle: true,
    charset: 'utf8',
    entryPoints: [join(folder, file)],
    format: 'iife',
    legalComments: 'none',
    logLevel: 'warning',
    minify: true,
    target: ['chrome123', 'firefox120', 'safari17.5'],
    tsconfig: join(folder, 'tsconfig.json'),
    write: false,
  });
  return outputFiles[0].text.trim().replaceAll('</script', '<\\/script');
}
