// A server in a thread of its own: it can be killed like a process, at a fraction of the price.

import { parentPort, workerData } from 'node:worker_threads';

import { serve } from '../../dist/index.js';

const server = await serve(workerData);
parentPort.postMessage('serving');
parentPort.once('message', () => void server.stop());
