import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ConfinedExecutor } from "./confined-executor.ts";
import { type SandboxFixture, sandboxFixture } from "./fixture.ts";
import recorded from "./sandbox-vectors.json" with { type: "json" };

/** One recorded case: something is tried in a sandbox, and is allowed or denied. */
export interface Vector {
  readonly id: string;
  readonly title: string;
  readonly profile: object;
  readonly context: object;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly enforceManagedNetwork?: boolean;
  readonly operation:
    | { readonly type: "exec"; readonly sh: string }
    | { readonly type: "fs"; readonly method: string; readonly params: Readonly<Record<string, unknown>> };
  readonly expected: "allowed" | "denied";
  readonly expect?: {
    readonly stdout?: string;
    readonly stderrContains?: string;
    readonly dataBase64?: string;
    readonly errorCode?: number;
    readonly host?: readonly { readonly path: string; readonly exists?: boolean; readonly content?: string }[];
  };
  /** Where the reference does otherwise: run as whom, and why. */
  readonly reference?: { readonly differsAs: readonly ("uid0" | "user")[]; readonly why: string };
}

/** All cases. */
export const vectors = recorded.vectors as unknown as readonly Vector[]; // what the file holds, by its own description

/** What came of a case, with whatever tells why. */
export interface Outcome {
  readonly result: "allowed" | "denied";
  readonly detail: string;
  /** What of the expectations beside that does not hold. */
  readonly faults: readonly string[];
}

const searchPath = "/usr/local/sbin:/usr/bin:/bin:/usr/sbin:/sbin";

/** Why a case that is about files says nothing when a program does the same. */
export const onlyAsFiles: Readonly<Record<string, string>> = {
  "SV-129": "no program is visible without `minimal`",
  "SV-130": "no program is visible without `minimal`",
  "SV-131": "no program is visible without `minimal`",
  "SV-132": "no program is visible without `minimal`",
  "SV-138": "a program has a cwd",
  "SV-139": "a program has a cwd",
};

/** The same, done by a program. */
export function asProgram(vector: Vector): Vector {
  const { operation } = vector;
  if (operation.type === "exec") return vector;
  const { expect, ...rest } = vector;
  const { errorCode: _, dataBase64, ...others } = expect ?? {};
  const stdout = dataBase64 === undefined ? {} : { stdout: Buffer.from(dataBase64, "base64").toString() };
  return { ...rest, operation: { type: "exec", sh: scriptOf(operation) }, expect: { ...others, ...stdout } };
}

function scriptOf({ method, params }: Extract<Vector["operation"], { type: "fs" }>): string {
  const at = (name: string) => `'${String(params[name]).replace(/^file:\/\//, "")}'`;
  switch (method) {
    case "fs/readFile":
      return `cat ${at("path")}`;
    case "fs/writeFile":
      return `printf %s '${Buffer.from(String(params.dataBase64), "base64").toString()}' > ${at("path")}`;
    case "fs/getMetadata":
      return `stat ${at("path")} > /dev/null`;
    case "fs/remove":
      return `rm ${at("path")}`;
    case "fs/copy":
      return `cp ${at("sourcePath")} ${at("destinationPath")}`;
    case "fs/createDirectory":
      return `mkdir ${at("path")}`;
    default:
      throw new Error(`no program does what ${method} does`);
  }
}

/** Tries a case on a fresh fixture. @param uid whose files they are; default: ours */
export async function tryVector(vector: Vector, executor: ConfinedExecutor, uid?: number): Promise<Outcome> {
  await using fixture = await sandboxFixture(uid);
  const places: Readonly<Record<string, string>> = {
    HOST_NETNS: readlinkSync("/proc/self/ns/net"),
    HOST_PID: String(executor.pid),
  };
  const fill = (text: string) =>
    fixture.fill(text).replace(/\$\{(HOST_\w+)\}/g, (_, name: string) => places[name] ?? "");
  const filled = JSON.parse(fill(JSON.stringify(vector))) as Vector; // the same, with real places
  const { operation } = filled;
  const outcome =
    operation.type === "exec" ? await asked(filled, operation.sh, executor) : await called(filled, operation, executor);
  return { ...outcome, faults: [...outcome.faults, ...hostFaults(filled, fixture)] };
}

async function asked(vector: Vector, sh: string, executor: ConfinedExecutor): Promise<Outcome> {
  const { profile, context, cwd, env, enforceManagedNetwork, expect } = vector;
  const seen = await executor.run({
    argv: ["/bin/sh", "-c", sh],
    cwd,
    env: { PATH: searchPath, ...env },
    sandbox: { permissions: profile, windowsSandboxLevel: "disabled", ...context },
    ...(enforceManagedNetwork !== undefined && { enforceManagedNetwork }),
  });
  const detail = JSON.stringify(seen);
  if ("error" in seen) return { result: "denied", detail, faults: [] };
  const faults: string[] = [];
  const { stdout, stderrContains } = expect ?? {};
  if (stdout !== undefined && seen.stdout !== stdout) faults.push(`printed ${JSON.stringify(seen.stdout)}`);
  if (stderrContains !== undefined && !seen.stderr.includes(stderrContains))
    faults.push(`said ${JSON.stringify(seen.stderr)}`);
  return { result: seen.exitCode === 0 ? "allowed" : "denied", detail, faults };
}

async function called(
  { profile, context, expect }: Vector,
  { method, params }: Extract<Vector["operation"], { type: "fs" }>,
  { peer }: ConfinedExecutor,
): Promise<Outcome> {
  const sandbox = { permissions: profile, windowsSandboxLevel: "disabled", ...context };
  const answer = await peer.answer(method, { ...params, sandbox });
  const faults: string[] = [];
  const { dataBase64, errorCode } = expect ?? {};
  if ("error" in answer) {
    const { rpcCode, message } = answer.error;
    if (errorCode !== undefined && rpcCode !== errorCode) faults.push(`error ${rpcCode}`);
    return { result: "denied", detail: `${rpcCode} ${message}`, faults };
  }
  if (dataBase64 !== undefined && answer.result.dataBase64 !== dataBase64) faults.push("other content");
  return { result: "allowed", detail: JSON.stringify(answer.result), faults };
}

function hostFaults({ expect }: Vector, { root }: SandboxFixture): string[] {
  const faults: string[] = [];
  for (const { path, exists = true, content } of expect?.host ?? []) {
    if (existsSync(path) !== exists) faults.push(`${path} ${exists ? "is missing" : "is there"}`);
    else if (content !== undefined && readFileSync(path, "utf8") !== content) faults.push(`${path} has other content`);
  }
  const left = [".git", ".agents", ".codex"].filter((name) => existsSync(join(root, "w", name)));
  return [...faults, ...left.map((name) => `${name} was left in the workspace`)];
}
