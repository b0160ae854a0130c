import { createServer } from "node:net";

/** Gives a name back. */
export type Release = () => Promise<void>;

/**
 * Takes a name that no two programs of a machine may have at a time, such as one for a folder.
 * Undefined if another program has it. It is an abstract socket that nobody can talk to: the kernel
 * takes it back whatever ends the program. https://man7.org/linux/man-pages/man7/unix.7.html
 */
export function claim(name: string): Promise<Release | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(`\0plimsoll:${name}`, () => {
      server.unref();
      resolve(
        () =>
          new Promise((closed) => {
            server.close(() => closed());
          }),
      );
    });
  });
}
