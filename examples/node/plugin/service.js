// The contract's service: it finds the account, checks the request, calls the provider's method, and turns what comes of
// that into an answer or an error that says whether the provider may have acted.
import { givenSecrets, decodeConfig, fingerprint, secretsOf } from './config.js';
import { checkRequest } from './checks.js';
import { detailOf, invalid, notSent, toStatus, unknown } from './errors.js';
import { infoOf } from './info.js';
import { newCall } from './call.js';
import { scrub } from './scrub.js';
import { verbs } from './verbs.js';

const accountName = /^[A-Za-z0-9_-]{1,64}$/;

// newService gives the implementation of ProviderService for a class of providers.
export function newService(Provider, { logger, mask }) {
  const info = infoOf(Provider);
  const accounts = new Map(); // by name; an account is never changed, a new configuration is a new one

  const fail = (detail, done) => done(toStatus(scrub(detail, mask)));
  const methods = {
    // Hosts take this for the sign of life: it asks nobody and answers at once.
    GetInfo: (_, done) => done(null, info),

    Configure: ({ request, cancelled }, done) => {
      mask.add(givenSecrets(Provider.configSchema, request.config));
      try {
        const account = newAccount(Provider, info, request, { logger, mask });
        // A host that has given up takes the account to be as it was.
        if (cancelled) throw notSent('CODE_UNAVAILABLE', 'the call ended before the account was ready');
        accounts.set(request.account, account);
        done(null, scrub(account.info, mask));
      } catch (err) {
        fail(detailOf(err), done);
      }
    },

    // It may be repeated: a host that is not sure whether it was heard calls it again.
    Deconfigure: ({ request }, done) => {
      accounts.delete(request.account);
      done(null, {});
    },
  };
  for (const verb of verbs) {
    methods[verb.name] = async (grpcCall, done) => {
      const call = newCall(grpcCall, logger);
      try {
        const answer = await attempt(verb, grpcCall.request, call, accounts, info);
        done(null, scrub({ ...answer, exchanges: call.exchanges }, mask));
      } catch (err) {
        fail({ ...failure(verb, err, info, logger), exchanges: call.exchanges }, done);
      } finally {
        call.end();
      }
    };
  }
  return methods;
}

function newAccount(Provider, info, { account: name, config: text }, { logger, mask }) {
  if (!accountName.test(name)) {
    throw invalid([{ field: 'account', message: '1 to 64 characters of A-Z a-z 0-9 _ -' }]);
  }
  const schema = Provider.configSchema;
  const config = decodeConfig(schema, text);
  mask.add(secretsOf(schema, config));
  const provider = new Provider(config, { account: name, logger: logger.with({ account: name }), mask });
  return {
    provider,
    info: {
      capabilities: info.capabilities,
      currencies: info.currencies ?? [],
      currencies_complete: (info.currencies ?? []).length > 0,
      identity_fingerprint: fingerprint(schema, config, Provider.usualAddress?.(config)),
      warnings: provider.warnings ?? [],
    },
  };
}

// attempt is one call. The account that it finds is the one that it keeps, whatever is configured meanwhile.
async function attempt(verb, request, call, accounts, info) {
  if (call.signal.aborted) throw notSent('CODE_UNAVAILABLE', 'the call had ended before the plugin began with it');
  const account = accounts.get(request.account);
  if (!account) {
    throw notSent('CODE_INVALID_REQUEST', `account "${request.account}" is not configured in this plugin process`);
  }
  if (!account.info.capabilities.includes(verb.capability)) {
    throw notSent('CODE_NOT_SUPPORTED', `account "${request.account}" cannot ${verb.snake}`);
  }
  const limits = { CreatePayment: info.payment_limits, CreatePayout: info.payout_limits }[verb.name];
  checkRequest(verb, request, { limits, currencies: account.info.currencies });
  const answer = await account.provider[verb.method](request, call);
  if (answer === null || typeof answer !== 'object') {
    throw unknown('CODE_INTERNAL', `${verb.method} gave no answer`);
  }
  return answer;
}

// failure gives the detail of what was thrown. What no ProviderError says is a fault of the plugin: it fails this call and
// no other, and the log says where.
function failure(verb, err, info, logger) {
  const detail = detailOf(err);
  if (detail.code === 'CODE_INTERNAL') logger.error(`a fault in ${verb.method}`, { error: err?.stack || String(err) });
  if (info[verb.snake]?.link_only) detail.new_attempt_safe = true; // nobody can have paid yet
  return detail;
}
