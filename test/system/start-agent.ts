import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";

/** An agent that answers. */
export interface StartedAgent {
  readonly program: Program;
  readonly url: string;
}

/** Stands for an engine that is not there. */
export const NO_ENGINE = "--docker-host=/nowhere.sock";

/** Keeps an agent from containers that this machine runs by itself, outside of the test. */
export const NO_CRI = "--cri-endpoint=none";

/**
 * Starts an agent with these arguments on a free port, and waits until it answers. It follows what speaks
 * CRI only if an argument says so.
 */
export async function startAgent(...args: readonly string[]): Promise<StartedAgent> {
  const listen = `127.0.0.1:${await freePort()}`;
  const isCriSet = args.some((arg) => /^--(?:cri-endpoint|containerd)=/.test(arg));
  const cri = isCriSet ? [] : [NO_CRI];
  const program = await startProgram(["agent", `--listen=${listen}`, ...cri, ...args]);
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
