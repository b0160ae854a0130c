import type { TierSetting, Width } from "./tiers.ts";

/** The settings that say what is kept, in seconds and bytes. */
interface TierSettings {
  readonly "resolution.seconds": 1 | 15;
  readonly retention: number;
  readonly "history.keep.15s": number;
  readonly "history.keep.1m": number;
  readonly "history.keep.10m": number;
  readonly "history.max.bytes": number | undefined;
  readonly "events.retention": number;
}

/** The same as the history takes it, in milliseconds. */
interface Kept {
  readonly resolution: Width;
  readonly retention: number;
  readonly tiers: readonly TierSetting[];
  readonly eventsRetention: number;
  readonly maxBytes?: number;
}

/** Which tiers the settings ask for. */
export function keptTiers(settings: TierSettings): Kept {
  const resolution = settings["resolution.seconds"] === 1 ? 1000 : 15_000;
  const maxBytes = settings["history.max.bytes"];
  const tiers: TierSetting[] = [
    { width: 15_000, retention: settings["history.keep.15s"] * 1000 },
    { width: 60_000, retention: settings["history.keep.1m"] * 1000 },
    { width: 600_000, retention: settings["history.keep.10m"] * 1000 },
  ];
  return {
    resolution,
    retention: settings.retention * 1000,
    // The one that is written to can't be left out.
    tiers: tiers.filter(({ width, retention }) => width === resolution || retention > 0),
    eventsRetention: settings["events.retention"] * 1000,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}
