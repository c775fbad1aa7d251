import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { type Child, type ChildListener, type ChildSpec, SpawnError } from "../../ports/process-host.ts";
import { type ChildInput, noInput } from "./child-input.ts";
import { ChildOutput, eachChunk, intoReadBuffer } from "./child-output.ts";
import type { HostMeans, StartTerms } from "./host-means.ts";
import { launchByLibc, launchByNode, type NodeProcess } from "./launch.ts";
import { PipeInput } from "./pipe-input.ts";
import { closePipe, type Pipe } from "./pipe-pool.ts";
import { PosixChild } from "./posix-child.ts";

/** Starts a child on pipes (02 P-9): its own session, stdout and stderr apart, stdin empty or a pipe. */
export async function startPipeChild(
  spec: ChildSpec,
  file: string,
  listener: ChildListener,
  { libc, shield, pool }: HostMeans,
  { mark, killEscaped, inherited }: StartTerms,
): Promise<Child> {
  const wantsInput = spec.stdin === "pipe";
  const pipes = await pool.take(wantsInput ? 3 : 2);
  const [stdout, stderr, stdin] = pipes ?? [];
  const argv = [spec.arg0 ?? spec.argv[0] ?? "", ...spec.argv.slice(1)];
  const order = { file, argv, cwd: spec.cwd, env: spec.env, inherited };
  let child: NodeProcess;
  try {
    if (libc !== null && stdout !== undefined && stderr !== undefined) {
      const descriptors = [stdin?.read ?? null, stdout.write, stderr.write];
      child = { ...launchByLibc(libc, { ...order, descriptors }, shield, mark), sockets: [] };
    } else {
      const input = wantsInput ? (stdin?.read ?? "pipe") : "ignore";
      const descriptors = [input, stdout?.write ?? "pipe", stderr?.write ?? "pipe"] as const;
      child = await launchByNode({ ...order, descriptors, ownSession: true }, shield);
    }
  } catch (error) {
    for (const pipe of pipes ?? []) closePipe(pipe);
    throw error;
  }
  // The child has its ends; while we held them too, the streams would never end.
  for (const fd of [stdin?.read, stdout?.write, stderr?.write]) if (fd !== undefined) closeSync(fd);
  const reader = (stream: "stdout" | "stderr", pipe: Pipe | undefined) => {
    const chunks = eachChunk(stream, listener);
    const socket =
      pipe === undefined
        ? socketOf(child, stream === "stdout" ? 1 : 2).on("data", (bytes: Buffer) => chunks.take(bytes))
        : new Socket({ fd: pipe.read, readable: true, writable: false, onread: intoReadBuffer(chunks) });
    return new ChildOutput(socket, pipe?.read ?? null, chunks, () => listener.ended(stream));
  };
  const outputs = [reader("stdout", stdout), reader("stderr", stderr)];
  const input: ChildInput = wantsInput
    ? new PipeInput(stdin?.write ?? socketOf(child, 0), () => listener.stdinClosed(), libc?.isUnread)
    : noInput;
  const parts = { process: child, outputs, input, onTerminal: false, resize: () => undefined, killEscaped };
  return new PosixChild(parts, listener);
}

/** Node types as any stream, or none, what always is a socket. */
function socketOf(child: NodeProcess, index: number): Socket {
  const stream = child.sockets[index];
  if (!(stream instanceof Socket)) throw new SpawnError("the started child lacks a stream");
  return stream;
}
