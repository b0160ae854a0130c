/** Where an agent answers. */
export interface Target {
  /** Its base, without a slash at the end. */
  readonly url: string;
}

/** Finds agents. It says the whole list each time, at once when it starts and on each change. */
export interface Discovery {
  readonly kind: string;
  start(found: (targets: readonly Target[]) => void): void;
  /** Finds nothing any more. */
  close(): Promise<void> | void;
}

/**
 * Understands an agent's address: a URL, or only `HOST:PORT`. Undefined if it is neither, or has
 * something in it that has no place there, such as a query.
 */
export function parseTarget(text: string): Target | undefined {
  const withScheme = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const { protocol, username, password, search, hash, hostname, href } = new URL(withScheme);
  const plain = [username, password, search, hash].every((part) => part === "");
  if (!plain || hostname === "" || (protocol !== "http:" && protocol !== "https:")) {
    return undefined;
  }
  return { url: href.replace(/\/+$/, "") };
}
