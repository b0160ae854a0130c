import { X509Certificate } from "node:crypto";

import { expect, it } from "vitest";

import { namesOf } from "../../../../lib/http/web-config/client-certificate.ts";
import { testCertificate } from "../test-certificate.ts";

/** Stands in for a certificate whose names Node writes like this; see `x509.subjectAltName` in its documentation. */
function named(subjectAltName: string | undefined): X509Certificate {
  const certificate = new X509Certificate(testCertificate().cert);
  return Object.defineProperty(certificate, "subjectAltName", { value: subjectAltName });
}

it("the names of a certificate are those that are written in it", () => {
  const real = new X509Certificate(testCertificate().cert);
  expect(namesOf(real)).toEqual(new Set(["localhost", "127.0.0.1"]));
});

it.each([
  [undefined, []],
  ["DNS:a, DNS:b.example", ["a", "b.example"]],
  ["URI:spiffe://x/y, email:a@b.example", ["spiffe://x/y", "a@b.example"]],
  ["IP Address:0:0:0:0:0:0:0:1, IP Address:192.0.2.1", ["::1", "192.0.2.1"]],
  ['DNS:"a, DNS:trusted.example", DNS:b', ["a, DNS:trusted.example", "b"]],
  ['DNS:"a\\"b, DNS:trusted.example"', ['a"b, DNS:trusted.example']],
  ["othername:<unsupported>, DNS:a", ["a"]],
])("%s is no more than it says", (text, names) => {
  expect(namesOf(named(text))).toEqual(new Set(names));
});
