// HTTP requests to the provider, with what plugins need and other clients do not tell: whether a byte of the request left
// this machine. A request is sent once. Whether it may be sent again is the host's decision.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { notSent, unknown } from './errors.js';
import { newResponse } from './response.js';

const timeout = 30_000; // of one request; the call's own deadline counts as well
const maxResponse = 1 << 20;

// newClient gives a client of the provider's API at a base URL.
export function newClient(baseURL, { mask, logger }) {
  const base = baseURL.replace(/\/+$/, '');
  return {
    // request sends one request and gives the whole answer, whatever its status. Its error says what is proven.
    request: (call, { method, path, headers = {}, body = '' }) => {
      const url = new URL(base + path);
      return send(call, { method, url, headers, body }, { mask, logger });
    },
  };
}

async function send(call, request, { mask, logger }) {
  const started = process.hrtime.bigint();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`the limit of ${timeout / 1000} s for one request passed`)), timeout);
  const signal = AbortSignal.any([call.signal, limit.signal]);
  const exchange = {
    method: request.method, url: request.url.href, request_body: mask.text(request.body),
    status: 0, response_body: '', error: '', not_sent: true,
  };
  try {
    // Nothing of the request exists before there is a connection, TLS included: if that fails, nothing was sent.
    const socket = await connect(request.url, signal);
    if (Date.now() >= call.deadline) {
      socket.destroy();
      throw new Error("the call's deadline passed");
    }
    exchange.not_sent = false;
    const { status, headers, body } = await ask(socket, request, signal, exchange);
    const response = newResponse({ status, headers, body, mask });
    exchange.response_body = response.shown;
    response.mustBePlain();
    return response;
  } catch (err) {
    const failure = err.detail ? err : connectionError(signal.aborted ? signal.reason : err, exchange, request.url.host);
    exchange.error = failure.message;
    throw failure;
  } finally {
    clearTimeout(timer);
    const took = process.hrtime.bigint() - started;
    exchange.duration = { seconds: String(took / 1_000_000_000n), nanos: Number(took % 1_000_000_000n) };
    call.record(exchange);
    const { method, status, not_sent, error } = exchange;
    logger.debug('provider request', {
      method, path: request.url.pathname, status, duration: `${took / 1000n}µs`, sent: !not_sent, ...(error && { error }),
    });
  }
}

// connect gives a connection of its own for one request: one that was used before may have been closed by the other side,
// and then nobody can tell whether it took the request.
function connect(url, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const secure = url.protocol === 'https:';
    const to = { host, port: Number(url.port) || (secure ? 443 : 80) };
    const socket = secure ? tls.connect({ ...to, ...trust(host) }) : net.connect(to);
    const giveUp = () => { socket.destroy(); reject(signal.reason); };
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('error', reject); // it stays: an error that nobody listens to would end the process
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', giveUp);
      resolve(socket);
    });
  });
}

// trust: the host passes on which certificates are trusted on this machine, which Node.js does not look at by itself.
function trust(host) {
  const file = process.env.SSL_CERT_FILE;
  return { servername: net.isIP(host) ? '' : host, ...(file && { ca: fs.readFileSync(file) }) };
}

// ask sends the request and reads the answer to its end.
function ask(socket, { method, url, headers, body }, signal, exchange) {
  return new Promise((resolve, reject) => {
    const request = http.request({
      createConnection: () => socket, method, path: url.pathname + url.search, signal,
      headers: {
        Host: url.host, 'User-Agent': 'payhost-plugin', 'Accept-Encoding': 'identity', Connection: 'close',
        'Content-Length': Buffer.byteLength(body), ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      exchange.status = response.statusCode;
      const chunks = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxResponse) request.destroy(new Error(`the body is larger than ${maxResponse >> 20} MiB`));
      });
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}

// connectionError says in words of our own what happened: the texts of errors hold addresses, and with them secrets.
function connectionError(err, { not_sent, status }, host) {
  const cause = causeOf(err);
  if (not_sent) return notSent('CODE_UNAVAILABLE', `could not connect to ${host}: ${cause}`);
  if (!status) return unknown('CODE_UNAVAILABLE', `no answer from ${host}: ${cause}`);
  return unknown('CODE_UNAVAILABLE', `the answer of ${host} (HTTP ${status}) cannot be used: ${cause}`);
}

// causeOf gives the messages of this file, which have no code, as they are.
function causeOf({ code, message }) {
  if (!code) return message;
  if (code.startsWith('HPE_')) return 'it is not valid HTTP';
  return causes[code] ?? `it failed with ${code}`;
}

const causes = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the answer was complete',
  EPIPE: 'the connection was closed before the answer was complete',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name lookup failed',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  ETIMEDOUT: 'timed out',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by a trusted authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by a trusted authority',
};
