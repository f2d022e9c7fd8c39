{
  mgmt_address: "127.0.0.1",
  flushInterval: 200,
  servers: [
    {server: "./servers/udp", address: "127.0.0.1", port: 8125},
    {server: "./servers/tcp", address: "127.0.0.1", port: 8127},
  ],
  backends: ["DIR/statsd_backend.js"],
}
