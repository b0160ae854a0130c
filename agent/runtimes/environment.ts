/** The variables that the agent was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set and not empty. */
export function valueOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/** The folder of a user's own sockets, without a slash at its end; undefined if none is told. */
export function runtimeFolder(env: Environment): string | undefined {
  return valueOf(env, "XDG_RUNTIME_DIR")?.replace(/\/+$/, "");
}
