import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

import { afterEach, describe, expect, it } from "vitest";

import { scrape } from "../../../agent/app-metrics/scrape.ts";

const servers: Server[] = [];

async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function ask(port: number, timeoutMs = 5000): Promise<unknown> {
  const { signal } = new AbortController();
  const found = await scrape({ address: "127.0.0.1", port, path: "/m?x=1" }, 10, signal, timeoutMs);
  if (typeof found === "string") return found;
  return found.families.flatMap(({ series }) => series.map(({ name, value }) => [name, value]));
}

describe("asking a container", () => {
  it("takes what it exposes, packed or not", async () => {
    const asked: string[] = [];
    const plain = await serve(({ url, headers }, response) => {
      asked.push(`${url} ${headers.host} ${headers["user-agent"]?.split("/")[0]}`);
      response.end("a 1\nb 2\n");
    });
    expect(await ask(plain)).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(asked).toEqual([`/m?x=1 127.0.0.1:${plain} plimsoll`]);
    const zipped = await serve((_, response) =>
      response.setHeader("content-encoding", "gzip").end(gzipSync("a 3\n")),
    );
    expect(await ask(zipped)).toEqual([["a", 3]]);
    const open = await serve((_, response) =>
      response.setHeader("content-type", "application/openmetrics-text").end("a 4 1.5\n# EOF\n"),
    );
    expect(await ask(open)).toEqual([["a", 4]]);
  });

  it("follows nobody to another address", async () => {
    let asked = 0;
    const other = await serve((_, response) => {
      asked++;
      response.end("a 1\n");
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const port = await serve((_, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${other}/` }).end("a 1\n");
      });
      expect(await ask(port)).toBe("redirect");
    }
    const port = await serve((_, response) => response.writeHead(500).end("a 1\n"));
    expect(await ask(port)).toBe("status");
    expect(asked).toBe(0);
  });

  it("takes no more than a megabyte, however it is packed", async () => {
    const large = `# ${"x".repeat(1000)}\n`.repeat(1100);
    const plain = await serve((_, response) => response.end(large));
    expect(await ask(plain)).toBe("too_large");
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, "#"));
    const zipped = await serve((_, response) =>
      response.setHeader("content-encoding", "gzip").end(bomb),
    );
    expect(await ask(zipped)).toBe("too_large");
  });

  it("waits no longer than agreed", async () => {
    const silent = await serve(() => {});
    expect(await ask(silent, 50)).toBe("timeout");
    const slow = await serve((_, response) => response.write("a 1\n"));
    expect(await ask(slow, 50)).toBe("timeout");
  });

  it("says what is wrong with what it gets", async () => {
    const page = await serve((_, response) => response.end("<html>no</html>\n"));
    expect(await ask(page)).toBe("malformed");
    const broken = await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("a 1\n", () => response.destroy());
    });
    expect(await ask(broken)).toBe("broken");
    const packed = await serve((_, response) =>
      response.setHeader("content-encoding", "br").end("a 1\n"),
    );
    expect(await ask(packed)).toBe("broken");
    const gone = await serve(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await ask(gone)).toBe("refused");
  });
});
