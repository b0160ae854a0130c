import type { Check } from "../finding.ts";
import { capabilities } from "./capabilities.ts";
import { cgroupDriver } from "./cgroup-driver.ts";
import { cgroupVersion } from "./cgroup-version.ts";
import { clockCheck } from "./clock.ts";
import { container } from "./container.ts";
import { controllers } from "./controllers.ts";
import { delegation } from "./delegation.ts";
import { descriptors } from "./descriptors.ts";
import { diskLayers } from "./disk-layers.ts";
import { engines } from "./engines.ts";
import { listenPort } from "./listen.ts";
import { cgroupNamespace } from "./namespace.ts";
import { onRequest } from "./on-request.ts";
import { pressure } from "./pressure.ts";
import { processes } from "./processes.ts";
import { rootless } from "./rootless.ts";
import { swap } from "./swap.ts";

/** Every check, in the order in which it is told. A new one is a new line here. */
export const allChecks: readonly Check[] = [
  cgroupVersion,
  cgroupDriver,
  cgroupNamespace,
  controllers,
  delegation,
  swap,
  pressure,
  engines,
  rootless,
  container,
  processes,
  capabilities,
  onRequest,
  diskLayers,
  descriptors,
  clockCheck,
  listenPort,
];
