import { startChild } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder } from "./run-folder.ts";
import { within } from "./wait.ts";

/** What a command of kubectl came to. */
export interface KubectlAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian's kubectl, without any configuration, asking one server over plain HTTP. */
export interface Kubectl {
  /** Waits (30 s) for its end; any exit code is an answer. */
  (...args: readonly string[]): Promise<KubectlAnswer>;
  /** Removes what it has kept. */
  close(): Promise<void>;
}

/** Prepares kubectl for a server. */
export async function openKubectl(server: string): Promise<Kubectl> {
  const run = await openRunFolder();
  // It caches what it has found out about a server in its home.
  const env = { HOME: run.path, KUBECONFIG: "/dev/null", ...run.env };
  const ask = async (...args: readonly string[]): Promise<KubectlAnswer> => {
    const child = await startChild({
      command: commandPath("Debian kubectl"),
      args: [`--server=${server}`, "--request-timeout=20s", ...args],
      env,
    });
    const what = `kubectl ${args.join(" ")}`;
    const { code } = await within(what, 30_000, child.exited).catch((error: unknown) => {
      child.signal("SIGKILL");
      throw error;
    });
    return { code, stdout: child.stdout(), stderr: child.stderr() };
  };
  return Object.assign(ask, { close: () => removeRun(run.name) });
}

/** The lines of a table, each by its head's words in capitals. */
export function tableOf({ stdout }: KubectlAnswer): Record<string, string>[] {
  const [head = "", ...lines] = stdout.trimEnd().split("\n");
  // A head may have single blanks in it, columns stand three apart.
  const names = head.trim().split(/\s{2,}/);
  return lines.map((line) => {
    const cells = line.trim().split(/\s{2,}/);
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
  });
}
