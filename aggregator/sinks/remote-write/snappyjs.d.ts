/** What we use of it; the package has no types of its own. */
declare module "snappyjs" {
  /** Snappy's block format, without frames. */
  export function compress(plain: Uint8Array): Uint8Array;
  /** Throws Error for what is no such block, or if it would be longer. */
  export function uncompress(packed: Uint8Array, maxLength?: number): Uint8Array;
}
