// The ends of a TLS connection. They are apart from what looks at certificates, because the library's
// types name them, and those may not lead to node:crypto.

/** Which end of a connection shows the certificate: a server is both, because it dials others. */
export type TlsEnd = 'client' | 'server';
