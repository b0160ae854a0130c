import type { FastifyInstance, FastifySchema } from "fastify";

/** A route as it was added to a server. */
interface AddedRoute {
  readonly methods: readonly string[];
  readonly url: string;
  readonly schema: FastifySchema | undefined;
}

/** All routes of a server, those of its plug-ins too. */
export interface RouteList {
  readonly all: readonly AddedRoute[];
  /** The methods that a path takes, sorted; empty if there is no such path. */
  methodsOf(path: string): string[];
}

/** Begins to note the routes that are added to a server from now on. */
export function listRoutes(app: FastifyInstance): RouteList {
  const all: AddedRoute[] = [];
  app.addHook("onRoute", ({ method, url, schema }) => {
    all.push({ methods: [method].flat(), url, schema });
  });
  const patterns = new Map<string, RegExp>();
  const patternOf = (url: string): RegExp => {
    const known = patterns.get(url);
    if (known !== undefined) return known;
    const pattern = toPattern(url);
    patterns.set(url, pattern);
    return pattern;
  };
  return {
    all,
    methodsOf(path) {
      const fitting = all.filter(({ url }) => patternOf(url).test(path));
      return [...new Set(fitting.flatMap(({ methods }) => methods))].toSorted();
    },
  };
}

/** A route's path (`/stats/:container`, `/files/*`) as an expression that its requests' paths match. */
function toPattern(url: string): RegExp {
  const source = url
    .split(/(?<parameter>:\w+(?:\([^)]*\))?|\*)/u)
    .map((piece) => {
      if (piece === "*") return ".*";
      if (piece.startsWith(":")) return "[^/]+";
      return piece.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
    })
    .join("");
  return new RegExp(`^${source}$`, "u");
}
