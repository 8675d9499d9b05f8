import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { contract, errorDetail } from '../plugin/descriptors.js';
import { refused, toStatus } from '../plugin/errors.js';
import { close, listen, newServer, plain } from '../plugin/server.js';
import { call, temporary } from './support/process.js';

// serve serves one way to answer ParseWebhook on a real socket.
async function serve(t, answer) {
  const running = newServer(() => {});
  running.server.addService(contract, { ParseWebhook: answer });
  const socket = path.join(temporary(t), 's');
  await listen(running.server, socket, plain());
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': 16 << 20 });
  t.after(async () => { client.close(); await close(running, socket); });
  return client;
}

test('messages above the limit of gRPC itself pass', async (t) => {
  const client = await serve(t, ({ request }, done) => done(null, { response: { body: request.request.body } }));
  const body = Buffer.alloc(9 << 20, 7);
  const answer = await call(client, contract.ParseWebhook, { request: { body } });
  assert.ok(answer.response.body.equals(body));
});

// A host written in Go takes 16 MiB there; the client of this test no more than 64 KiB.
test('a detail that is far larger than a usual header fits into the trailer', async (t) => {
  const exchange = { method: 'POST', url: 'https://x/' + 'u'.repeat(8000), request_body: 'q'.repeat(4096), response_body: 'a'.repeat(4096) };
  const { detail } = refused('CODE_DECLINED', 'no', 'w'.repeat(2000), { exchanges: [exchange, exchange] });
  const client = await serve(t, (_, done) => done(toStatus(detail)));
  const err = await call(client, contract.ParseWebhook).catch((failure) => failure);
  const read = errorDetail(err.metadata.get('grpc-status-details-bin')[0]);
  assert.deepEqual([read.code, read.exchanges.length], ['CODE_DECLINED', 2]);
});
