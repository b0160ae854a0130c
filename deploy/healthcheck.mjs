// @ts-check
// The images' HEALTHCHECK: exit code 0 if the program of this container answers at HEALTHCHECK_URL.

import http from "node:http";
import https from "node:https";

const url = process.env["HEALTHCHECK_URL"] ?? "";
const get = url.startsWith("https:") ? https.get : http.get;

// It asks its own container, whose certificate names the outside.
const request = get(url, { rejectUnauthorized: false, timeout: 5000 }, (answer) => {
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
  if (process.exitCode === 1) process.stderr.write(`${url} answers ${answer.statusCode}\n`);
  answer.resume();
});
request.once("timeout", () => request.destroy(new Error("no answer in 5 s")));
request.once("error", (error) => {
  process.stderr.write(`${url}: ${error.message}\n`);
  process.exitCode = 1;
});
