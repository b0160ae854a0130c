import type { Series } from "./metric.ts";

function perSize(type: "counter" | "gauge", name: string, help: string): Series {
  return { type, group: "hugetlb", scale: 1, family: { name, help }, per: ["pagesize"] };
}

/** Huge pages of one cgroup, by their size. */
export const hugetlbSeries: readonly Series[] = [
  perSize(
    "gauge",
    "container_hugetlb_usage_bytes",
    "Huge pages in use, those that are only reserved included where the kernel counts them, in bytes.",
  ),
  perSize(
    "gauge",
    "container_hugetlb_max_usage_bytes",
    "Highest usage of huge pages since the cgroup was made, in bytes; cgroup v1 only.",
  ),
  perSize(
    "counter",
    "container_hugetlb_failcnt",
    "Times that huge pages were refused because of the limit.",
  ),
];
