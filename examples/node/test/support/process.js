// Starts the built plugin as a host does, and speaks to it as a host does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { newCertificate } from '../../plugin/certificate.js';

export const file = fileURLToPath(new URL('../../dist/acme', import.meta.url));

// hostEnvironment is what a host puts into a plugin's environment.
export function hostEnvironment(folder, certificate) {
  return {
    PATH: process.env.PATH,
    PAYHOST_PLUGIN: 'payhost.provider',
    PLUGIN_PROTOCOL_VERSIONS: '1',
    PLUGIN_UNIX_SOCKET_DIR: folder,
    ...(certificate && { PLUGIN_CLIENT_CERT: certificate.pem }),
  };
}

// temporary gives a folder that is removed after the test.
export function temporary(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'acme-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// start gives a plugin that has shaken hands: its process, the parts of its line, what it prints, and its end.
export async function start(t, certificate = newCertificate()) {
  const folder = temporary(t);
  const child = spawn(file, [], { env: hostEnvironment(folder, certificate), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const printed = { stdout: [], stderr: [] };
  const ended = once(child, 'close').then(([code]) => code);
  readline.createInterface({ input: child.stderr }).on('line', (line) => printed.stderr.push(line));
  const lines = readline.createInterface({ input: child.stdout }).on('line', (line) => printed.stdout.push(line));
  await once(lines, 'line');
  const parts = printed.stdout[0].split('|');
  return { child, folder, certificate, printed, ended, parts, socket: parts[3], server: Buffer.from(parts[5], 'base64') };
}

// connect gives a client that trusts the certificate in the plugin's line and shows one of its own.
export function connect(t, plugin, certificate = plugin.certificate) {
  const body = plugin.server.toString('base64').match(/.{1,64}/g).join('\n');
  const trusted = Buffer.from(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
  const own = certificate ? [Buffer.from(certificate.key), Buffer.from(certificate.pem)] : [];
  const client = new Client(`unix:${plugin.socket}`, credentials.createSsl(trusted, ...own), {
    'grpc.ssl_target_name_override': 'localhost', 'grpc.default_authority': 'localhost',
  });
  t.after(() => client.close());
  return client;
}

// call makes one call of a method as the descriptors have it.
export function call(client, method, request = {}, deadline = Date.now() + 20_000) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path, method.requestSerialize, method.responseDeserialize, request, { deadline },
      (err, answer) => (err ? reject(err) : resolve(answer)),
    );
  });
}
