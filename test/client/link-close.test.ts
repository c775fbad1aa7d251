import { describe, expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { scriptedLink, settled, startScripted } from "./scripted-link.ts";

describe("closing a link", () => {
  it("does not wait for longer than a second for an executor that answers nothing (03 D-14)", async () => {
    verifies("03 D-14");
    const { link, peer, clock } = await scriptedLink();
    const { processId } = await startScripted(link, peer);
    let closed = false;
    const closing = link.close().then(() => {
      closed = true;
    });
    await settled();
    expect(peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
    clock.advance(999);
    await settled();
    expect(closed).toBe(false);
    clock.advance(1);
    await closing;
    expect(clock.pending).toBe(0);
  });

  it("leaves no timer behind when the executor does answer", async () => {
    const { link, peer, clock } = await scriptedLink();
    await startScripted(link, peer);
    const closing = link.close();
    await settled();
    peer.answer({ running: true });
    await closing;
    expect(clock.pending).toBe(0);
  });
});
