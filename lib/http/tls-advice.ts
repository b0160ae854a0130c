import { codeOf } from "../errors.ts";

/** What helps against each of OpenSSL's verdicts. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const ADVICE: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not known here; set tls_config.ca_file",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is its own authority; set tls_config.ca_file to it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its authority is not known here; set tls_config.ca_file",
  UNABLE_TO_GET_ISSUER_CERT: "its authority is not known here; set tls_config.ca_file",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not known here; set tls_config.ca_file",
  CERT_SIGNATURE_FAILURE:
    "another authority has signed it; set tls_config.ca_file to the right one",
  CERT_HAS_EXPIRED: "its certificate has expired; renew it",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; compare the clocks",
  CERT_REVOKED: "its certificate was revoked; renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name; set tls_config.server_name to a name that it has",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "tls_config.key_file is not the key of tls_config.cert_file",
};

/** Of what breaks off the greeting Node tells no more than EPROTO and OpenSSL's text. */
const BROKEN_OFF: readonly (readonly [text: RegExp, advice: string])[] = [
  [/certificate required/, "it wants a certificate of ours; set tls_config.cert_file and key_file"],
  [/alert bad certificate/, "it does not take our certificate; see tls_config.cert_file"],
  [/alert unknown ca/, "it does not know who signed our certificate; see tls_config.cert_file"],
  [
    /alert protocol version|unsupported protocol/,
    "it speaks no version of TLS that is allowed; see tls_config.min_version",
  ],
  [/wrong version number/, "it does not speak TLS there; set the scheme to http"],
];

/** What an operator may do about an error of TLS; undefined if it is none, or nothing is known to help. */
export function tlsAdvice(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    const code = codeOf(cause) ?? "";
    const broken = BROKEN_OFF.find(
      ([text]) => text.test(message) && /^E(?:PROTO|RR_SSL)/.test(code),
    );
    const advice = ADVICE[code] ?? broken?.[1];
    if (advice !== undefined) return advice;
  }
  return undefined;
}
