import { text } from "../../config/builders.ts";
import { Unfit, type Option } from "../../config/option.ts";
import { loadWebConfig } from "./load.ts";

/** The setting that names a web-config file; the file is read to check it. */
export const webConfigFile: Option<string | undefined> = text({
  placeholder: "FILE",
  help: "Certificates, users and tokens of whoever may ask, in Prometheus's web-config format; anybody may if not set.",
  group: "Access",
  aliases: [{ flag: "web.config.file" }],
  check(path) {
    try {
      loadWebConfig(path);
    } catch (error) {
      if (error instanceof Unfit) return error.message;
      throw error;
    }
    return undefined;
  },
});
