import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";

/** What writes are answered with instead of by the store. */
export interface FakeAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Stands before a real store, and at times answers writes in its place. */
export interface FakeStoreFront {
  readonly url: string;
  /** Answers so many writes like this, and then passes on what comes; resolves when they all were. */
  answer(answer: FakeAnswer, times: number): Promise<void>;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. A store that is not there looks so from before it, too. */
export async function startFakeStoreFront(target: string): Promise<FakeStoreFront> {
  let fake: { answer: FakeAnswer; left: number; done: () => void } | undefined;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    if (fake !== undefined && url.startsWith("/write")) {
      const { status, body, headers: own } = fake.answer;
      request.resume().on("end", () => response.writeHead(status, own).end(body));
      fake.left--;
      if (fake.left > 0) return;
      fake.done();
      fake = undefined;
      return;
    }
    const passed = ask(`${target}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => response.destroy()).pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => void passed.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (answer, times) =>
      new Promise((done) => {
        fake = { answer, left: times, done };
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
