// A PostgreSQL pool that follows the primary: `resolve` costs no round trip, so every query asks it.
// Run it with: node examples/pg-client.js

import pg from 'pg';
import { connect } from 'rarangi';

const environment = process.env.RARANGI_ENVIRONMENT ?? 'development';
const client = connect({ environment });
let current = { instance: null, pool: null };

/** The pool of the present primary. That of a former one ends when its queries are done. */
async function database() {
  const wanted = { tags: { role: 'primary' }, waitMs: 5_000 };
  const { instance, address, port } = await client.resolve('db', wanted);
  if (current.instance !== instance) {
    void current.pool?.end();
    const pool = new pg.Pool({ host: address, port, user: 'postgres', database: 'postgres' });
    // A database server that goes away closes its idle connections; that is no error of this program.
    pool.on('error', (error) => console.error('lost a connection:', error.message));
    current = { instance, pool };
  }
  return current.pool;
}

try {
  const pool = await database();
  const { rows } = await pool.query('select 6 * 7 as answer');
  console.log(rows[0].answer);
} finally {
  await current.pool?.end();
  await client.close();
}
