// The first half second of a plugin: is it a host that has started it, which version of the contract do both speak, and
// the one line on standard output that tells the host where to connect.
import crypto from 'node:crypto';
import os from 'node:os';
import path from 'node:path';

// The cookie lets a program see that a host has started it. It is no secret and protects nothing.
const cookie = { name: 'PAYHOST_PLUGIN', value: 'payhost.provider' };

// The versions of the contract that this plugin speaks.
export const contractVersions = [1];

// The version of go-plugin's handshake itself.
const coreVersion = 1;

// How long the path of a unix socket may be: 108 bytes with the zero at its end.
const maxPath = 107;

// startedByHost tells a host from a person who tries the program out.
export function startedByHost(env) {
  return env[cookie.name] === cookie.value;
}

// negotiate gives the highest version that both sides speak. Without one it gives our lowest: the host then says which
// versions do not fit together, better than we could.
export function negotiate(env, ours = contractVersions) {
  const theirs = (env.PLUGIN_PROTOCOL_VERSIONS || '').split(',').map(Number);
  const both = ours.filter((version) => theirs.includes(version));
  return both.length > 0 ? Math.max(...both) : Math.min(...ours);
}

// socketPath names a socket that is not there yet. The host takes no other folder than the one it names, which only its
// user may enter, and which it removes afterwards.
export function socketPath(env) {
  const folder = env.PLUGIN_UNIX_SOCKET_DIR || os.tmpdir();
  const file = path.join(folder, `plugin${crypto.randomInt(1e9)}`);
  if (Buffer.byteLength(file) > maxPath) {
    throw new Error(`the path of the socket would be longer than the system allows: ${file}`);
  }
  return file;
}

// handshakeLine is what the host reads: core version, contract version, network, address, protocol, and the certificate
// that the plugin will show, in DER as base64 without "=" at its end.
export function handshakeLine(version, socket, certificate) {
  return `${coreVersion}|${version}|unix|${socket}|grpc|${certificate.toString('base64').replace(/=+$/, '')}\n`;
}
