import { Fields } from "../../../lib/config/fields.ts";
import { positiveDuration } from "../../jobs/global.ts";
import type { BackOffLimits } from "../queue/back-off.ts";

/** What of Prometheus's `queue_config` has a meaning with a queue on disk. */
export interface QueueConfig {
  /** Samples of a request, at most about. */
  readonly samplesPerSend: number;
  /** Whether a store that has too much to do is asked again; otherwise what it got is set aside. */
  readonly retryOn429: boolean;
  /** Milliseconds between attempts. */
  readonly backOff: BackOffLimits;
  /** Milliseconds; what is older is not sent. 0: everything is. */
  readonly sampleAgeLimit: number;
}

/** More are no request that a store takes. */
const MOST_SAMPLES = 100_000;

const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Prometheus's, but for the longest, which is 5 s there: a store that is away for long is asked less often. */
const BACK_OFF: BackOffLimits = { least: 30, most: 30_000 };

/**
 * Reads a `queue_config`; throws Unfit that names the field. What waits, waits on disk in one order:
 * `capacity`, the shards and `batch_send_deadline` are checked and have no effect. Unlike with
 * Prometheus nothing is lost if a store that has too much to do is asked again, so it is by default.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
export function parseQueueConfig(given: Fields | undefined): QueueConfig {
  const fields = given ?? new Fields(undefined, "");
  for (const name of ["capacity", "min_shards", "max_shards"]) fields.integer(name, ANY);
  fields.duration("batch_send_deadline");
  const parsed: QueueConfig = {
    samplesPerSend: fields.integer("max_samples_per_send", { min: 1, max: MOST_SAMPLES }, 2000),
    retryOn429: fields.flag("retry_on_http_429", true),
    backOff: backOffOf(fields),
    sampleAgeLimit: fields.duration("sample_age_limit", 0),
  };
  fields.end();
  return parsed;
}

function backOffOf(fields: Fields): BackOffLimits {
  const least = positiveDuration(fields, "min_backoff");
  const most = positiveDuration(fields, "max_backoff");
  if (least !== undefined && most !== undefined && most < least) {
    throw fields.fault("max_backoff", "must not be shorter than min_backoff");
  }
  return {
    least: least ?? Math.min(BACK_OFF.least, most ?? BACK_OFF.least),
    most: most ?? Math.max(BACK_OFF.most, least ?? BACK_OFF.most),
  };
}
