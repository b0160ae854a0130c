/** What helps where somebody does not let us in; by status code. */
const ADVICE: Readonly<Record<number, string>> = {
  401: "it does not take our credentials, or wants some; set basic_auth or authorization",
  403: "it does not let us in; set tls_config.cert_file and key_file if it wants a certificate, or see who may ask it",
  429: "it has too many requests or failed logins from here; see basic_auth or authorization",
};

/** What an answer of this status means, and what an operator may do about it. */
export function statusMessage(status: number): string {
  const advice = ADVICE[status];
  return `answers with status ${status}${advice === undefined ? "" : `: ${advice}`}`;
}
