import { bug } from "../errors.ts";
import { unknownSetting } from "./given.ts";
import type { Given, GivenBySetting } from "./given.ts";
import type { OptionTable } from "./option.ts";
import { environmentPrefix, isOurVariable, variableName } from "./spelling.ts";

/**
 * What Kubernetes puts into every pod for a service named `plimsoll…`: PLIMSOLL_SERVICE_HOST,
 * PLIMSOLL_AGENT_PORT_8180_TCP_ADDR and so on. Nobody meant a setting with them.
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
const serviceLink =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/u;
const serviceLinkUrl = /^(?:tcp|udp|sctp):\/\//u;

/**
 * Reads the variables of the environment that are ours. `ignored` are the prefixes of other programs'
 * settings (`agent`), whose variables may stand there too. Throws ConfigError.
 */
export function readEnvironment(
  options: OptionTable,
  env: Readonly<Record<string, string | undefined>>,
  ignored: readonly string[],
): GivenBySetting {
  const known = knownVariables(options);
  const ignoredPrefixes = ignored.map((prefix) => `${variableName(prefix)}_`);
  const given = new Map<string, Given>();
  for (const [variable, value] of Object.entries(env)) {
    // Compose files pass `${X:-}` on: empty means that nobody set it.
    if (!isOurVariable(variable) || value === undefined || value === "") continue;
    if (serviceLink.test(variable) || serviceLinkUrl.test(value)) continue;
    const setting = known.get(variable);
    if (setting !== undefined) {
      given.set(setting, { raw: value, origin: variable });
    } else if (!ignoredPrefixes.some((prefix) => variable.startsWith(prefix))) {
      throw unknownSetting(variable, value, [...known.keys()], "", environmentPrefix);
    }
  }
  return given;
}

function knownVariables(options: OptionTable): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const [setting, option] of Object.entries(options)) {
    if (option.structured) continue;
    const variable = variableName(setting);
    const other = known.get(variable);
    if (other !== undefined) bug(`the settings ${other} and ${setting} share ${variable}`);
    known.set(variable, setting);
  }
  return known;
}
