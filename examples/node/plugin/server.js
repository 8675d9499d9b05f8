// The gRPC server on the socket: mutual TLS, and the services that go-plugin's host expects besides the contract's.
import fs from 'node:fs';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { controller, health, stdio } from './descriptors.js';

// What a message may have, in both directions. Without it gRPC's own limit is 4 MiB, and attachments are larger.
export const maxMessage = 16 << 20;

// mutualTLS is what go-plugin calls AutoMTLS: the host has put its certificate into the environment, and nobody without
// its key may call us. Both sides have made theirs for this one process.
export function mutualTLS(clientCertificate, own) {
  const pair = { private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.pem) };
  return ServerCredentials.createSsl(Buffer.from(clientCertificate), [pair], true); // true: a certificate is required
}

// plain is without TLS, for a socket that only this user may open.
export function plain() {
  return ServerCredentials.createInsecure();
}

// newServer gives a server with go-plugin's services. shutdown is called when the host asks the plugin to end.
export function newServer(shutdown) {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessage,
    'grpc.max_send_message_length': maxMessage,
  });
  const streams = new Set(); // that never end by themselves
  const keep = (stream) => {
    streams.add(stream);
    stream.on('cancelled', () => streams.delete(stream));
  };
  server.addService(health, {
    Check: ({ request }, done) => {
      if (isServed(request.service)) return done(null, { status: 'SERVING' });
      const metadata = new Metadata();
      return done({ code: status.NOT_FOUND, details: `there is no service ${request.service}`, metadata });
    },
    Watch: (stream) => {
      stream.write({ status: isServed(stream.request.service) ? 'SERVING' : 'SERVICE_UNKNOWN' });
      keep(stream);
    },
  });
  // Prints are log records on standard error, so nothing comes on this stream. It is there, and stays open, because a
  // host that finds it missing warns of an old plugin.
  server.addService(stdio, { StreamStdio: keep });
  // The answer is on its way before the server ends.
  server.addService(controller, { Shutdown: (_, done) => { done(null, {}); setImmediate(shutdown); } });
  return { server, endStreams: () => streams.forEach((stream) => stream.end()) };
}

function isServed(service) {
  return service === '' || service === 'plugin';
}

// listen returns when the socket is there.
export function listen(server, socket, creds) {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, creds, (err) => (err ? reject(err) : resolve()));
  });
}

// close lets calls come to their end, of which there are none when a host asks: it waits for them first.
export async function close({ server, endStreams }, socket) {
  endStreams();
  await new Promise((resolve) => server.tryShutdown(resolve));
  fs.rmSync(socket, { force: true });
}
