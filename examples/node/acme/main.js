// The plugin of Acme, an invented provider. Its files are those of every plugin:
//
//   config.js     what ops must configure
//   provider.js   what the plugin says of itself, and the verbs
//   client.js     one request to the provider's API, and what its errors mean
//   types.js      the provider's JSON, and how it maps to the contract
//   signature.js  how the provider signs
//   webhook.js    what the provider sends to us
import { serve } from '../plugin/serve.js';
import { Acme } from './provider.js';

serve(Acme);
