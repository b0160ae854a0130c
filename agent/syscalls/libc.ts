import process from "node:process";
import { getSystemErrorName } from "node:util";

/**
 * `perf_event_open` has no function in the C library, only a number. Big-endian machines are left
 * out, as what we hand to the kernel is laid out for little-endian ones.
 * https://man7.org/linux/man-pages/man2/syscalls.2.html
 */
const PERF_EVENT_OPEN: Readonly<Record<string, number>> = {
  x64: 298,
  ia32: 336,
  arm: 364,
  arm64: 241,
  riscv64: 241,
  loong64: 241,
};

/**
 * The system calls that Node.js does not have. Each returns what the kernel does: a
 * descriptor, or the number of the error below 0.
 */
export interface Libc {
  /** https://man7.org/linux/man-pages/man2/perf_event_open.2.html */
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number;
  ioctl(descriptor: number, request: number, argument: number): number;
}

/** The name of an error that a call returned (`ENOENT`). */
export function errorNameOf(result: number): string {
  try {
    return getSystemErrorName(result);
  } catch {
    return `error ${-result}`;
  }
}

/**
 * Loads the C library's calls; some megabytes, so only for who needs them.
 * @throws Error where there are none for this machine
 */
export async function loadLibc({
  platform,
  arch,
}: { readonly platform: string; readonly arch: string } = process): Promise<Libc> {
  const number = PERF_EVENT_OPEN[arch];
  if (platform !== "linux" || number === undefined) {
    throw new Error(`cannot make system calls on ${platform} ${arch}`);
  }
  try {
    return await bind(number);
  } catch (cause) {
    throw new Error("cannot make system calls", { cause });
  }
}

async function bind(perfEventOpen: number): Promise<Libc> {
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const syscall = library.func("long syscall(long, void *, int, int, int, unsigned long)");
  const ioctl = library.func("int ioctl(int, unsigned long, long)");
  const check = (result: number): number => (result < 0 ? -koffi.errno() : result);
  return {
    perfEventOpen: (attr, pid, cpu, group, flags) =>
      check(syscall(perfEventOpen, attr, pid, cpu, group, flags)),
    ioctl: (descriptor, request, argument) => check(ioctl(descriptor, request, argument)),
  };
}
