import type { Resolver } from "node:dns/promises";

import { codeOf } from "../../../lib/errors.ts";
import type { DnsRecord, RecordType } from "./records.ts";

/**
 * The records of the first of the names that exists; none if no server knows any of them. Throws if
 * one could not be asked for: it might have been the one.
 */
export async function lookUp(
  resolver: Resolver,
  names: readonly string[],
  type: RecordType,
): Promise<readonly DnsRecord[]> {
  let failure: unknown;
  for (const name of names) {
    try {
      return await ask(resolver, name, type);
    } catch (error) {
      // The name is there, without such records.
      if (codeOf(error) === "ENODATA") return [];
      if (codeOf(error) !== "ENOTFOUND") failure ??= error;
    }
  }
  if (failure === undefined) return [];
  throw new Error(`cannot look up ${type} records`, { cause: failure });
}

async function ask(resolver: Resolver, name: string, type: RecordType): Promise<DnsRecord[]> {
  switch (type) {
    case "SRV":
      return (await resolver.resolveSrv(name)).map((record) => ({
        host: record.name,
        port: record.port,
      }));
    case "MX":
      return (await resolver.resolveMx(name)).map(({ exchange }) => ({ host: exchange }));
    case "NS":
      return (await resolver.resolveNs(name)).map((host) => ({ host }));
    case "A":
      return (await resolver.resolve4(name)).map((host) => ({ host }));
    case "AAAA":
      return (await resolver.resolve6(name)).map((host) => ({ host }));
  }
}
