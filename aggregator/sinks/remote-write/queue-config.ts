import { Fields } from "../../../lib/config/fields.ts";

/** What of Prometheus's `queue_config` has a meaning with a queue on disk. */
export interface QueueConfig {
  /** Samples of a request, at most about. */
  readonly samplesPerSend: number;
  /** Whether a store that has too much to do is asked again; otherwise what it got is set aside. */
  readonly retryOn429: boolean;
  /** Milliseconds; what is older is not sent. 0: everything is. */
  readonly sampleAgeLimit: number;
}

/** More are no request that a store takes. */
const MOST_SAMPLES = 100_000;

const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER };

/**
 * Reads a `queue_config`; throws Unfit that names the field. What waits, waits on disk in one order,
 * and how long it is waited after a failure is the same for all sinks: `capacity`, the shards,
 * `batch_send_deadline` and the backoff are checked and have no effect.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
export function parseQueueConfig(given: Fields | undefined): QueueConfig {
  const fields = given ?? new Fields(undefined, "");
  for (const name of ["capacity", "min_shards", "max_shards"]) fields.integer(name, ANY);
  for (const name of ["batch_send_deadline", "min_backoff", "max_backoff"]) fields.duration(name);
  const parsed: QueueConfig = {
    samplesPerSend: fields.integer("max_samples_per_send", { min: 1, max: MOST_SAMPLES }, 2000),
    retryOn429: fields.flag("retry_on_http_429", false),
    sampleAgeLimit: fields.duration("sample_age_limit", 0),
  };
  fields.end();
  return parsed;
}
