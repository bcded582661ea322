#!/usr/bin/env node
// The installed program.
import { main } from '../dist/cli/main.js';

await main(import.meta.url);
