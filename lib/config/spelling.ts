/** What each of our variables of the environment starts with. */
export const environmentPrefix = "PLIMSOLL_";

/** `window.seconds` as a flag without its dashes: `window-seconds`. */
export function flagName(setting: string): string {
  return setting.replaceAll(/[._]/gu, "-");
}

/** `window.seconds` as a variable of the environment: `PLIMSOLL_WINDOW_SECONDS`. */
export function variableName(setting: string): string {
  return environmentPrefix + setting.replaceAll(/[.-]/gu, "_").toUpperCase();
}

/** Says whether a variable of the environment is meant for Plimsoll. */
export function isOurVariable(variable: string): boolean {
  return variable.startsWith(environmentPrefix);
}
