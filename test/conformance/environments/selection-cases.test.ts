import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EnvironmentConfigError, environmentsFromHome, openEnvironments } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { recordedCases } from "./recorded.ts";

interface SelectionCase {
  readonly case: string;
  readonly env: Readonly<Record<string, string>>;
  readonly environmentsToml: string | null;
  readonly dialled: number;
  readonly error: string | null;
  readonly local: boolean;
  readonly remote: boolean;
}

const cases = await recordedCases<SelectionCase>("selection-cases");

/** The encrypted way through a registry is not there yet; whoever asks for it is told so, and gets no other one (07 E-35). */
const isUnsupported = ({ case: name }: SelectionCase) => name === "noise full";

/** A port that counts who comes, and a home folder. */
async function surroundings(toml: string | null) {
  const home = await mkdtemp(join(tmpdir(), "proctor-home-"));
  if (toml !== null) await writeFile(join(home, "environments.toml"), toml);
  const dialled: unknown[] = [];
  const server = createServer((socket) => {
    dialled.push(socket);
    socket.on("error", () => undefined).on("data", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    home,
    dialled,
    port: typeof address === "object" ? address?.port : 0,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
      await rm(home, { recursive: true });
    },
  };
}

it("has the whole recording", () => expect(cases).toHaveLength(13));

it.each(cases)("$case", async (recording) => {
  verifies("07 E-5", "07 E-6", "07 E-8", "07 E-35");
  const { env, environmentsToml, error, local, remote } = recording;
  await using place = await surroundings(environmentsToml);
  const variables = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replace("PORT", String(place.port))]),
  );
  const opening = openEnvironments(environmentsFromHome(place.home, variables));
  if (error !== null || isUnsupported(recording)) {
    const refused = await opening.catch((reason: unknown) => reason);
    expect(refused).toBeInstanceOf(EnvironmentConfigError);
    const text = "Error: environment registry configuration error: rendezvous environments are not supported yet";
    expect(`Error: ${(refused as Error).message}`).toContain(error ?? text);
    expect(place.dialled).toEqual([]);
    return;
  }
  await using environments = await opening;
  expect(environments.local !== undefined).toBe(local);
  expect(environments.get("remote") !== undefined).toBe(remote);
  expect(environments.defaultId).toBe(remote ? "remote" : local ? "local" : null);
  if (recording.dialled > 0) await expect.poll(() => place.dialled.length).toBe(recording.dialled);
  // A URL that is none fails with the first connection, which is made at once, and not at the start.
  else if (remote) await expect.poll(() => environments.require("remote").state.value).toBe("Failed");
  expect(place.dialled).toHaveLength(recording.dialled);
});
