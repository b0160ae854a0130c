/**
 * What Kubernetes takes for a label's key and value.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */

const WORD = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const WORD_LENGTH = 63;
const SUBDOMAIN_LENGTH = 253;

/** Whether a label may have this key: `app`, `example.org/app`. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash === -1) return isWord(key);
  const prefix = key.slice(0, slash);
  return (
    prefix.length <= SUBDOMAIN_LENGTH && SUBDOMAIN.test(prefix) && isWord(key.slice(slash + 1))
  );
}

/** Whether a label may have this value; it may be empty. */
export function isLabelValue(value: string): boolean {
  return value === "" || isWord(value);
}

function isWord(text: string): boolean {
  return text.length <= WORD_LENGTH && WORD.test(text);
}

/** Those of an engine's labels that Kubernetes would take too. */
export function kubernetesLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([key, value]) => isLabelKey(key) && isLabelValue(value)),
  );
}
