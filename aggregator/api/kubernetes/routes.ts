import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { Slice } from "../../../lib/slice.ts";
import { object, text } from "../../../wire/json-schema.ts";
import type { ClusterView, Route } from "../route.ts";
import { CORE_GROUP, namespaces, nodes, pods } from "./core-resources.ts";
import { apiGroup, apiGroups, apiVersions, kubernetesVersion, resourceList } from "./discovery.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { METRICS_GROUP, nodeMetrics, podMetrics } from "./metrics-resources.ts";
import { apiVersionOf, type Candidate, type KubernetesObject, type Resource } from "./resource.ts";
import { documentAnswers, listAnswers, listQuery, oneAnswers, oneQuery } from "./schema.ts";
import { answerAsStatus, answerUnknownAsStatus, notAllowed, notFound } from "./status.ts";
import { type RowObject, tableHead, tableRow, wantedForm } from "./table.ts";

const TAGS = ["kubernetes"];
const JSON_TYPE = "application/json; charset=utf-8";

interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly includeObject?: RowObject;
  readonly watch?: string;
}

interface Params {
  readonly namespace?: string;
  readonly name?: string;
}

interface Asked {
  Querystring: ListQuery;
  Params: Params;
}

/**
 * `metrics.k8s.io/v1beta1` with what a client asks around it: for `kubectl top` and for autoscalers. It
 * needs no Kubernetes. Everything is read-only, and errors are a Status.
 */
export const kubernetes: Route = async (app, view) => {
  await app.register(async (scope) => {
    answerAsStatus(scope);
    addDocument(
      scope,
      "/version",
      "The version of Kubernetes whose ways these are.",
      kubernetesVersion,
    );
    addDocument(scope, "/api", "The versions of the core group.", apiVersions);
    const core = [nodes, namespaces, pods];
    addDocument(scope, "/api/v1", "What the core group has here.", resourceList(CORE_GROUP, core));
    for (const resource of core) addResource(scope, view, resource);
  });
  const plugin = async (scope: FastifyInstance): Promise<void> => {
    answerAsStatus(scope);
    answerUnknownAsStatus(scope);
    addDocument(scope, "", "The groups.", apiGroups);
    addDocument(scope, `/${METRICS_GROUP.group}`, "The versions of the metrics' group.", apiGroup);
    const served = [nodeMetrics, podMetrics];
    const list = resourceList(METRICS_GROUP, served);
    addDocument(scope, `/${apiVersionOf(METRICS_GROUP)}`, "What is measured.", list);
    for (const resource of served) addResource(scope, view, resource);
  };
  await app.register(plugin, { prefix: "/apis" });
};

function addDocument(scope: FastifyInstance, url: string, summary: string, document: object): void {
  const schema = { summary, tags: TAGS, response: documentAnswers(summary) };
  const body = JSON.stringify(document);
  scope.get(url, { schema }, (_, reply) => reply.type(JSON_TYPE).send(body));
}

/** The lists of a kind, and each of its objects. */
function addResource(scope: FastifyInstance, view: ClusterView, resource: Resource): void {
  const { plural, isNamespaced } = resource;
  const root = resource.group === "" ? "/api/v1" : `/${apiVersionOf(resource)}`;
  addList(scope, view, resource, { url: `${root}/${plural}`, params: [] });
  const around = isNamespaced ? `${root}/namespaces/:namespace/${plural}` : `${root}/${plural}`;
  if (isNamespaced) addList(scope, view, resource, { url: around, params: ["namespace"] });
  const params = isNamespaced ? ["namespace", "name"] : ["name"];
  addOne(scope, view, resource, { url: `${around}/:name`, params });
}

interface Path {
  readonly url: string;
  readonly params: readonly string[];
}

function paramsSchema(params: readonly string[]): { params?: object } {
  if (params.length === 0) return {};
  return { params: object(Object.fromEntries(params.map((name) => [name, text()]))) };
}

