import { version } from "../../../lib/version.ts";
import { encodeHead, encodeLabels } from "../../../wire/exposition/encode.ts";
import type { AgentView } from "../route.ts";
import type { PageSection } from "./family.ts";

const VERSION_INFO = {
  name: "cadvisor_version_info",
  type: "gauge",
  help: "Versions of the kernel, the system, Docker and the agent; always 1.",
} as const;

const SCRAPE_ERROR = {
  name: "container_scrape_error",
  type: "gauge",
  help: "1 if a container engine does not answer, or sampling is late; what is known is shown all the same.",
} as const;

/** The families about the agent's own work that cAdvisor has. */
export function aboutSection(
  view: Pick<AgentView, "machine" | "engineVersion" | "hasFailed">,
): PageSection {
  return (page, format) => {
    const { kernelVersion, osVersion } = view.machine;
    const labels = encodeLabels({
      kernelVersion,
      osVersion,
      dockerVersion: view.engineVersion("docker") ?? "",
      cadvisorVersion: version,
      // A build has no commit of its own; cAdvisor's label stays.
      cadvisorRevision: "",
    });
    page.write(`${encodeHead(VERSION_INFO, format)}${VERSION_INFO.name}{${labels}} 1\n`);
    const hasFailed = Number(view.hasFailed());
    page.write(`${encodeHead(SCRAPE_ERROR, format)}${SCRAPE_ERROR.name} ${hasFailed}\n`);
  };
}
