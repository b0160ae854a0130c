import http from "node:http";

/** What came of many requests. */
export interface LoadCost {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly megabytesPerSecond: number;
}

/** How to ask. */
export interface Load {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests a second at even distances; as many as can be answered if left out. */
  readonly perSecond?: number;
  readonly seconds: number;
  /** Asking at the same time, where no rate is given. */
  readonly readers?: number;
}

interface Asked {
  readonly ms: number;
  readonly bytes: number;
  readonly ok: boolean;
}

function ask(agent: http.Agent, { url, headers = {} }: Load): Promise<Asked> {
  const start = performance.now();
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (ok: boolean): void => resolve({ ms: performance.now() - start, bytes, ok });
    const request = http.get(url, { agent, headers }, (response) => {
      const { statusCode = 0 } = response;
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("end", () => finish(statusCode === 200 || statusCode === 304));
      response.on("error", () => finish(false));
    });
    request.on("error", () => finish(false));
  });
}

/** Each request at its time, whether or not those before it have been answered. */
async function atRate(agent: http.Agent, load: Load, perSecond: number): Promise<Asked[]> {
  const asked: Promise<Asked>[] = [];
  const start = performance.now();
  while (asked.length < perSecond * load.seconds) {
    const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
    while (asked.length < due) asked.push(ask(agent, load));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(asked);
}

async function asFastAsCanBe(agent: http.Agent, load: Load): Promise<Asked[]> {
  const end = performance.now() + load.seconds * 1000;
  const asked: Asked[] = [];
  const reader = async (): Promise<void> => {
    while (performance.now() < end) asked.push(await ask(agent, load));
  };
  await Promise.all(Array.from({ length: load.readers ?? 4 }, reader));
  return asked;
}

/** Asks one address again and again over connections that are kept. */
export async function putLoad(load: Load): Promise<LoadCost> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const start = performance.now();
  const asked = await (load.perSecond === undefined
    ? asFastAsCanBe(agent, load)
    : atRate(agent, load, load.perSecond));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  const sorted = asked.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const rank = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
  return {
    perSecond: asked.length / seconds,
    medianMs: rank(0.5),
    p99Ms: rank(0.99),
    failed: asked.filter(({ ok }) => !ok).length,
    megabytesPerSecond: asked.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6 / seconds,
  };
}
