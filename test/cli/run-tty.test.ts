import { describe, expect, test } from "vitest";
import { localEnvironment, type RemoteProcess, serve } from "../../src/index.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { printed, proctor, program } from "./command.ts";

/** `proctor run --tty` as the shell would write it. */
const runTty = `'${process.execPath}' '${program}' run --tty`;

/** Runs a shell script on a terminal, where `proctor` finds a local one. */
async function onTerminal(script: string, env: Record<string, string> = {}): Promise<Screen> {
  const link = await localEnvironment();
  return new Screen(await link.start(["sh", "-c", script], { tty: true, env }), () => link.close());
}

/** What is seen of a terminal. */
class Screen implements AsyncDisposable {
  text = "";
  readonly process: RemoteProcess;
  readonly #close: () => Promise<void>;
  readonly #output: AsyncIterator<{ readonly bytes: Uint8Array }>;

  constructor(process: RemoteProcess, close: () => Promise<void>) {
    this.process = process;
    this.#close = close;
    this.#output = process.output;
  }

  /** Resolves when the pattern is on the screen. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (!(await this.#more())) throw new Error(`ended without ${pattern}: ${JSON.stringify(this.text)}`);
    }
  }

  /** Resolves with all of it when everything has ended. */
  async whole(): Promise<string> {
    while (await this.#more());
    return this.text;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#output.next();
    if (done) return false;
    this.text += Buffer.from(value.bytes).toString();
    return true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

describe("on a local terminal", () => {
  test("the command has a terminal of the same size, and of the same kind", async () => {
    await using screen = await onTerminal(`stty rows 41 cols 101; ${runTty} -- sh -c 'tty; stty size; echo $TERM'`, {
      TERM: "vt52",
    });
    expect(await screen.whole()).toMatch(/^\/dev\/\S+\r\n41 101\r\nvt52\r\n$/);
  });

  test("the exit code is the command's", async () => {
    await using screen = await onTerminal(`${runTty} -- sh -c 'exit 6'; echo "code $?"`);
    expect(await screen.whole()).toBe("code 6\r\n");
  });

  test("keys go to the command as they are typed, Ctrl-C too", async () => {
    const script = "stty raw -echo; echo ready; head -c 3 | od -An -tx1";
    await using screen = await onTerminal(`${runTty} -- sh -c '${script}'; echo "code $?"`);
    await screen.shows(/ready/);
    for (const key of ["\x03", "a", "\x1a"]) await screen.process.stdin.write(key);
    expect(await screen.whole()).toMatch(/03 61 1a[\s\S]*code 0/);
  });

  test("Ctrl-C interrupts what runs in the foreground there", async () => {
    await using screen = await onTerminal(
      `${runTty} -- sh -c 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done'; echo "code $?"`,
    );
    await screen.shows(/ready/);
    await screen.process.stdin.write("\x03");
    expect(await screen.whole()).toMatch(/caught\r\n[\s\S]*code 9/);
  });

  test.each([
    { way: "exits", script: "exit 0", code: 0 },
    { way: "is killed by SIGTERM to proctor", script: "kill -TERM $PPID; exec sleep 600", code: 137 },
  ])("the local terminal is restored when the command $way", async ({ script, code }) => {
    await using screen = await onTerminal(
      `stty -g; ${runTty} -- sh -c 'echo inside; ${script}'; code=$?; echo "code $code"; stty -g`,
    );
    const lines = (await screen.whole()).split("\r\n");
    expect(lines).toContain("inside");
    expect(lines).toContain(`code ${code}`);
    expect(lines.at(-2)).toBe(lines[0]);
  });

  test("the local terminal is restored when the link fails", async () => {
    await using server = proctor(["serve"]);
    await using successor = await serve(); // it knows no such session
    await using proxy = await FaultProxy.before((await printed(server.stdout, /\n/)).trim());
    await using screen = await onTerminal(
      `stty -g; ${runTty} --url ${proxy.url} -- sh -c 'echo ready; exec sleep 600'; echo "code $?"; stty -g`,
    );
    await screen.shows(/ready/);
    proxy.retarget(successor.url);
    server.kill("SIGKILL");
    const lines = (await screen.whole()).split("\r\n");
    expect(lines).toContain("code 125");
    expect(lines.at(-2)).toBe(lines[0]);
  });
});

describe("without a local terminal", () => {
  test("the command has one all the same, and the end of the input is Ctrl-D", async () => {
    const script = "stty -echo; tty; exec cat";
    const { stdout, stderr, exitCode } = await proctor(["run", "--tty", "sh", "-c", script], { input: "one\n" });
    expect(stdout).toMatch(/\/dev\/\S+\r\n(.*\n)?one\r\n$/);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("input that ends within a line is handed over, and ended", async () => {
    const { stdout, exitCode } = await proctor(["run", "--tty", "sh", "-c", "stty -echo; echo; exec cat"], {
      input: "par",
    });
    expect(stdout).toMatch(/par$/);
    expect(exitCode).toBe(0);
  });
});
