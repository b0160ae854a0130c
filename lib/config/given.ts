import { ConfigError, hiddenValue } from "../errors.ts";
import { nearest } from "../nearest.ts";

/** Where a setting's value came from. */
export type Source = "flag" | "environment" | "file" | "default";

/** A value as somebody gave it, not yet read. */
export interface Given {
  readonly raw: unknown;
  /** The spelling used, for an error: `--listen`, `PLIMSOLL_LISTEN`, `plimsoll.yaml line 3`. */
  readonly origin: string;
  /** Turns another program's spelling into ours. */
  readonly translate?: (raw: string) => string;
}

/** What one source gives, by setting. */
export type GivenBySetting = ReadonlyMap<string, Given>;

const secretive = /pass|token|secret|key|auth|credential/iu;

/**
 * The complaint about a name that no setting has; the value is kept back if it may be a secret.
 * `prefix` starts the spelling and each known one, and does not make them alike.
 */
export function unknownSetting(
  spelling: string,
  value: string | undefined,
  known: readonly string[],
  where: string,
  prefix = "",
): ConfigError {
  const names = known.map((name) => name.slice(prefix.length));
  const nearName = nearest(spelling.slice(prefix.length), names);
  const near = nearName === undefined ? undefined : prefix + nearName;
  const secret = secretive.test(spelling) || (near !== undefined && secretive.test(near));
  const hint = near === undefined ? "--help lists all settings" : `did you mean ${near}?`;
  return new ConfigError(
    spelling,
    secret ? hiddenValue : value,
    `no such setting${where}; ${hint}`,
  );
}
