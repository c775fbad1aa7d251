import { type FileMethod, fileCalls } from "./file-calls.ts";

// Everything is loaded by now, so the modules may lie where only root can read.
const [id, calls] = process.argv.slice(2);
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(Number(id));
  process.setuid?.(Number(id));
}
process.umask(0o022);

const call = fileCalls();
const answers: unknown[] = [];
for (const [method, params] of JSON.parse(calls ?? "[]") as [FileMethod, never][]) {
  answers.push(await call(method, params));
}
process.stdout.write(JSON.stringify(answers));
