import type { Option, OptionTable } from "./option.ts";
import { flagName, variableName } from "./spelling.ts";

const width = 100;
const indent = 6;

/** The text of --help for a command, made from its table of settings. */
export function helpText(command: string, summary: string, options: OptionTable): string {
  const lines = [`Usage: plimsoll ${command} [--NAME VALUE]…`, ""];
  if (summary !== "") lines.push(...wrap(summary, 0), "");
  for (const [group, settings] of grouped(options)) {
    lines.push(`${group}:`);
    for (const [setting, option] of settings) lines.push(...entry(setting, option));
    lines.push("");
  }
  lines.push(...spellings(options));
  return `${lines.join("\n").trimEnd()}\n`;
}

function grouped(options: OptionTable): Map<string, [string, Option<unknown>][]> {
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const [setting, option] of Object.entries(options)) {
    if (option.hidden === true) continue;
    const group = option.group ?? "Settings";
    const settings = groups.get(group) ?? [];
    settings.push([setting, option]);
    groups.set(group, settings);
  }
  return groups;
}

function entry(setting: string, option: Option<unknown>): string[] {
  if (option.structured) return [`  ${setting} (in the file only)`, ...wrap(option.help, indent)];
  const head = `  --${flagName(setting)} ${option.placeholder}`.trimEnd();
  const notes: string[] = [];
  if (option.range !== undefined && option.range !== "") notes.push(option.range);
  if (option.defaultText !== "" && option.secret !== true) {
    notes.push(`default ${option.defaultText}`);
  }
  const aliases = (option.aliases ?? []).map(({ flag }) => (flag.length > 1 ? "--" : "-") + flag);
  if (aliases.length > 0) notes.push(`also ${aliases.join(", ")}`);
  const note = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  return [head, ...wrap(option.help + note, indent)];
}

function spellings(options: OptionTable): string[] {
  const names = Object.keys(options);
  const example = names.find((name) => name.includes(".")) ?? names[0] ?? "log.level";
  const nested = example.split(".").reduceRight((inner, name) => `{ ${name}: ${inner} }`, "VALUE");
  return wrap(
    `Each setting has three spellings: --${flagName(example)} as a flag, ${variableName(example)} in the ` +
      `environment (an empty variable counts as not set), and "${example}: VALUE" or "${nested.slice(2, -2)}" in the YAML file of ` +
      "--config. The flag goes before the environment, that before the file, that before the default.",
    0,
  );
}

function wrap(text: string, margin: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u)) {
    if (line !== "" && margin + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((each) => " ".repeat(margin) + each);
}
