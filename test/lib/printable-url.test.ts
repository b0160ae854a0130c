import { expect, it } from "vitest";

import { printableUrl } from "../../lib/printable-url.ts";

it.each([
  ["http://host:80/a/b", "http://host:80/a/b"],
  ["http://me:secret@host/a", "http://host/a"],
  ["http://me:se@cret@host/a", "http://host/a"],
  ["http://host/write?u=me&p=secret", "http://host/write?…"],
  ["http://host/a?b=secret#c", "http://host/a?…#c"],
  ["unix:///var/run/docker.sock", "unix:///var/run/docker.sock"],
  ["http://a:secret@one,http://b:secret@two", "http://one,http://two"],
  ["no url", "no url"],
])("prints %s as %s", (url, printed) => {
  expect(printableUrl(url)).toBe(printed);
});
