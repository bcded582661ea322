// A service that embeds the library, until it is killed.
import { connect } from '../../../dist/index.js';

const [server, name] = process.argv.slice(2);
const { registered } = connect({ servers: [server] }).register({ name, port: 80 });
await registered;
console.log('connected');
