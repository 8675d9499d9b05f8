// A plugin that prints: what is meant for nobody must not reach the host as its handshake.
import { newLogger, takeStdout } from '../../plugin/output.js';
import { newMask } from '../../plugin/mask.js';

const mask = newMask();
mask.add(['key-1234']);
const shakeHands = takeStdout(newLogger(mask));
console.log('printed: %s', 'key-1234');
console.error('cried');
process.stdout.write('in two ');
process.stdout.write('pieces\n');
shakeHands('the line\n');
