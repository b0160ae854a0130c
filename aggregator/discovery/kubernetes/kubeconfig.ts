import { readFile } from "node:fs/promises";
import path from "node:path";

import { parse as parseYaml } from "yaml";

import { at, flagAt, listAt, textAt } from "../../../lib/json-at.ts";

/** The server and the user of a kubeconfig's current context. */
export interface Kubeconfig {
  readonly server: string;
  readonly insecureSkipVerify: boolean;
  readonly serverName?: string;
  readonly ca: Pem | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
}

/** A certificate or key in place or in a file. */
export type Pem = { readonly text: string } | { readonly file: string };

/** Reads a kubeconfig; throws `cannot read FILE: cause`, without anything secret. */
export async function readKubeconfig(file: string): Promise<Kubeconfig> {
  try {
    return parseKubeconfig(parseYaml(await readFile(file, "utf8")), path.dirname(file));
  } catch (error) {
    // The parser of YAML cites the lines, which may be secret.
    const isSecret = error instanceof Error && error.name === "YAMLParseError";
    const cause = isSecret ? new Error("it is no YAML") : error;
    // oxlint-disable-next-line eslint/preserve-caught-error
    throw new Error(`cannot read ${file}`, { cause });
  }
}

/**
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 *
 * @param folder where relative paths begin
 */
export function parseKubeconfig(value: unknown, folder: string): Kubeconfig {
  const context = named(value, "contexts", textAt(value, "current-context"), "context");
  const cluster = named(value, "clusters", textAt(context, "cluster"), "cluster");
  const user = named(value, "users", textAt(context, "user"), "user");
  for (const name of ["exec", "auth-provider"]) {
    if ((at(user, name) ?? undefined) !== undefined) {
      throw new Error(`its user signs in by ${name}, which is not supported; give it a token`);
    }
  }
  const server = textAt(cluster, "server").replace(/\/+$/u, "");
  if (!/^https?:\/\//u.test(server)) throw new Error("its cluster has no server's URL");
  const tokenFile = textAt(user, "tokenFile");
  const texts = {
    serverName: textAt(cluster, "tls-server-name"),
    token: textAt(user, "token"),
    tokenFile: tokenFile === "" ? "" : path.resolve(folder, tokenFile),
    username: textAt(user, "username"),
    password: textAt(user, "password"),
  };
  return {
    server,
    insecureSkipVerify: flagAt(cluster, "insecure-skip-tls-verify") ?? false,
    ca: pemOf(cluster, "certificate-authority", folder),
    cert: pemOf(user, "client-certificate", folder),
    key: pemOf(user, "client-key", folder),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "")),
  };
}

function named(value: unknown, list: string, name: string, field: string): unknown {
  const entry = listAt(value, list).find((candidate) => textAt(candidate, "name") === name);
  if (entry === undefined) throw new Error(`${list} has no entry ${JSON.stringify(name)}`);
  return at(entry, field);
}

/** What stands in place goes before the file, as in kubectl. */
function pemOf(value: unknown, name: string, folder: string): Pem | undefined {
  const data = textAt(value, `${name}-data`);
  if (data !== "") return { text: Buffer.from(data, "base64").toString("utf8") };
  const file = textAt(value, name);
  return file === "" ? undefined : { file: path.resolve(folder, file) };
}
