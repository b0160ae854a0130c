import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf } from "../meta-labels.ts";

/** The types of records that can be asked for. */
export const RECORD_TYPES = ["SRV", "A", "AAAA", "MX", "NS"] as const;

/** One of these. */
export type RecordType = (typeof RECORD_TYPES)[number];

/** A record as far as it makes a target: a host or an address, with SRV its port too. */
export interface DnsRecord {
  readonly host: string;
  readonly port?: number;
}

/** The labels that tell the name in the record as DNS writes it. */
const hostLabels: Readonly<Partial<Record<RecordType, string>>> = {
  SRV: "__meta_dns_srv_record_target",
  MX: "__meta_dns_mx_record_target",
  NS: "__meta_dns_ns_record_target",
};

/**
 * A target for each record of a name.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config
 *
 * @param port of targets whose records tell none
 */
export function groupOfRecords(
  name: string,
  type: RecordType,
  records: readonly DnsRecord[],
  port: number,
): TargetGroup {
  // Servers turn the order round from answer to answer.
  const targets = records
    .map((record) => targetOf(name, type, record, port))
    .toSorted((a, b) => ((a["__address__"] ?? "") < (b["__address__"] ?? "") ? -1 : 1));
  return { source: name, labels: {}, targets };
}

function targetOf(name: string, type: RecordType, record: DnsRecord, port: number): Labels {
  const host = record.host.replace(/\.$/u, "");
  const hostLabel = hostLabels[type];
  return labelsOf({
    __address__: hostPort(host, record.port ?? port),
    __meta_dns_name: name,
    ...(hostLabel === undefined ? {} : { [hostLabel]: `${host}.` }),
    ...(type === "SRV" ? { __meta_dns_srv_record_port: String(record.port ?? port) } : {}),
  });
}
