import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { type Child, type ChildListener, type ChildSpec, SpawnError } from "../../ports/process-host.ts";
import { type ChildInput, noInput } from "./child-input.ts";
import { ChildOutput } from "./child-output.ts";
import type { ChildDescriptors, DescriptorShield } from "./descriptor-shield.ts";
import { type LaunchedProcess, launch } from "./launch.ts";
import { PipeInput } from "./pipe-input.ts";
import { closePipe, type Pipe, type PipePool } from "./pipe-pool.ts";
import { PosixChild } from "./posix-child.ts";

/** Starts a child on pipes (02 P-9): its own session, stdout and stderr apart, stdin empty or a pipe. */
export async function startPipeChild(
  spec: ChildSpec,
  file: string,
  listener: ChildListener,
  shield: DescriptorShield,
  pool: PipePool,
): Promise<Child> {
  const wantsInput = spec.stdin === "pipe";
  const pipes = await pool.take(wantsInput ? 3 : 2);
  const [stdout, stderr, stdin] = pipes ?? [];
  const descriptors: ChildDescriptors = [
    wantsInput ? (stdin?.read ?? "pipe") : "ignore",
    stdout?.write ?? "pipe",
    stderr?.write ?? "pipe",
  ];
  let child: LaunchedProcess;
  try {
    child = await launch({
      file,
      argv: [spec.arg0 ?? spec.argv[0] ?? "", ...spec.argv.slice(1)],
      cwd: spec.cwd,
      env: spec.env,
      descriptors: shield.cover(descriptors),
      ownSession: true,
    });
  } catch (error) {
    for (const pipe of pipes ?? []) closePipe(pipe);
    throw error;
  }
  const { pid, process } = child;
  // The child has its ends; while we held them too, the streams would never end.
  for (const fd of [stdin?.read, stdout?.write, stderr?.write]) if (fd !== undefined) closeSync(fd);
  const reader = (stream: "stdout" | "stderr", pipe: Pipe | undefined) =>
    new ChildOutput(stream, outputSocket(process, stream, pipe), pipe?.read ?? null, listener);
  const outputs = [reader("stdout", stdout), reader("stderr", stderr)];
  // Node types a child's streams as any streams; they are sockets.
  const input: ChildInput = wantsInput
    ? new PipeInput(stdin?.write ?? (existing(process.stdin) as Socket), () => listener.stdinClosed())
    : noInput;
  return new PosixChild({ process, pid, outputs, input, onTerminal: false, resize: () => undefined }, listener);
}

function outputSocket(process: ChildProcess, stream: "stdout" | "stderr", pipe: Pipe | undefined): Socket {
  if (pipe !== undefined) return new Socket({ fd: pipe.read, readable: true, writable: false });
  return existing(process[stream]) as Socket; // as above
}

/** Node types as optional what a child that was started always has. */
function existing<Thing>(thing: Thing | null | undefined): Thing {
  if (thing === null || thing === undefined) throw new SpawnError("the started child lacks a stream");
  return thing;
}
