import { Fields } from "../../../lib/config/fields.ts";
import { Unfit } from "../../../lib/config/option.ts";
import { ConfigError } from "../../../lib/errors.ts";
import type { RemoteWriteSettings } from "./settings.ts";
import { parseStore, type Store } from "./store.ts";

/** All stores that the settings name; throws ConfigError, which holds no value as that may be secret. */
export function configuredStores(settings: RemoteWriteSettings): readonly Store[] {
  const listed = explained("remote_write", () => parseList(settings.remote_write));
  const url = settings["remote.write.url"];
  if (url === undefined) return listed;
  const short = parseStore(new Fields({ url }, ""));
  if (listed.every(({ name }) => name !== short.name)) return [short, ...listed];
  throw new ConfigError("remote.write.url", undefined, "is in remote_write too; keep one of them");
}

function parseList(raw: unknown): readonly Store[] {
  if (raw === null || raw === undefined) return [];
  if (!Array.isArray(raw)) throw new Unfit("must be a list");
  const entries: readonly unknown[] = raw;
  const stores = entries.map((entry, index) => parseStore(new Fields(entry, `[${index}]`)));
  const names = stores.map(({ name }) => name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice === -1) return stores;
  throw new Unfit(`[${twice}] has the url or the name of another; give each a name of its own`);
}

function explained<T>(setting: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Unfit) throw new ConfigError(setting, undefined, error.message);
    throw error;
  }
}
