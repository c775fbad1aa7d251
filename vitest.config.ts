import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import type { Reporter, TestModule } from "vitest/node";

/** Says the count in one plain line, the very last of the run, and does not let a run without tests pass. */
class LastLine implements Reporter {
  #counts = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    process.on("exit", () => {
      const { passed, failed, skipped } = this.#counts;
      if (passed + failed === 0 || failed > 0) process.exitCode ||= 1;
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    // What went wrong outside of any test counts as one failure each.
    this.#counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        this.#counts[state === "pending" ? "failed" : state] += 1; // pending after the end: it never came to an end
      }
      for (const suite of [module, ...module.children.allSuites()]) this.#counts.failed += suite.errors().length;
    }
  }
}

export default defineConfig({
  test: {
    // What the user of this machine has configured is none of the tests' business.
    env: { PROCTOR_HOME: "/nonexistent/proctor", CODEX_EXEC_SERVER_URL: "" },
    include: ["test/**/*.test.ts"],
    // Most tests wait for children, sockets and clocks: one core is not kept for whoever looks on.
    maxWorkers: availableParallelism(),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["default", new LastLine()],
  },
});
