#!/usr/bin/env node
// The installed program: finds the command in dist/commands and runs it.
import { execute } from '@oclif/core';

await execute({ dir: import.meta.url });
