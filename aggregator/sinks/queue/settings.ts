/** How what waits for the sinks is kept. */
export interface QueueSettings {
  /** Folder of all queues; empty: in memory only. */
  readonly "queue.dir": string;
  /** Bytes for each sink. */
  readonly "queue.max.bytes": number;
  /** Seconds. */
  readonly "queue.max.age": number;
}
