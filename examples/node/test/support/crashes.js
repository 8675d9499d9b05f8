// A plugin that fails outside of any call.
import { crashWith } from '../../plugin/lifetime.js';
import { newLogger } from '../../plugin/output.js';
import { newMask } from '../../plugin/mask.js';

const mask = newMask();
mask.add(['key-1234']);
crashWith(newLogger(mask));
const failure = new Error(`${process.argv[2]} with key-1234`);
if (process.argv[2] === 'thrown') {
  setImmediate(() => { throw failure; });
} else {
  Promise.reject(failure);
}
