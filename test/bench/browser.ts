// Debian's Chromium, for what is measured or pictured of the status page.

import { join } from 'node:path';

import { type Browser, launch } from 'puppeteer-core';

import type { Bench } from './processes.ts';

/** Starts the browser; its profile goes with the bench, it itself has to be closed. */
export async function launchBrowser(bench: Bench): Promise<Browser> {
  return await launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    userDataDir: join(bench.folder, 'chromium'),
  });
}

/** Where the page of a server is, by the address of its protocol. */
export function pageUrl(address: string): string {
  return `http://${address.slice(0, address.lastIndexOf(':'))}:17342/`;
}
