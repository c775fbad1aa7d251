import { resolve } from "node:path";
import type { Environments } from "../client/environments/environments.ts";
import { environmentsFromFile, environmentsFromHome } from "../client/environments/selection.ts";
import type { Link } from "../client/link.ts";
import { connect } from "../connect.ts";
import type { InspectOptions, Inspector } from "../inspector/inspector.ts";
import type { InspectedEnvironments } from "../open-environments.ts";
import { ProctorError } from "../protocol/errors.ts";
import { redactUrl } from "../transports/redact-url.ts";
import type { RunRequest } from "./run-request.ts";

/** Where a command runs; disposing of it ends the session. */
export interface RunPlace extends AsyncDisposable {
  readonly link: Link;
  /** What shows it, if that was asked for. */
  readonly inspector: Inspector | null;
  /** How others reach it, without secrets; `null` where nobody else does. */
  readonly url: string | null;
}

/**
 * Opens the executor of `--url`, the environment of `--env`, or else the default environment, which is this machine unless the user
 * has said otherwise (07 section 3). Nothing but that one is connected to.
 */
export async function openPlace(request: RunRequest, signal: AbortSignal): Promise<RunPlace> {
  const { url, cwd, inspect } = request;
  if (url === undefined) return openEnvironment(request, signal);
  const link = await connect(url, { signal, inspect, ...(cwd !== undefined && { cwd }) });
  return { link, inspector: link.inspector, url: redactUrl(url), [Symbol.asyncDispose]: () => link.close() };
}

/** The environments of the user, or of a file, which connect with their first use. */
export async function userEnvironments(
  file: string | undefined,
  { cwd, inspect }: { readonly cwd?: string | undefined; readonly inspect?: InspectOptions | false } = {},
): Promise<InspectedEnvironments> {
  const { openEnvironments } = await import("../open-environments.ts");
  const provider = file === undefined ? environmentsFromHome() : environmentsFromFile(resolve(file));
  return openEnvironments(provider, { isEager: false, cwd, inspect, local: { cwd: resolve(cwd ?? "") } });
}

async function openEnvironment(request: RunRequest, signal: AbortSignal): Promise<RunPlace> {
  const { environment: id, environments: file } = request;
  const environments = await userEnvironments(file, request);
  try {
    const environment = id === undefined ? environments.default : environments.require(id);
    if (environment === undefined) throw new ProctorError("noEnvironment", noDefault(environments));
    const link = await environment.link({ signal });
    return {
      link,
      inspector: environments.inspector,
      url: environment.kind === "websocket" ? environment.location : null,
      [Symbol.asyncDispose]: () => environments.close(),
    };
  } catch (error) {
    await environments.close();
    throw error;
  }
}

function noDefault({ ids }: Environments): string {
  if (ids.length === 0) return "there is no environment to run in; set CODEX_EXEC_SERVER_URL, or use --url";
  return `there is no default environment; use --env ${ids.join(" or --env ")}`;
}
