import { resolve } from "node:path";

import { ConfigError } from "../../../lib/errors.ts";
import { inFolder } from "../../../lib/http/peer-config.ts";
import type { PeerSettings, Secret, TlsSettings } from "../../../lib/http/peer-settings.ts";
import type { InfluxSettings } from "./settings.ts";

/** An InfluxDB as it is to be spoken to. */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  readonly database: string;
  readonly policy: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly peer: PeerSettings;
}

/** Throws ConfigError for settings that don't go together; paths begin in the folder. */
export function serverOf(settings: InfluxSettings, folder: string): Server {
  const { "influx.username": username, "influx.token.file": token } = settings;
  const password = passwordOf(settings, folder);
  if (token !== undefined && username !== undefined) {
    throw new ConfigError("influx.token.file", token, "cannot stand beside influx.username");
  }
  if (password !== undefined && username === undefined) {
    throw new ConfigError("influx.username", undefined, "is missing: there is a password");
  }
  return {
    url: settings["influx.url"].replace(/\/+$/u, ""),
    database: settings["influx.database"],
    policy: settings["influx.policy"],
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    peer: inFolder(peerOf(settings, password), folder),
  };
}

function peerOf(settings: InfluxSettings, password: Secret | undefined): PeerSettings {
  const { "influx.username": username, "influx.token.file": token } = settings;
  const tls = tlsOf(settings);
  return {
    // A redirected POST would arrive as a GET.
    followRedirects: false,
    ...(tls === undefined ? {} : { tls }),
    ...(token === undefined
      ? {}
      : { authorization: { type: "Token", credentials: { file: token } } }),
    ...(username === undefined
      ? {}
      : { basicAuth: { username: { value: username }, ...(password && { password }) } }),
  };
}

function passwordOf(settings: InfluxSettings, folder: string): Secret | undefined {
  const { "influx.password": value, "influx.password.file": file } = settings;
  if (value !== undefined && file !== undefined) {
    throw new ConfigError("influx.password.file", file, "cannot stand beside influx.password");
  }
  if (file !== undefined) return { file: resolve(folder, file) };
  return value === undefined ? undefined : { value };
}

function tlsOf(settings: InfluxSettings): TlsSettings | undefined {
  const { "influx.tls.ca.file": caFile, "influx.tls.insecure": insecureSkipVerify } = settings;
  if (caFile === undefined && !insecureSkipVerify) return undefined;
  return { ...(caFile === undefined ? {} : { caFile }), insecureSkipVerify };
}
