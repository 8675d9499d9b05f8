// What the plugin says of itself, to the host and to people.
import { contractVersions } from './handshake.js';
import { capabilitiesOf } from './verbs.js';

// infoOf completes what a class of providers says in its static info. It is asked before any account is configured.
export function infoOf(Provider) {
  return {
    ...Provider.info,
    contract_version: contractVersions.at(-1),
    capabilities: capabilitiesOf(Provider),
    config_schema: Buffer.from(JSON.stringify(Provider.configSchema)),
  };
}

// describe is info as `payhost plugin info FILE` reads it: the words of the contract without their prefixes.
export function describe(Provider) {
  const info = infoOf(Provider);
  return {
    name: info.name, version: info.version, description: info.description, contract_version: info.contract_version,
    capabilities: words('CAPABILITY_', info.capabilities),
    currencies: info.currencies ?? [], countries: info.countries ?? [],
    payment_limits: info.payment_limits ?? [], payout_limits: info.payout_limits ?? [],
    payment_fields: info.payment_fields ?? [], payout_fields: info.payout_fields ?? [],
    operations: info.operations ?? [],
    webhook_trust: words('WEBHOOK_TRUST_', info.webhook_trust ?? []),
    create_payment: guarantee(info.create_payment), capture_payment: guarantee(info.capture_payment),
    create_refund: guarantee(info.create_refund), create_payout: guarantee(info.create_payout),
    payment_lookup: info.payment_lookup ?? {}, refund_lookup: info.refund_lookup ?? {}, payout_lookup: info.payout_lookup ?? {},
    config_schema: Provider.configSchema,
  };
}

function words(prefix, values) {
  return values.map((value) => value.slice(prefix.length).toLowerCase());
}

// guarantee: what is not declared is none, and moves money.
function guarantee(g = { repeat: 'REPEAT_NONE' }) {
  const seconds = Number(g.replay_window?.seconds ?? 0);
  const window = seconds ? { window: seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds}s` } : {};
  return { repeat: words('REPEAT_', [g.repeat])[0], ...window, link_only: g.link_only ?? false };
}

// explain is what someone reads who has started the plugin by hand.
export function explain(Provider, program) {
  const { name, version, description, contract_version } = infoOf(Provider);
  return `This is ${name} ${version}, a payment-provider plugin for Payhost (contract version ${contract_version}).
${description}

It is not meant to be started by hand: put it into the plugin_dir of a Payhost host and name it in config.toml:

  [providers.${name}]
  plugin = "${name}"

To see what it can do and how it is configured, as JSON:

  ${program} describe

To run it under a debugger and have a host attach to it:

  ${program} debug
`;
}
