import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import {
  parseKubeconfig,
  readKubeconfig,
} from "../../../aggregator/discovery/kubernetes/kubeconfig.ts";

/** In the shape of https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ */
function kubeconfig(cluster: object, user: object): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "two",
    contexts: [
      { name: "one", context: { cluster: "other", user: "other" } },
      { name: "two", context: { cluster: "c", user: "u" } },
    ],
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443/", ...cluster } }],
    users: [{ name: "u", user }],
  };
}

describe("a kubeconfig", () => {
  test("gives the server and the user of its current context", () => {
    const pem = Buffer.from("PEM").toString("base64");
    const config = kubeconfig(
      { "certificate-authority-data": pem },
      { "client-certificate": "me.crt", "client-key": "/keys/me.key", tokenFile: "token" },
    );
    expect(parseKubeconfig(config, "/home/me/.kube")).toEqual({
      server: "https://10.0.0.1:6443",
      insecureSkipVerify: false,
      ca: { text: "PEM" },
      cert: { file: "/home/me/.kube/me.crt" },
      key: { file: "/keys/me.key" },
      tokenFile: "/home/me/.kube/token",
    });
  });

  test.each([
    [kubeconfig({ server: "10.0.0.1" }, {}), "its cluster has no server's URL"],
    [kubeconfig({}, { exec: { command: "aws" } }), "signs in by exec, which is not supported"],
    [{ ...kubeconfig({}, {}), "current-context": "three" }, 'contexts has no entry "three"'],
    [{ ...kubeconfig({}, {}), users: [] }, 'users has no entry "u"'],
    [null, 'contexts has no entry ""'],
  ])("that cannot be used says why (%#)", (config, complaint) => {
    expect(() => parseKubeconfig(config, "/")).toThrow(complaint);
  });

  test("that is no YAML shows nothing of itself", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plimsoll-kubeconfig-"));
    const file = join(folder, "config");
    await writeFile(file, "users:\n- token: [secret-token\n  a: b: c");
    const read = readKubeconfig(file);
    await expect(read).rejects.toThrow(`cannot read ${file}`);
    await read.catch((error: Error) => expect(String(error.cause)).not.toContain("secret-token"));
    await rm(folder, { recursive: true });
  });
});
