import { describe, expect, test } from "vitest";
import { normalise } from "./normalise.ts";
import type { ToolOutput } from "./scripted-model.ts";

/** Outputs after normalisation. */
function outputs(...texts: readonly ToolOutput["output"][]): readonly ToolOutput["output"][] {
  const told = { instructions: "", prompt: [], outputs: texts.map((output) => ({ callId: "call-1-1", output })) };
  return normalise(told).outputs.map(({ output }) => output);
}

describe("normalise", () => {
  test("hides chunk ids and wall times in the head of an answer", () => {
    expect(outputs("Chunk ID: 86e306\nWall time: 12.0001 seconds\nProcess exited with code 3\nOutput:\nhi\n")).toEqual([
      "Chunk ID: <chunk>\nWall time: <seconds> seconds\nProcess exited with code 3\nOutput:\nhi\n",
    ]);
  });

  test("hides both wall times of a patch given to exec_command", () => {
    expect(
      outputs("Wall time: 0.0000 seconds\nOutput:\nExit code: 0\nWall time: 0.3 seconds\nOutput:\nSuccess.\n"),
    ).toEqual([
      "Wall time: <seconds> seconds\nOutput:\nExit code: 0\nWall time: <seconds> seconds\nOutput:\nSuccess.\n",
    ]);
  });

  test("leaves what a command printed as it is", () => {
    const printed = "Chunk ID: x\nOutput:\nChunk ID: 86e306\nWall time: 0.1 seconds\nProcess exited with code 3\n";
    expect(outputs(printed)).toEqual([printed]);
  });

  test("numbers sessions in the order of their appearance", () => {
    expect(
      outputs(
        "Process running with session ID 90210\nOutput:\n",
        "Process running with session ID 1234\nOutput:\n",
        "write_stdin failed: Unknown process id 90210",
      ),
    ).toEqual([
      "Process running with session ID <session 1>\nOutput:\n",
      "Process running with session ID <session 2>\nOutput:\n",
      "write_stdin failed: Unknown process id <session 1>",
    ]);
  });

  test("moves marked lines of stderr behind stdout and keeps the order within each", () => {
    expect(outputs("x\nOutput:\nerr: 1\nout 1\nerr: 2\nout 2\n")).toEqual([
      "x\nOutput:\nout 1\nout 2\nerr: 1\nerr: 2\n",
    ]);
  });

  test("leaves images as they are", () => {
    const image = [{ type: "input_image", image_url: "data:image/png;base64,AA==" }] as const;
    expect(outputs(image)).toEqual([image]);
  });

  test("hides the day of the environment context and nothing else of the prompt", () => {
    const message = (day: string) => ({
      role: "user",
      content: [{ type: "input_text" as const, text: `<cwd>/w</cwd>\n<current_date>${day}</current_date> 2026-11-20` }],
    });
    const told = { instructions: "as it is", prompt: [message("2026-11-20")], outputs: [] };
    expect(normalise(told)).toEqual({ ...told, prompt: [message("<today>")] });
  });
});
