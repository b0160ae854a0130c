import type { Fields } from "../../lib/config/fields.ts";
import { consul } from "./consul/consul.ts";
import type { Discovery, DiscoveryContext, DiscoveryKind } from "./discovery.ts";
import { dns } from "./dns/dns.ts";
import { docker } from "./docker/docker.ts";
import { dockerswarm } from "./dockerswarm/dockerswarm.ts";
import { fileSdConfigs } from "./file.ts";
import { httpSdConfigs } from "./http.ts";
import { kubernetes } from "./kubernetes/kubernetes.ts";
import { staticConfigs } from "./static.ts";

/** Every way of finding targets. A new one is a new line here. */
const allDiscoveries: readonly DiscoveryKind[] = [
  staticConfigs,
  fileSdConfigs,
  httpSdConfigs,
  dns,
  docker,
  dockerswarm,
  kubernetes,
  consul,
];

/** The discoveries of a scrape config; throws Unfit that names the field. */
export function parseDiscoveries(
  scrapeConfig: Fields,
): readonly ((context: DiscoveryContext) => Discovery)[] {
  return allDiscoveries.flatMap((kind) =>
    scrapeConfig.objects(kind.key).map((entry) => kind.parse(entry)),
  );
}
