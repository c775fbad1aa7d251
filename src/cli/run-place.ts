import { resolve } from "node:path";
import { connect } from "../client/connect.ts";
import type { Environments } from "../client/environments/environments.ts";
import { environmentsFromFile, environmentsFromHome } from "../client/environments/selection.ts";
import type { Link } from "../client/link.ts";
import { ProctorError } from "../protocol/errors.ts";
import { redactUrl } from "../transports/redact-url.ts";
import type { RunRequest } from "./run-request.ts";

/** Where a command runs; disposing of it ends the session. */
export interface RunPlace extends AsyncDisposable {
  readonly link: Link;
  /** How others reach it, without secrets; `null` where nobody else does. */
  readonly url: string | null;
}

/**
 * Opens the executor of `--url`, the environment of `--env`, or else the default environment, which is this machine unless the user
 * has said otherwise (07 section 3). Nothing but that one is connected to.
 */
export async function openPlace(request: RunRequest, signal: AbortSignal): Promise<RunPlace> {
  const { url, cwd } = request;
  if (url === undefined) return openEnvironment(request, signal);
  const link = await connect(url, { signal, ...(cwd !== undefined && { cwd }) });
  return { link, url: redactUrl(url), [Symbol.asyncDispose]: () => link.close() };
}

/** The environments of the user, or of a file, which connect with their first use. */
export async function userEnvironments(file: string | undefined, cwd?: string): Promise<Environments> {
  const { openEnvironments } = await import("../open-environments.ts");
  const provider = file === undefined ? environmentsFromHome() : environmentsFromFile(resolve(file));
  return openEnvironments(provider, { isEager: false, cwd, local: { cwd: resolve(cwd ?? "") } });
}

async function openEnvironment(request: RunRequest, signal: AbortSignal): Promise<RunPlace> {
  const { environment: id, environments: file, cwd } = request;
  const environments = await userEnvironments(file, cwd);
  try {
    const environment = id === undefined ? environments.default : environments.require(id);
    if (environment === undefined) throw new ProctorError("noEnvironment", noDefault(environments));
    const link = await environment.link({ signal });
    return {
      link,
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
