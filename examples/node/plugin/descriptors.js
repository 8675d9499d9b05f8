// The contract and go-plugin's own services, as @grpc/grpc-js wants them.
import protoLoader from '@grpc/proto-loader';
import json from '../gen/descriptors.js';

// Messages are plain objects with the contract's own names. 64-bit numbers and enum values are texts (an enum value that
// is newer than this plugin stays a number), bytes are Buffers, and what is absent is null, or the kind's empty value.
const definitions = protoLoader.fromJSON(json, {
  keepCase: true, longs: String, enums: String, bytes: Buffer, defaults: true, oneofs: true,
});

export const contract = definitions['payhost.provider.v1.ProviderService'];
export const controller = definitions['plugin.GRPCController'];
export const stdio = definitions['plugin.GRPCStdio'];
export const health = definitions['grpc.health.v1.Health'];

// statusDetails gives the bytes of the trailer that a failed call ends with: a google.rpc.Status with one ErrorDetail.
export function statusDetails(code, message, detail) {
  const value = definitions['payhost.provider.v1.ErrorDetail'].serialize(detail);
  const type_url = 'type.googleapis.com/payhost.provider.v1.ErrorDetail';
  return definitions['google.rpc.Status'].serialize({ code, message, details: [{ type_url, value }] });
}

// errorDetail reads such bytes again, for tests.
export function errorDetail(bytes) {
  const [any] = definitions['google.rpc.Status'].deserialize(bytes).details;
  return definitions['payhost.provider.v1.ErrorDetail'].deserialize(any.value);
}
