import { readJson, readText, request } from "../../lib/http/client.ts";
import { isRecord } from "../../lib/record.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Explanation } from "./explain.ts";
import { type Finding, STATUSES } from "./finding.ts";

const PATIENCE_MS = 15_000;
const LARGEST = 4 * 1024 * 1024;

const KINDS = ["stat", "family", "group"] as const;
const STATES = ["measured", "partly", "absent", "off", "unknown"] as const;

type Fields = Readonly<Record<string, unknown>>;

/** Of another version of the agent's one may not know every word. */
function wordOf<Word extends string>(words: readonly Word[], value: unknown, fallback: Word): Word {
  return words.find((word) => word === value) ?? fallback;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function countOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function remedyIn({ remedy }: Fields): { readonly remedy?: string } {
  return typeof remedy === "string" ? { remedy } : {};
}

function reasonIn({ reason }: Fields): { readonly reason?: string } {
  return typeof reason === "string" ? { reason } : {};
}

function parseFinding(value: unknown): Finding[] {
  if (!isRecord(value)) return [];
  return [
    {
      id: textOf(value["id"]),
      status: wordOf(STATUSES, value["status"], "note"),
      what: textOf(value["what"]),
      affects: listOf(value["affects"]).map(textOf),
      ...remedyIn(value),
    },
  ];
}

function parseMetric(value: unknown): Explanation[] {
  if (!isRecord(value)) return [];
  return [
    {
      name: textOf(value["name"]),
      kind: wordOf(KINDS, value["kind"], "family"),
      group: textOf(value["group"]),
      status: wordOf(STATES, value["status"], "unknown"),
      measured_of: countOf(value["measured_of"]),
      looked_at: countOf(value["looked_at"]),
      ...reasonIn(value),
      ...remedyIn(value),
    },
  ];
}

/** Reads what an agent answered; throws if it is not a diagnosis. */
export function parseDiagnosis(value: unknown): Diagnosis {
  if (!isRecord(value) || !Array.isArray(value["findings"])) {
    throw new Error("what answers is not an agent, or one without /diagnostics");
  }
  return {
    node: textOf(value["node"]),
    time: textOf(value["time"]),
    is_fit: value["is_fit"] === true,
    findings: value["findings"].flatMap(parseFinding),
    metrics: listOf(value["metrics"]).flatMap(parseMetric),
  };
}

/** Asks an agent; throws with the reason if it does not tell. */
export async function askDiagnosis(
  url: string,
  metric: string | undefined,
  ask: typeof request = request,
): Promise<Diagnosis> {
  const asked = new URL(url);
  asked.pathname = `${asked.pathname.replace(/\/$/, "")}/diagnostics`;
  asked.search = metric === undefined ? "" : new URLSearchParams({ metric }).toString();
  const response = await ask(asked, {
    timeoutMs: PATIENCE_MS,
    maxBytes: LARGEST,
    headers: { accept: "application/json" },
  });
  if (response.status !== 200) {
    const body = await readText(response);
    throw new Error(`cannot ask the agent: it answers ${response.status}: ${body.slice(0, 200)}`);
  }
  return parseDiagnosis(await readJson(response));
}
