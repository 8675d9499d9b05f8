// What the plugin prints. Standard output is the host's, for the handshake's line; everything else is a log record on
// standard error, one JSON object a line, in the form of hclog. The host logs it with its level and fields.
import fs from 'node:fs';
import { Writable } from 'node:stream';
import util from 'node:util';

// The host's reader keeps 64 KiB of a line. What is longer would reach it cut off, which is no JSON.
const maxText = 4 << 10;
const maxLine = 16 << 10;

// newLogger gives a logger with a function for each level: logger.info('message', { key: value }). mask takes secrets out
// of everything that is logged.
export function newLogger(mask, write = writeStderr) {
  const logger = (fields) => {
    const log = (level) => (message, more) => write(line(level, message, { ...fields, ...more }, mask));
    return {
      trace: log('trace'), debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error'),
      with: (more) => logger({ ...fields, ...more }),
    };
  };
  return logger({});
}

function line(level, message, fields, mask) {
  const record = { '@level': level, '@message': text(message, mask), '@timestamp': new Date().toISOString() };
  let length = JSON.stringify(record).length;
  for (const [key, value] of Object.entries(fields)) {
    // Keys with "@" are hclog's own. What is not a plain value is written as text, so that its secrets are masked, too.
    const plain = typeof value === 'number' || typeof value === 'boolean';
    const shown = plain ? value : text(typeof value === 'string' ? value : util.inspect(value), mask);
    length += JSON.stringify([key, shown]).length;
    if (length > maxLine) {
      record.truncated = true;
      break;
    }
    record[key.replaceAll('@', 'at_')] = shown;
  }
  return JSON.stringify(record) + '\n';
}

function text(value, mask) {
  const masked = mask.text(String(value).toWellFormed());
  return masked.length > maxText ? masked.slice(0, maxText).toWellFormed() + '…' : masked;
}

// Written at once and in one piece: the line before a crash counts most. A host that has gone away reads nothing any more.
function writeStderr(line) {
  const bytes = Buffer.from(line);
  for (let at = 0, tries = 0; at < bytes.length && tries < 100; tries++) {
    try {
      at += fs.writeSync(2, bytes, at);
    } catch (err) {
      if (err.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // the pipe is full: a millisecond
    }
  }
}

// takeStdout turns what is printed from now on (console.log, process.stdout) into log records, so that nothing but the
// handshake's line reaches the host there. It gives the function that writes that line.
export function takeStdout(logger) {
  for (const name of ['stdout', 'stderr']) {
    Object.defineProperty(process, name, { value: printStream(logger, name), configurable: true });
  }
  return (line) => fs.writeSync(1, line);
}

function printStream(logger, stream) {
  let rest = '';
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop().slice(-maxText);
      for (const printed of lines) {
        if (printed !== '') logger.info(printed, { stream });
      }
      done();
    },
  });
}
