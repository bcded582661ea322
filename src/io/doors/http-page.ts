// The status page: one file, with a policy that lets a browser run only the script in it. The
// invariant: the policy is made of exactly the bytes that are sent.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { errorCode } from '../machine/reasons.ts';
import type { Exchange } from './http-exchange.ts';

interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether a browser asks, which prefers a page to JSON. */
export function wantsPage(exchange: Exchange): boolean {
  return /(^|,)\s*text\/html\s*(;|,|$)/i.test(exchange.header('accept') ?? '');
}

/** Answers the page. */
export function answerPage(exchange: Exchange): void {
  page ??= readPage();
  const answer = exchange.guarded(({ html, headers }: Page) => {
    exchange.text(200, html, { type: 'text/html; charset=utf-8', headers });
  });
  const fail = exchange.guarded((error: unknown) => {
    page = undefined;
    throw error;
  });
  page.then(answer, fail);
}

/** Read once, at the first request. */
let page: Promise<Page> | undefined;

async function readPage(): Promise<Page> {
  const html = await readBuilt('page.html');
  const headers = { 'Content-Security-Policy': policyOf(html), 'Referrer-Policy': 'no-referrer' };
  return { html, headers };
}

/** A file of `dist`; this code may run from two places in it: see .ci/bundle.mjs. */
async function readBuilt(name: string): Promise<string> {
  try {
    return await readFile(join(import.meta.dirname, '..', name), 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return await readFile(join(import.meta.dirname, '../..', name), 'utf8');
  }
}

/** Only the script and the style of the page, and questions to its own server. */
function policyOf(html: string): string {
  const rules = [
    `default-src 'none'`,
    `script-src '${hashOf('script', html)}'`,
    `style-src '${hashOf('style', html)}'`,
    `connect-src 'self'`,
    'img-src data:',
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ];
  return rules.join('; ');
}

function hashOf(element: string, html: string): string {
  const [, text = ''] = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html) ?? [];
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
