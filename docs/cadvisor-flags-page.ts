import type { CadvisorFlag } from "../agent/cadvisor-flags/flag.ts";
import { ignoredFlags, refusedFlags } from "../agent/cadvisor-flags/not-taken.ts";
import { takenFlags } from "../agent/cadvisor-flags/taken.ts";
import { table } from "./table.ts";

function rows(flags: readonly CadvisorFlag[], note: string): string {
  const cells = flags
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => [`\`--${flag.name}\``, flag.note]);
  return table(["flag", note], cells);
}

/** The page of cAdvisor's flags, made from their tables. */
export function cadvisorFlagsPage(): string {
  return `# cAdvisor's flags

\`plimsoll agent\` takes the command line of cAdvisor 0.60, so that a deployment changes only its
image: with one dash or two, the value behind \`=\` or in the next argument, switches as
\`--docker_only\` or \`--docker_only=false\`. Our own spelling (\`plimsoll agent --help\`) may stand
beside it. Made by \`npm run docs\`.

Unless told otherwise the agent listens on 127.0.0.1:8180 only; \`--port\` or \`--listen_ip\` opens it
as cAdvisor would be open.

## Followed

${rows(takenFlags, "as")}

## Accepted, without a meaning here

The log names each of them once.

${rows(ignoredFlags, "why")}

## Refused

The agent does not start with them, as something would be missed.

${rows(refusedFlags, "what to do")}
`;
}
