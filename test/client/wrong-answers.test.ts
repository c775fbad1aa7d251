import { describe, expect, it } from "vitest";
import { LinkFailedError, ProtocolError } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { scriptedLink, settled } from "./scripted-link.ts";

describe("an answer that cannot be understood", () => {
  it("fails its call with a ProtocolError whose effect is unknown, and nothing else", async () => {
    const { link, peer } = await scriptedLink();
    const call = link.environmentInfo().catch((error: unknown) => error);
    await settled();
    peer.answer({ shell: "bash" });
    expect(await call).toBeInstanceOf(ProtocolError);
    expect(await call).toMatchObject({ code: "protocol", effect: "unknown" });
    expect(String(await call)).toMatch(/environment\/info.*shell/);
    expect(link.state.value).toBe("Connected");
  });

  it.each([
    ["a request", '{"id":1,"method":"initialize","params":{}}'],
    ["no JSON", "hello"],
    ["JSON of no known shape", "[]"],
    ["a known notification that does not decode", '{"method":"process/output","params":{"processId":"p"}}'],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe)],
  ])("as a whole message, %s, fails the link, and everything pending with it", async (_, message) => {
    verifies("01 W-51", "03 CL-6");
    const { link, peer } = await scriptedLink();
    const call = link.environmentInfo().catch((error: unknown) => error);
    await settled();
    peer.transport.send(message);
    expect(await call).toBeInstanceOf(LinkFailedError);
    expect(link.state.value).toBe("Failed");
    await link.close();
  });

  it("is ignored when nobody waits for it", async () => {
    verifies("03 CL-6");
    const { link, peer } = await scriptedLink();
    peer.answer({}, 999);
    peer.answer({}, "999");
    peer.transport.send('{"error":{"code":-32600,"message":"?"},"id":-1}');
    await settled();
    expect(link.state.value).toBe("Connected");
  });
});
