/** Why a target could not be asked, as `/metrics` counts it. */
export const FAILURE_REASONS = [
  "unreachable",
  "timeout",
  "status",
  "not_a_feed",
  "not_a_page",
  "version",
  "cut",
  "too_large",
  "limit",
  "memory",
  "crowded",
  "same_node",
  "bug",
] as const;

/** One of these reasons. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** An answer that can't be used; nothing of it was taken in. */
export class ScrapeError extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ScrapeError";
    this.reason = reason;
  }
}
