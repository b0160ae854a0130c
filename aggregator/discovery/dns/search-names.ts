/** What the system says of names that are not complete. */
export interface SearchPath {
  readonly domains: readonly string[];
  /** A name with as many dots is tried as it stands first. */
  readonly ndots: number;
}

/** The search path of a resolv.conf(5); of several lines the last one counts. */
export function parseSearchPath(resolvConf: string): SearchPath {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of resolvConf.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/u);
    if (word === "search") domains = rest;
    if (word === "domain") domains = rest.slice(0, 1);
    const dots = word === "options" ? /\bndots:(?<dots>\d+)/u.exec(line)?.groups?.["dots"] : "";
    if (dots !== undefined && dots !== "") ndots = Math.min(Number(dots), 15);
  }
  return { domains, ndots };
}

/** The complete names that a name may stand for, in the order in which they are tried. */
export function namesToTry(name: string, { domains, ndots }: SearchPath): readonly string[] {
  if (name.endsWith(".")) return [name];
  const plain = `${name}.`;
  const searched = domains.map((domain) => `${plain}${domain.replace(/\.?$/u, ".")}`);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [plain, ...searched] : [...searched, plain];
}
