/** The messages in which samples can be sent, by their names in protocol buffers, and what the headers say of each. */
export const MESSAGES = {
  "prometheus.WriteRequest": {
    "content-type": "application/x-protobuf",
    "x-prometheus-remote-write-version": "0.1.0",
  },
  "io.prometheus.write.v2.Request": {
    "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "x-prometheus-remote-write-version": "2.0.0",
  },
} as const;

/** The name of one. */
export type MessageName = keyof typeof MESSAGES;

/** Remote write 1.0. */
export const V1: MessageName & `prometheus.${string}` = "prometheus.WriteRequest";

/** Remote write 2.0. */
export const V2: MessageName & `io.${string}` = "io.prometheus.write.v2.Request";
