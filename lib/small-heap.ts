import { setFlagsFromString } from "node:v8";

/**
 * Keeps the young part of the heap at its first size. V8 lets it grow to three times 16 MB for
 * speed; a program that mostly reads numbers into typed arrays has no use for that.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
