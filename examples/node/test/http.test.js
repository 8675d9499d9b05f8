import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { newClient } from '../plugin/http.js';
import { newMask } from '../plugin/mask.js';

const silent = { debug: () => {} };
const mask = newMask();
mask.add(['key-1234']);

// provider serves one way to answer, and gives a client for it.
async function provider(t, handle) {
  const server = http.createServer(handle).listen(0, '127.0.0.1');
  t.after(() => { server.closeAllConnections(); server.close(); });
  await once(server, 'listening');
  return newClient(`http://127.0.0.1:${server.address().port}`, { mask, logger: silent });
}

// newCall is what a verb gets, without a host.
function newCall({ deadline = Infinity, signal = new AbortController().signal } = {}) {
  const exchanges = [];
  return { signal, deadline, exchanges, record: (exchange) => exchanges.push(exchange) };
}

// failing sends one request that must fail, and gives the failure and its record.
async function failing(client, call = newCall()) {
  const err = await client.request(call, { method: 'POST', path: '/pay', body: '{"key":"key-1234"}' }).then(
    () => assert.fail('it succeeded'), (failure) => failure);
  assert.equal(call.exchanges.length, 1);
  assert.equal(err.detail.code, 'CODE_UNAVAILABLE');
  return { ...err.detail, exchange: call.exchanges[0] };
}

test('an answer is given whole, whatever its status, and recorded without secrets', async (t) => {
  const client = await provider(t, (request, response) => {
    response.writeHead(422, { 'Retry-After': '7' });
    request.pipe(response); // repeats what it was sent
  });
  const call = newCall();
  const response = await client.request(call, { method: 'POST', path: '/pay?a=b', body: '{"key":"key-1234"}' });
  assert.deepEqual([response.status, response.json(), response.retryAfter()], [422, { key: 'key-1234' }, { seconds: '7', nanos: 0 }]);
  const { duration, url, ...rest } = call.exchanges[0];
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/pay\?a=b$/);
  assert.ok(duration.nanos > 0);
  assert.deepEqual(rest, {
    method: 'POST', request_body: '{"key":"[secret]"}', status: 422, response_body: '{"key":"[secret]"}', error: '', not_sent: false,
  });
});

test('where nobody listens nothing was sent', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const failure = await failing(newClient(`http://127.0.0.1:${port}`, { mask, logger: silent }));
  assert.equal(failure.outcome, 'OUTCOME_NOT_SENT');
  assert.equal(failure.message, `could not connect to 127.0.0.1:${port}: connection refused`);
  assert.equal(failure.exchange.not_sent, true);
});

test('where TLS fails nothing was sent', async (t) => {
  const server = net.createServer((socket) => socket.end('no TLS here\r\n')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const failure = await failing(newClient(`https://127.0.0.1:${server.address().port}`, { mask, logger: silent }));
  assert.equal(failure.outcome, 'OUTCOME_NOT_SENT');
});

test('after the deadline nothing is sent', async (t) => {
  let asked = 0;
  const client = await provider(t, (_, response) => { asked++; response.end('{}'); });
  const late = await failing(client, newCall({ deadline: Date.now() - 1 }));
  const ended = await failing(client, newCall({ signal: AbortSignal.abort(new Error('the call was given up')) }));
  assert.deepEqual([late.outcome, ended.outcome, asked], ['OUTCOME_NOT_SENT', 'OUTCOME_NOT_SENT', 0]);
  assert.match(ended.message, /^could not connect to .*: the call was given up$/);
});

test('what was sent and has no usable answer is in doubt', async (t) => {
  for (const [what, handle, message] of [
    ['a reset', (request) => request.socket.resetAndDestroy(), /^no answer from .*: the connection was closed/],
    ['half an answer', (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"id":', () => request.socket.destroy());
    }, /^the answer of .* \(HTTP 200\) cannot be used: the connection was closed/],
    ['no HTTP', (request) => request.socket.end('what?\r\n'), /^no answer from .*: it is not valid HTTP/],
    ['a redirect', (_, response) => response.writeHead(302, { Location: '/elsewhere' }).end(), /is a redirect/],
    ['an encoding', (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x'), /content encoding/],
    ['too much', (_, response) => response.end('x'.repeat(2 << 20)), /cannot be used: the body is larger than 1 MiB/],
  ]) {
    await t.test(what, async (t) => {
      const failure = await failing(await provider(t, handle));
      assert.equal(failure.outcome, 'OUTCOME_UNKNOWN');
      assert.match(failure.message, message);
      assert.equal(failure.exchange.not_sent, false);
      assert.equal(failure.exchange.error, failure.message);
    });
  }
});

test('a call that is given up ends its request, which is in doubt', async (t) => {
  const controller = new AbortController();
  let end;
  const ended = new Promise((resolve) => { end = resolve; });
  const client = await provider(t, (request) => {
    request.socket.on('close', end);
    controller.abort(new Error('the call was given up'));
  });
  const failure = await failing(client, newCall({ signal: controller.signal }));
  assert.equal(failure.outcome, 'OUTCOME_UNKNOWN');
  assert.match(failure.message, /: the call was given up$/);
  await ended;
});

test('an answer that is no JSON object is not as documented', async (t) => {
  for (const body of ['', 'null', '[]', '7', '<html>', '{', '{} {}', Buffer.from([0x7b, 0xff, 0x7d])]) {
    const client = await provider(t, (_, response) => response.end(body));
    const response = await client.request(newCall(), { method: 'GET', path: '/' });
    assert.throws(() => response.json(), ({ detail }) => detail.outcome === 'OUTCOME_UNKNOWN' && detail.code === 'CODE_UNAVAILABLE');
  }
});
