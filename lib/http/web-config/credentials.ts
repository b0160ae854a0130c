import { createHash, timingSafeEqual } from "node:crypto";

/** Who a request says it is from. */
export type Credentials =
  | { readonly scheme: "basic"; readonly user: string; readonly password: string }
  | { readonly scheme: "bearer"; readonly token: string };

const LONGEST = 8192;

/** Reads an `Authorization` header; undefined if it holds nothing that could be right. */
export function parseAuthorization(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > LONGEST) return undefined;
  const { scheme = "", rest = "" } = /^(?<scheme>\w+) +(?<rest>\S+) *$/u.exec(header)?.groups ?? {};
  if (scheme.toLowerCase() === "bearer") return { scheme: "bearer", token: rest };
  if (scheme.toLowerCase() !== "basic" || !/^[A-Za-z0-9+/_-]+=*$/u.test(rest)) return undefined;
  const pair = Buffer.from(rest, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon === -1) return undefined;
  return { scheme: "basic", user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

/** Whether a token is one of these; takes as long for each that is wrong. */
export function isOneOf(tokens: readonly string[], token: string): boolean {
  const asked = digest(token);
  let found = false;
  for (const one of tokens) found = timingSafeEqual(digest(one), asked) || found;
  return found;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
