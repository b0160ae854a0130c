import { expect, test } from "vitest";

import { Fields } from "../../../lib/config/fields.ts";
import { inFolder, parsePeer } from "../../../lib/http/peer-config.ts";

test("paths that are not absolute begin in the folder; nothing else changes", () => {
  const peer = parsePeer(
    new Fields(
      {
        basic_auth: { username: "me", password_file: "secrets/password" },
        tls_config: { ca_file: "ca.pem", cert_file: "/etc/cert.pem", key_file: "key.pem" },
      },
      "",
    ),
  );
  expect(inFolder(peer, "/etc/plimsoll")).toEqual({
    basicAuth: { username: { value: "me" }, password: { file: "/etc/plimsoll/secrets/password" } },
    tls: {
      caFile: "/etc/plimsoll/ca.pem",
      certFile: "/etc/cert.pem",
      keyFile: "/etc/plimsoll/key.pem",
      insecureSkipVerify: false,
    },
    followRedirects: true,
  });
  const token = parsePeer(new Fields({ authorization: { credentials_file: "token" } }, ""));
  expect(inFolder(token, "/a").authorization).toEqual({
    type: "Bearer",
    credentials: { file: "/a/token" },
  });
  const plain = parsePeer(new Fields({ authorization: { credentials: "token" } }, ""));
  expect(inFolder(plain, "/a")).toEqual(plain);
});
