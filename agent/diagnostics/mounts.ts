/** One line of `/proc/<pid>/mountinfo`. */
export interface Mount {
  /** What of the file system is mounted: `/`, or `/../..` for what is above our own view. */
  readonly root: string;
  readonly directory: string;
  /** Of this mount: `ro`, `nosuid`, … */
  readonly options: readonly string[];
  /** `cgroup2`, `proc`, … */
  readonly type: string;
  /** Of the file system itself: `memory`, `hidepid=2`, … */
  readonly superOptions: readonly string[];
}

/** Blanks and the like stand as `\040`. */
function unescape(word: string): string {
  return word.replaceAll(/\\(\d{3})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
}

/** The mounts in a text; lines that are cut are passed over. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after] = line.split(" - ");
    const [, , , root, directory, options] = before.split(" ");
    const [type, , superOptions] = after?.split(" ") ?? [];
    if (root === undefined || directory === undefined || type === undefined) return [];
    return [
      {
        root: unescape(root),
        directory: unescape(directory),
        options: options?.split(",") ?? [],
        type,
        superOptions: superOptions?.split(",") ?? [],
      },
    ];
  });
}
