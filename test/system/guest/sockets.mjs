// Talks to itself over TCP and UDP, IPv4 and IPv6, holds files open, and stops itself.
import { createSocket } from "node:dgram";
import { openSync } from "node:fs";
import { connect, createServer } from "node:net";

const held = Array.from({ length: 20 }, () => openSync("/dev/null"));

function listen(port, host) {
  return new Promise((done) =>
    createServer((socket) => held.push(socket)).listen(port, host, done),
  );
}

function call(port, host) {
  return new Promise((done) => held.push(connect(port, host, done)));
}

for (const port of [9000, 9001, 9002]) await listen(port, "127.0.0.1");
await listen(9006, "::1");
for (let count = 0; count < 20; count++) await call(9000, "127.0.0.1");
for (let count = 0; count < 5; count++) await call(9006, "::1");

// Nobody reads the datagrams: this program does nothing more when they have been sent.
async function open(type, port, host) {
  const socket = createSocket(type);
  await new Promise((done) => socket.bind(port, host, done));
  held.push(socket);
  return socket;
}

let left = 10;
const sent = () => {
  if (--left === 0) process.kill(process.pid, "SIGSTOP");
};
for (const [type, host] of [
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
]) {
  await open(type, 9100, host);
  const client = await open(type, 9101, host);
  for (let count = 0; count < 5; count++) client.send(Buffer.alloc(100), 9100, host, sent);
}
