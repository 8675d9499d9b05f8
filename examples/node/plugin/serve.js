// Serves a plugin: the one call that a plugin's main makes. The rest of this folder is what it takes; an author copies it
// as it is.
import path from 'node:path';
import { contract } from './descriptors.js';
import { handshakeLine, negotiate, socketPath, startedByHost } from './handshake.js';
import { describe, explain } from './info.js';
import { crashWith, endWith, ignoreSignals, watchParent } from './lifetime.js';
import { newCertificate } from './certificate.js';
import { newLogger, takeStdout } from './output.js';
import { newMask } from './mask.js';
import { newService } from './service.js';
import { serveByHand } from './debug.js';
import { close, listen, mutualTLS, newServer } from './server.js';

// serve runs until the host ends it. Provider is a class:
//
//   static info           what it says of itself, as the contract's GetInfoResponse; what can be derived is left out
//   static configSchema   the JSON Schema of an account's configuration
//   constructor(config, { account, logger, mask })
//   createPayment(request, call) and so on: one method for each verb that it can serve, which gives the verb's response
//
// Requests and responses have the contract's own names. A method throws one of the errors in errors.js.
export function serve(Provider) {
  const parent = process.ppid; // before anything that takes time: from here on a change is seen
  const program = path.basename(process.argv[1]);
  if (process.argv[2] === 'describe') {
    process.stdout.write(JSON.stringify(describe(Provider), null, 2) + '\n');
    return;
  }
  if (process.argv[2] === 'debug') {
    serveByHand(Provider, process.argv[3]).catch((err) => {
      process.stderr.write(`${program}: ${err.message}\n`);
      process.exit(1);
    });
    return;
  }
  if (!startedByHost(process.env)) {
    process.stderr.write(explain(Provider, program));
    process.exitCode = 1;
    return;
  }
  const mask = newMask();
  const logger = newLogger(mask);
  crashWith(logger);
  ignoreSignals();
  const shakeHands = takeStdout(logger);
  start(Provider, { mask, logger, parent, shakeHands }).catch((err) => {
    logger.error(`the plugin cannot serve: ${err.message}`);
    process.exit(1);
  });
}

async function start(Provider, { mask, logger, parent, shakeHands }) {
  const { PLUGIN_CLIENT_CERT: clientCertificate } = process.env;
  if (!clientCertificate) throw new Error('PLUGIN_CLIENT_CERT is missing: anybody could call the plugin');
  const socket = socketPath(process.env);
  const own = newCertificate();
  const running = newServer(() => end(0));
  const end = (code) => endWith(() => close(running, socket), code);
  watchParent(parent, () => end(1));
  running.server.addService(contract, newService(Provider, { logger, mask }));
  await listen(running.server, socket, mutualTLS(clientCertificate, own));
  shakeHands(handshakeLine(negotiate(process.env), socket, own.der));
}
