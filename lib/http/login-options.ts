import { text } from "../config/builders.ts";
import type { OptionsOf } from "../config/option.ts";
import { ConfigError } from "../errors.ts";
import { PLAIN_PEER, type PeerSettings } from "./peer-settings.ts";

/** How a command logs in to a program that it asks. */
export interface LoginConfig {
  readonly "token.file": string | undefined;
  readonly username: string | undefined;
  readonly "password.file": string | undefined;
  readonly "ca.file": string | undefined;
  readonly "cert.file": string | undefined;
  readonly "key.file": string | undefined;
}

const group = "Login";
const placeholder = "FILE";

/** The settings of commands that ask a program. */
export const loginOptions: OptionsOf<LoginConfig> = {
  "token.file": text({ help: "Holds the token to log in with.", placeholder, group }),
  username: text({
    help: "Who to log in as, with --password-file.",
    placeholder: "NAME",
    group,
  }),
  "password.file": text({ help: "Holds the password of --username.", placeholder, group }),
  "ca.file": text({
    help: "Certificates, PEM, of those who may vouch for an https address; the usual ones if left out.",
    placeholder,
    group,
  }),
  "cert.file": text({ help: "A certificate to show, PEM, with --key-file.", placeholder, group }),
  "key.file": text({ help: "The key of --cert-file.", placeholder, group }),
};

/** How to speak to whoever is asked; throws ConfigError for what does not go together. */
export function peerOf(config: LoginConfig): PeerSettings {
  const { username, "token.file": token, "password.file": password } = config;
  pairOf("username", username, "password.file", password);
  if (token !== undefined && username !== undefined) {
    throw new ConfigError("token.file", token, "cannot stand beside username; keep one of them");
  }
  const { "ca.file": caFile, "cert.file": certFile, "key.file": keyFile } = config;
  pairOf("cert.file", certFile, "key.file", keyFile);
  return {
    ...PLAIN_PEER,
    ...(token === undefined
      ? {}
      : { authorization: { type: "Bearer", credentials: { file: token } } }),
    ...(username === undefined || password === undefined
      ? {}
      : { basicAuth: { username: { value: username }, password: { file: password } } }),
    tls: {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile }),
      insecureSkipVerify: false,
    },
  };
}

function pairOf(a: string, one: string | undefined, b: string, other: string | undefined): void {
  if ((one === undefined) === (other === undefined)) return;
  const missing = one === undefined ? a : b;
  throw new ConfigError(missing, undefined, `is missing: ${a} and ${b} go together`);
}
