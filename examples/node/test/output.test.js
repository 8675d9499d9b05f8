import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('standard output holds the handshake alone, and what is printed is logged', () => {
  const program = fileURLToPath(new URL('support/prints.js', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.equal(stdout, 'the line\n');
  const records = stderr.trimEnd().split('\n').map(JSON.parse).map((r) => [r['@level'], r['@message'], r.stream]);
  assert.deepEqual(records, [
    ['info', 'printed: [secret]', 'stdout'], ['info', 'cried', 'stderr'], ['info', 'in two pieces', 'stdout'],
  ]);
});

test('what nobody catches is said, and ends the process', () => {
  const program = fileURLToPath(new URL('support/crashes.js', import.meta.url));
  for (const how of ['thrown', 'rejected']) {
    const { status, stderr } = spawnSync(process.execPath, [program, how], { encoding: 'utf8' });
    assert.equal(status, 1);
    const record = JSON.parse(stderr);
    assert.deepEqual([record['@level'], record['@message']], ['error', `the plugin crashed: ${how} with [secret]`]);
    assert.match(record.stack, /crashes\.js/);
  }
});
