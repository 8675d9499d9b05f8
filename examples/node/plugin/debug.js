// Serves the plugin without a host that started it, so that a debugger can start it: the host attaches to a socket whose
// path stays the same from one start to the next.
//
//   node --inspect acme/main.js debug
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { contract } from './descriptors.js';
import { infoOf } from './info.js';
import { newLogger } from './output.js';
import { newMask } from './mask.js';
import { newService } from './service.js';
import { close, listen, newServer, plain } from './server.js';

// serveByHand serves until Ctrl-C. The socket is this user's alone, which takes the place of TLS; hosts look at that.
export async function serveByHand(Provider, given) {
  const mask = newMask();
  const running = newServer(() => {}); // a host that is attached leaves it running
  running.server.addService(contract, newService(Provider, { mask, logger: newLogger(mask) }));
  const { name, version, contract_version } = infoOf(Provider);
  const socket = await freeSocket(given ?? path.join(cacheFolder(), 'payhost', 'debug', `${name}.sock`));
  await listen(running.server, socket, plain());
  fs.chmodSync(socket, 0o600);
  const attachment = JSON.stringify({ [name]: { socket, contract_version } });
  process.stdout.write(`${name} ${version} waits for a host (contract version ${contract_version}, process ${process.pid}). \
Start the host with

  export PAYHOST_ATTACH='${attachment}'

Only accounts with environment = "sandbox" use it. Ctrl-C ends it.
`);
  const end = () => {
    running.server.forceShutdown(); // whoever is attached keeps its connection otherwise
    close(running, socket).then(() => process.exit(0));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
}

function cacheFolder() {
  return process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
}

// freeSocket makes the folder, and removes what a process that was killed left behind.
async function freeSocket(given) {
  const socket = path.resolve(given);
  const folder = path.dirname(socket);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (fs.statSync(folder).mode & 0o077) throw new Error(`others may enter ${folder}: its mode must be 0700`);
  if (await answers(socket)) throw new Error(`another process listens on ${socket} already`);
  fs.rmSync(socket, { force: true });
  return socket;
}

function answers(socket) {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    connection.on('connect', () => { connection.destroy(); resolve(true); });
    connection.on('error', () => resolve(false));
  });
}
