import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { Client, credentials } from '@grpc/grpc-js';
import { newCertificate } from '../plugin/certificate.js';
import { contract, controller, health } from '../plugin/descriptors.js';
import { handshakeLine, negotiate, socketPath } from '../plugin/handshake.js';
import { call, connect, file, hostEnvironment, start, temporary } from './support/process.js';

test('started by hand it says what it is', () => {
  const { status, stdout, stderr } = spawnSync(file, [], { env: { PATH: process.env.PATH }, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /This is acme dev, a payment-provider plugin for Payhost \(contract version 1\)/);
  assert.match(stderr, /plugin = "acme"/);
});

test('it describes itself as JSON', () => {
  const { status, stdout } = spawnSync(file, ['describe'], { env: { PATH: process.env.PATH }, encoding: 'utf8' });
  const description = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.deepEqual(description.capabilities, ['check_health', 'create_payment', 'get_payment', 'parse_webhook']);
  assert.deepEqual(description.create_payment, { repeat: 'returns_original', window: '24h', link_only: true });
});

test('the highest version that both speak is chosen', () => {
  const versions = (text, ours) => negotiate({ PLUGIN_PROTOCOL_VERSIONS: text }, ours);
  assert.equal(versions('1,2,3', [1, 2]), 2);
  assert.equal(versions('3,1', [1, 2]), 1);
  assert.equal(versions('9', [1, 2]), 1); // the host says what does not fit
  assert.equal(versions(undefined, [2, 1]), 1); // a host from before there were several
});

test('the line has the six parts that go-plugin reads', () => {
  assert.equal(handshakeLine(1, '/run/x/plugin1', Buffer.from([1])), '1|1|unix|/run/x/plugin1|grpc|AQ\n');
});

test('a socket lies where the host says, and its path fits', () => {
  assert.match(socketPath({ PLUGIN_UNIX_SOCKET_DIR: '/run/x' }), /^\/run\/x\/plugin\d+$/);
  assert.throws(() => socketPath({ PLUGIN_UNIX_SOCKET_DIR: '/run/' + 'x'.repeat(100) }), /longer than the system allows/);
});

test('a host is served', async (t) => {
  const plugin = await start(t);
  assert.deepEqual(plugin.parts.slice(0, 3), ['1', '1', 'unix']);
  assert.ok(plugin.socket.startsWith(plugin.folder + '/'));
  const client = connect(t, plugin);
  assert.equal((await call(client, health.Check, { service: 'plugin' })).status, 'SERVING');
  await assert.rejects(call(client, health.Check, { service: 'other' }), { code: 5 });
  const info = await call(client, contract.GetInfo);
  assert.equal(info.name, 'acme');
  assert.equal(info.contract_version, 1);
  assert.deepEqual(plugin.printed.stdout.length, 1);
});

// speaks tells whether the plugin says anything to whoever shows this certificate.
function speaks(plugin, certificate) {
  const own = certificate && { cert: certificate.pem, key: certificate.key };
  return new Promise((resolve) => {
    const socket = tls.connect({
      path: plugin.socket, servername: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false, ...own,
    });
    socket.on('data', () => { resolve(true); socket.destroy(); }); // HTTP/2: the server's settings
    socket.on('error', () => {});
    socket.on('close', () => resolve(false));
  });
}

test('nobody but the host may call', async (t) => {
  const plugin = await start(t);
  assert.equal(await speaks(plugin, plugin.certificate), true);
  assert.equal(await speaks(plugin, null), false);
  assert.equal(await speaks(plugin, newCertificate()), false); // of the same name, but not the host's
  const plain = net.connect(plugin.socket);
  let said = 0;
  plain.on('error', () => {}).on('data', (data) => { said += data.indexOf('HTTP') + 1; });
  plain.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await once(plain, 'close');
  assert.equal(said, 0);
});

test('it ends when the host asks, with nothing left', async (t) => {
  const plugin = await start(t);
  const client = connect(t, plugin);
  await call(client, controller.Shutdown);
  assert.equal(await plugin.ended, 0);
  assert.equal(fs.existsSync(plugin.socket), false);
  assert.deepEqual(plugin.printed.stderr, []);
});

test('signals do not end it while its host lives', async (t) => {
  const plugin = await start(t);
  const client = connect(t, plugin);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    plugin.child.kill(signal);
    assert.equal((await call(client, contract.GetInfo)).name, 'acme');
  }
});

// The host is played by a process in between, which cannot say goodbye when it is killed.
test('it ends with its host', async (t) => {
  const host = spawn(process.execPath, ['-e', `
    const { spawn } = require('node:child_process');
    spawn(${JSON.stringify(file)}, [], { stdio: ['ignore', 'inherit', 'inherit'] });
  `], { env: hostEnvironment(temporary(t), newCertificate()), stdio: ['ignore', 'pipe', 'inherit'] });
  await once(host.stdout, 'data'); // the plugin has shaken hands
  host.kill('SIGKILL');
  await once(host.stdout, 'end'); // nobody holds its end of the pipe any more
});

test('a host that is gone before the handshake is noticed', async (t) => {
  const env = hostEnvironment(temporary(t), newCertificate());
  const child = spawn(file, [], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
});

test('without the certificate of a host it does not serve', (t) => {
  const { status, stdout, stderr } = spawnSync(file, [], { env: hostEnvironment(temporary(t)), encoding: 'utf8' });
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /"@level":"error".*PLUGIN_CLIENT_CERT is missing/);
});

test('under a debugger it waits for a host on a socket of its own', async (t) => {
  const socket = path.join(temporary(t), 'debug', 'acme.sock');
  const child = spawn(file, ['debug', socket], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  assert.ok(said.includes(`PAYHOST_ATTACH='{"acme":{"socket":"${socket}","contract_version":1}}'`), said);
  assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  t.after(() => client.close());
  assert.equal((await call(client, contract.GetInfo)).name, 'acme');
  assert.match(spawnSync(file, ['debug', socket], { encoding: 'utf8' }).stderr, /another process listens on/);
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(fs.existsSync(socket), false);
});
