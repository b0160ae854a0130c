import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Document, LineCounter, Node, ParsedNode } from "yaml";

import { ConfigError, messageOf } from "../errors.ts";
import { unknownSetting } from "./given.ts";
import type { Given, GivenBySetting } from "./given.ts";
import type { OptionTable } from "./option.ts";

type Yaml = typeof import("yaml");

// Costs 8 MB of memory, and many a program runs without a file.
const load: (name: string) => Yaml = createRequire(import.meta.url);

interface OpenFile {
  readonly yaml: Yaml;
  readonly path: string;
  readonly document: Document<ParsedNode>;
  readonly lines: LineCounter;
  readonly options: OptionTable;
  readonly given: Map<string, Given>;
}

/** Reads the settings of a YAML file, whose keys may nest or be dotted. Throws ConfigError. */
export function readFile(options: OptionTable, path: string): GivenBySetting {
  const yaml = load("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const at = lines.linePos(fault.pos[0]);
    if (fault.code === "MULTIPLE_DOCS") {
      const remedy = `holds a second YAML document from line ${at.line} on; keep one of them`;
      throw new ConfigError("config", path, remedy);
    }
    throw new ConfigError("config", path, `is not YAML at line ${at.line}: ${fault.message}`);
  }
  const file = { yaml, path, document, lines, options, given: new Map<string, Given>() };
  readSection(file, document.contents, "");
  return file.given;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError("config", path, `cannot be read (${messageOf(error)}); name a YAML file`);
  }
}

/** Takes the keys of a mapping, all of which stand below `section`, a name with its dot or nothing. */
function readSection(file: OpenFile, node: Node | null, section: string): void {
  const { isMap, isNode, isScalar } = file.yaml;
  if (node === null || (isScalar(node) && node.value === null)) return;
  if (!isMap(node)) {
    const name = section === "" ? "config" : section.slice(0, -1);
    throw new ConfigError(name, file.path, "must hold NAME: VALUE lines");
  }
  for (const { key, value } of node.items) {
    if (!isNode(key) || (value !== null && !isNode(value))) continue;
    const setting = section + textOf(file, key);
    readEntry(file, setting, { key, value });
  }
}

function readEntry(
  file: OpenFile,
  setting: string,
  { key, value }: { key: Node; value: Node | null },
): void {
  const node = resolved(file, setting, value);
  // A file may say `constructor`, which every object has.
  const option = Object.hasOwn(file.options, setting) ? file.options[setting] : undefined;
  if (option === undefined) {
    const below = Object.keys(file.options).some((name) => name.startsWith(`${setting}.`));
    if (below) return readSection(file, node, `${setting}.`);
    const shown = file.yaml.isScalar(node) ? textOf(file, node) : undefined;
    throw unknownSetting(setting, shown, Object.keys(file.options), ` (${origin(file, key)})`);
  }
  // `listen:` with nothing behind it leaves the default.
  if (node === null || (file.yaml.isScalar(node) && node.value === null)) return;
  if (file.given.has(setting)) {
    throw new ConfigError(setting, undefined, `given twice in ${file.path}; keep one of them`);
  }
  const raw = rawOf(file, setting, { key, node, isStructured: option.structured });
  file.given.set(setting, { raw, origin: origin(file, key) });
}

/** What an alias stands for. Throws ConfigError if that is nothing: the name may be a secret that begins with `*`. */
function resolved(file: OpenFile, setting: string, value: Node | null): Node | null {
  if (!file.yaml.isAlias(value)) return value;
  const node = value.resolve(file.document);
  if (node === undefined) throw unresolved(setting, origin(file, value));
  return node;
}

function rawOf(
  file: OpenFile,
  setting: string,
  { key, node, isStructured }: { key: Node; node: Node; isStructured: boolean },
): unknown {
  try {
    return isStructured ? structure(file, node) : plain(file, node);
  } catch {
    // Only an alias inside can fail here; the message names it.
    throw unresolved(setting, origin(file, key));
  }
}

function unresolved(setting: string, where: string): ConfigError {
  const remedy = `has an alias (*NAME) that cannot be followed; quote a value with * before it (${where})`;
  return new ConfigError(setting, undefined, remedy);
}

/** Plain values; a number as its text, so that a label `007` is what was written. */
function structure({ yaml, document }: OpenFile, node: Node): unknown {
  yaml.visit(node, {
    Scalar(_, scalar) {
      const { value, source = "" } = scalar;
      if (typeof value === "number" && String(value) !== source) scalar.value = source;
    },
  });
  return node.toJS(document);
}

/** A scalar as its text, a list as its texts; anything else as it is, for the option to refuse. */
function plain(file: OpenFile, node: Node): unknown {
  if (file.yaml.isScalar(node)) return textOf(file, node);
  if (!file.yaml.isSeq(node)) return node.toJS(file.document);
  return node.items.map((item) => textOf(file, item));
}

/** What stands in the file, so that `007` and `1e3` reach a text setting as they were written. */
function textOf(file: OpenFile, node: unknown): string {
  if (!file.yaml.isScalar(node)) return String(node);
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

function origin(file: OpenFile, node: Node): string {
  return `${file.path} line ${file.lines.linePos(node.range?.[0] ?? 0).line}`;
}
