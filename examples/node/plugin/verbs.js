// The contract's verbs, as its service describes them.
import { contract } from './descriptors.js';

// Those that are not for an account's provider: every plugin has them.
const own = ['GetInfo', 'Configure', 'Deconfigure'];

// verbs are what a provider can have a method for. Each has the method's name, its capability, the name that GetInfo gives
// its guarantee, whether it makes something (and has an amount and a reference) and whether it writes at all.
export const verbs = Object.keys(contract).filter((name) => !own.includes(name)).map((name) => {
  const snake = name.replace(/(?!^)[A-Z]/g, (letter) => '_' + letter).toLowerCase();
  return {
    name,
    method: name[0].toLowerCase() + name.slice(1),
    snake,
    capability: 'CAPABILITY_' + snake.toUpperCase(),
    creates: name.startsWith('Create'),
    writes: /^(Create|Confirm|Capture|Cancel)/.test(name),
  };
});

// capabilitiesOf lists what a class of providers has methods for: writing the method is all.
export function capabilitiesOf(Provider) {
  return verbs.filter((verb) => typeof Provider.prototype[verb.method] === 'function').map((verb) => verb.capability);
}
