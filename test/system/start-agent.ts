import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";

/** An agent that answers. */
export interface StartedAgent {
  readonly program: Program;
  readonly url: string;
}

/** Stands for an engine that is not there. */
export const NO_ENGINE = "--docker-host=/nowhere.sock";

/** Starts an agent with these arguments on a free port, and waits until it answers. */
export async function startAgent(...args: readonly string[]): Promise<StartedAgent> {
  const listen = `127.0.0.1:${await freePort()}`;
  const program = await startProgram(["agent", `--listen=${listen}`, ...args]);
  const url = `http://${listen}`;
  try {
    await program.ready(`${url}/-/ready`);
  } catch (error) {
    // Nobody else knows of it yet.
    await program.close();
    throw error;
  }
  return { program, url };
}