function addList(
  scope: FastifyInstance,
  view: ClusterView,
  resource: Resource,
  { url, params }: Path,
): void {
  const schema = {
    summary: `Every ${resource.kind}${params.length > 0 ? " of a namespace" : ""}.`,
    tags: TAGS,
    querystring: listQuery,
    ...paramsSchema(params),
    response: listAnswers(resource),
  };
  scope.get<Asked>(url, { schema }, async (request, reply) => {
    const { query } = request;
    if (query.watch === "true" || query.watch === "1") {
      throw notAllowed(`${resource.plural} cannot be watched here; ask again`);
    }
    const fits = fitting(resource, query, request.params.namespace);
    return send(reply, await encodeList(view, resource, request, fits));
  });
}

function addOne(
  scope: FastifyInstance,
  view: ClusterView,
  resource: Resource,
  { url, params }: Path,
): void {
  const schema = {
    summary: `One ${resource.kind}.`,
    tags: TAGS,
    querystring: oneQuery,
    ...paramsSchema(params),
    response: oneAnswers(resource),
  };
  scope.get<Asked>(url, { schema }, (request, reply) => {
    const { namespace, name = "" } = request.params;
    const found = findOne(view, resource, { name, namespace });
    if (found !== undefined) return send(reply, encodeOne(resource, request, found));
    const full = namespace === undefined || resource.group === "" ? name : `${namespace}/${name}`;
    throw notFound(resource.noun, resource.group, full);
  });
}

function send(reply: FastifyReply, body: string): FastifyReply {
  return reply.type(JSON_TYPE).send(body);
}

/** Which objects are asked for; throws a 400 for selectors that can't be understood. */
function fitting(
  resource: Resource,
  { labelSelector = "", fieldSelector = "" }: ListQuery,
  namespace: string | undefined,
): (candidate: Candidate) => boolean {
  const fitsLabels = parseLabelSelector(labelSelector);
  const fitsFields = parseFieldSelector(fieldSelector, resource.fields);
  return (candidate) =>
    (namespace === undefined || candidate.namespace === namespace) &&
    fitsFields(candidate.fields) &&
    fitsLabels(candidate.labels);
}

async function encodeList(
  view: ClusterView,
  resource: Resource,
  { headers, query }: FastifyRequest<Asked>,
  fits: (candidate: Candidate) => boolean,
): Promise<string> {
  const form = wantedForm(headers.accept);
  const row = query.includeObject ?? "Metadata";
  const slice = new Slice();
  const rows: string[] = [];
  for (const candidate of resource.candidates(view)) {
    const made = fits(candidate) ? candidate.make() : undefined;
    if (made === undefined) continue;
    rows.push(
      form === "objects"
        ? JSON.stringify(made)
        : tableRow(resource, made, { version: form.table, row }),
    );
    if (slice.isOver()) await slice.next();
  }
  const head = form === "objects" ? listHead(resource) : tableHead(resource, form.table);
  return `${head}${rows.join(",")}]}`;
}

function listHead(resource: Resource): string {
  const kind = `${resource.kind}List`;
  const head = JSON.stringify({ kind, apiVersion: apiVersionOf(resource), metadata: {} });
  return `${head.slice(0, -1)},"items":[`;
}

function findOne(
  view: ClusterView,
  resource: Resource,
  wanted: { readonly name: string; readonly namespace: string | undefined },
): KubernetesObject | undefined {
  for (const candidate of resource.candidates(view)) {
    if (candidate.name !== wanted.name) continue;
    if (wanted.namespace === undefined || candidate.namespace === wanted.namespace) {
      return candidate.make();
    }
  }
  return undefined;
}

function encodeOne(
  resource: Resource,
  { headers, query }: FastifyRequest<Asked>,
  found: KubernetesObject,
): string {
  const form = wantedForm(headers.accept);
  if (form === "objects") {
    return JSON.stringify({ kind: resource.kind, apiVersion: apiVersionOf(resource), ...found });
  }
  const row = tableRow(resource, found, {
    version: form.table,
    row: query.includeObject ?? "Metadata",
  });
  return `${tableHead(resource, form.table)}${row}]}`;
}
