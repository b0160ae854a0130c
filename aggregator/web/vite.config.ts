import type { UserConfig } from "vite";

/** Builds the cluster's page into `dist/aggregator/web`; every path in it is relative. */
const config: UserConfig = {
  root: import.meta.dirname,
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/aggregator/web",
    emptyOutDir: true,
    // A `default-src 'self'` policy refuses data: URLs.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: true,
  },
};

export default config;
