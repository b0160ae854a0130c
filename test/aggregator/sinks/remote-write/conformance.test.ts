import { pino } from "pino";

import { openRemoteWrites } from "../../../../aggregator/sinks/remote-write/open.ts";
import type { RemoteWriteSettings } from "../../../../aggregator/sinks/remote-write/settings.ts";
import type { Sink } from "../../../../aggregator/sinks/sink.ts";
import { systemClock } from "../../../../lib/clock.ts";
import { describeSink } from "../conformance.ts";

/** Where nobody answers. */
const NOWHERE = "http://127.0.0.1:1/api/v1/write";

async function open(entry: object, resolution: number): Promise<Sink> {
  const settings: RemoteWriteSettings = {
    global: { external_labels: { region: "eu" } },
    remote_write: [{ url: NOWHERE, ...entry }],
    "remote.write.url": undefined,
    "remote.write.resolution": resolution,
  };
  const logger = pino({ level: "silent" });
  const around = { clusterName: "lab", clock: systemClock, logger };
  const [sink] = await openRemoteWrites(settings, around);
  return sink!;
}

describeSink("remote write 1.0", () => open({}, 1));
describeSink("remote write 2.0", () =>
  open({ protobuf_message: "io.prometheus.write.v2.Request", name: "v2" }, 15),
);
