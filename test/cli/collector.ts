import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A span as OTLP has it in JSON. */
export interface SentSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** Takes traces and metrics by OTLP over HTTP. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: SentSpan[];
  /** The names of the metrics that came, with the number that says how they are counted: 1 is what was added since. */
  readonly temporalities: Map<string, number | undefined>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}
interface Resource {
  readonly attributes: readonly Attribute[];
}
interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: Resource;
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}
interface Metric {
  readonly name: string;
  readonly sum?: { readonly aggregationTemporality: number };
  readonly histogram?: { readonly aggregationTemporality: number };
}
interface Metrics {
  readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[];
}

/** Starts a collector on loopback. */
export async function startCollector(): Promise<Collector> {
  const spans: SentSpan[] = [];
  const temporalities = new Map<string, number | undefined>();
  const take = async (request: IncomingMessage) => {
    const body: unknown = JSON.parse((await buffer(request)).toString());
    if (request.url === "/v1/traces") {
      for (const { resource, scopeSpans } of (body as Traces).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
        spans.push(...scopeSpans.flatMap((scope) => scope.spans).map((span) => ({ ...span, service })));
      }
    } else {
      const metrics = (body as Metrics).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
      for (const { name, sum, histogram } of metrics.flatMap((scope) => scope.metrics)) {
        temporalities.set(name, (sum ?? histogram)?.aggregationTemporality);
      }
    }
  };
  const server = createServer((request, response) => {
    void take(request).then(() => response.setHeader("content-type", "application/json").end("{}"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    temporalities,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
