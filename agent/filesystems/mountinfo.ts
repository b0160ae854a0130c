/** One mount, as a process sees it. */
export interface Mount {
  /** Major and minor number of its filesystem, `254:0`. */
  readonly device: string;
  /** The place in the filesystem that is mounted: `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
  /** Where it is mounted. */
  readonly point: string;
  readonly type: string;
  readonly source: string;
  /** Options of the filesystem, names and values still escaped. */
  readonly options: string;
}

/** Before the optional fields stand six; after their end three. */
const FIXED_FIELDS = 6;

function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function parseLine(line: string): Mount | undefined {
  const fields = line.split(" ");
  const end = fields.indexOf("-", FIXED_FIELDS);
  const [, , device, root, point] = fields;
  const [type, source, options] = fields.slice(end + 1);
  if (end === -1 || device === undefined || root === undefined || point === undefined) return;
  if (type === undefined || source === undefined || options === undefined) return;
  // If one were missing, the next would stand in its place.
  if (!/^\d+:\d+$/.test(device) || !point.startsWith("/")) return;
  return {
    device,
    root: unescape(root),
    point: unescape(point),
    type: unescape(type),
    source: unescape(source),
    options,
  };
}

/**
 * The mounts of `/proc/<pid>/mountinfo` in its order; lines that are not whole are passed over.
 * https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function parseMountinfo(text: string): Mount[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map(parseLine).filter((mount) => mount !== undefined);
}

/** The value of an option of the filesystem; undefined without it. */
export function optionOf(mount: Mount, name: string): string | undefined {
  const start = `${name}=`;
  const found = mount.options.split(",").find((option) => option.startsWith(start));
  return found === undefined ? undefined : unescape(found.slice(start.length));
}

/** The rest of a path below a directory (`/a/b` below `/a`: `/b`); undefined if it is not below it. */
function below(path: string, directory: string): string | undefined {
  if (directory === "/") return path === "/" ? "" : path;
  if (path === directory) return "";
  return path.startsWith(`${directory}/`) ? path.slice(directory.length) : undefined;
}

/** The mount in which a path lies; of several at one place the last hides the others. */
export function mountAt(mounts: readonly Mount[], path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    if (below(path, mount.point) === undefined) continue;
    if (found === undefined || mount.point.length >= found.point.length) found = mount;
  }
  return found;
}

/** The path at which a place in a filesystem can be seen; undefined where none of the mounts shows it. */
export function pathOf(
  mounts: readonly Mount[],
  device: string,
  place: string,
): string | undefined {
  for (const mount of mounts) {
    if (mount.device !== device) continue;
    const rest = below(place, mount.root);
    if (rest === undefined) continue;
    const path = `${mount.point === "/" ? "" : mount.point}${rest}` || "/";
    // Another mount may hide it there.
    if (mountAt(mounts, path)?.device === device) return path;
  }
  return undefined;
}
