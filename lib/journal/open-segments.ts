import { messageOf } from "../errors.ts";
import type { Release } from "../exclusive.ts";
import { ownFolder } from "../own-folder.ts";
import { Segments, type SegmentOptions } from "./segments.ts";

/** Files that nobody else writes meanwhile. */
export interface OwnSegments {
  readonly segments?: Segments;
  readonly release?: Release;
}

/** Opens a folder of entries. No disk is no reason not to run: it answers without segments, and says so. */
export async function openSegments(options: SegmentOptions): Promise<OwnSegments> {
  const { directory, logger } = options;
  if (directory === "") return {};
  let release: Release | undefined;
  try {
    release = await ownFolder(directory, "events");
    return { segments: await Segments.open(options), release };
  } catch (error) {
    await release?.();
    logger.warn(
      { directory, cause: messageOf(error) },
      "cannot keep events on disk, so a restart forgets them; set events.dir to a folder that can be written, or to nothing",
    );
    return {};
  }
}
