import { test } from 'vitest';
import { simulate } from '/work/main/test/sim/run.ts';
import { writeFileSync } from 'node:fs';
test('many', () => {
  const from = Number(process.env['FROM'] ?? 1), n = Number(process.env['N'] ?? 10);
  const lines: string[] = [];
  const minutes = Number(process.env['MIN'] ?? 1);
  for (let seed = from; seed < from + n; seed++) {
    const t = Date.now(); const log: string[] = [];
    let o; try { o = simulate({ seed, minutes, log: n === 1 ? (l) => log.push(l) : undefined }); } catch (e) { console.log(seed, 'THREW', (e as Error).stack); continue; }
    if (n === 1) writeFileSync('/tmp/seed.log', log.join('\n'));
    console.log(seed, Date.now() - t, 'ms', o.faultsCount, o.chunksCount, 'agreed', o.agreedMs, o.violations.length ? o.violations.slice(0, 3).map(v => `${(v.nowMs/1000).toFixed(1)} ${v.what}`).join(' | ') + ` (${o.violations.length})` : 'ok');
  }
}, 3e6);
