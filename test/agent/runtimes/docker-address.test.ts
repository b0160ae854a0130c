import { describe, expect, it } from "vitest";

import { parseEndpoint } from "../../../agent/runtimes/docker-api/endpoint.ts";
import { dockerEndpoint } from "../../../agent/runtimes/docker/docker-address.ts";

const NOTHING = { host: undefined, tls: false, ca: undefined, cert: undefined, key: undefined };

describe("Docker's address", () => {
  it("is what was set, then what DOCKER_HOST says, then the usual sockets", () => {
    const env = { DOCKER_HOST: "unix:///env.sock", XDG_RUNTIME_DIR: "/run/user/7" };
    expect(dockerEndpoint({ ...NOTHING, host: "/set.sock" }, env)).toEqual({
      sockets: ["/set.sock"],
    });
    expect(dockerEndpoint(NOTHING, env)).toEqual({ sockets: ["/env.sock"] });
    expect(dockerEndpoint(NOTHING, { ...env, DOCKER_HOST: "" })).toEqual({
      sockets: ["/var/run/docker.sock", "/run/user/7/docker.sock"],
    });
    expect(dockerEndpoint(NOTHING, {})).toEqual({ sockets: ["/var/run/docker.sock"] });
  });

  it("speaks TLS if it is told to, or if the address says so", () => {
    const tcp = { ...NOTHING, host: "tcp://h" };
    expect(dockerEndpoint(tcp, {})).toEqual({ origin: "http://h:2375" });
    expect(dockerEndpoint({ ...tcp, tls: true }, {})).toEqual({
      origin: "https://h:2376",
      tls: {},
    });
    const verify = { DOCKER_TLS_VERIFY: "1" };
    expect(dockerEndpoint(tcp, verify)).toEqual({ origin: "https://h:2376", tls: {} });
    expect(dockerEndpoint({ ...NOTHING, host: "https://h" }, {})).toEqual({
      origin: "https://h:2376",
      tls: {},
    });
    // A socket needs none.
    expect(dockerEndpoint({ ...NOTHING, host: "/a.sock", tls: true }, {})).toEqual({
      sockets: ["/a.sock"],
    });
  });

  it("says which file it cannot read", () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" };
    const tcp = { ...NOTHING, host: "tcp://h" };
    expect(() => dockerEndpoint(tcp, env)).toThrow(/DOCKER_CERT_PATH.*\/nowhere\/\w+\.pem.*ENOENT/);
  });
});

describe("an address", () => {
  it.each([
    ["tcp://127.0.0.1:4000", "http://127.0.0.1:4000"],
    ["tcp://127.0.0.1", "http://127.0.0.1:2375"],
    ["tcp://[::1]:80", "http://[::1]:80"],
    ["tcp://[::1]", "http://[::1]:2375"],
    ["http://proxy:80/", "http://proxy:80"],
    ["https://h:443", "https://h:443"],
  ])("%s is %s", (address, origin) => {
    expect(parseEndpoint("docker.host", address)).toMatchObject({ origin });
  });

  it.each(["ssh://host", "docker", "fd://", "npipe:////./pipe/docker_engine", ""])(
    "%j is none",
    (address) => {
      expect(() => parseEndpoint("docker.host", address)).toThrow(/^docker\.host/);
    },
  );
});
