// otlp.js DIRECTORY: encodes and decodes OTLP's messages with OpenTelemetry's own code, which npm put into that directory. Reads lines
// {"decode": bytes} or {"encode": name of a message, "value": object} and writes for each {"value": object}, {"bytes": bytes} or
// {"error": text}. Bytes are in base64.
const path = require('path').join(process.argv[2], 'node_modules');
const {v1} = require(path + '/@opentelemetry/otlp-transformer/build/src/generated/root.js').opentelemetry.proto.collector.metrics;
const protobuf = require(path + '/protobufjs');

// google/rpc/status.proto, without its details
const Status = new protobuf.Type('Status').add(new protobuf.Field('code', 1, 'int32')).add(new protobuf.Field('message', 2, 'string'));
const types = {request: v1.ExportMetricsServiceRequest, response: v1.ExportMetricsServiceResponse, status: Status};

// decode(bytes): returns the request. The decoder puts U+FFFD for what is not UTF-8, which receivers in Go refuse.
function decode(bytes) {
  const value = types.request.toObject(types.request.decode(bytes), {longs: String, enums: Number, bytes: String});
  if (JSON.stringify(value).includes('\ufffd')) throw new Error('invalid UTF-8');
  return {value: value};
}

function answer(asked) {
  try {
    if (asked.decode !== undefined) return decode(Buffer.from(asked.decode, 'base64'));
    const type = types[asked.encode];
    return {bytes: Buffer.from(type.encode(type.fromObject(asked.value)).finish()).toString('base64')};
  } catch (error) {
    return {error: error.message};
  }
}

require('readline').createInterface({input: process.stdin}).on('line', line => process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n'));
