import { codeOf } from "../../lib/errors.ts";

/** Why something could not be measured: a label of `plimsoll_agent_filesystem_failures_total`. */
export type FailureReason =
  /** It went away meanwhile. */
  | "gone"
  | "denied"
  /** No answer in time; what is asked there does not return. */
  | "timeout"
  /** Not asked, as an earlier question there has not returned. */
  | "stuck"
  /** Its kind of storage does not tell what is the container's own. */
  | "unsupported"
  /** Where its layer is can't be seen from here. */
  | "hidden"
  | "too_deep"
  | "too_wide"
  | "limit"
  | "io"
  | "other";

/** What a walk or a question ended with. */
export class MeasureError extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = "MeasureError";
    this.reason = reason;
  }
}

const REASONS: Readonly<Record<string, FailureReason>> = {
  ENOENT: "gone",
  ENOTDIR: "gone",
  ELOOP: "gone",
  ESRCH: "gone",
  EACCES: "denied",
  EPERM: "denied",
  ENAMETOOLONG: "too_deep",
  EMFILE: "limit",
  ENFILE: "limit",
  EIO: "io",
  ENXIO: "io",
  ENODEV: "io",
  ESTALE: "io",
  EUCLEAN: "io",
  ENOTCONN: "io",
};

/** The reason behind any error. */
export function reasonOf(error: unknown): FailureReason {
  if (error instanceof MeasureError) return error.reason;
  return REASONS[codeOf(error) ?? ""] ?? "other";
}
