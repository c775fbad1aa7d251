import { describe, expect, test } from "vitest";
import { ListenUrlError, parseListenUrl } from "../../src/transports/parse-listen-url.ts";
import { verifies } from "../rules/verifies.ts";

describe("01 W-1: forms that are accepted", () => {
  verifies("01 W-1");
  test.each(["stdio", "stdio://"])("%s is one connection over stdin and stdout", (value) => {
    expect(parseListenUrl(value)).toEqual({ kind: "stdio" });
  });

  test.each([
    ["ws://127.0.0.1:0", "127.0.0.1", 0],
    ["ws://0.0.0.0:65535", "0.0.0.0", 65_535],
    ["ws://127.0.0.1:00", "127.0.0.1", 0],
    ["ws://127.0.0.1:00080", "127.0.0.1", 80],
    ["ws://[::1]:7000", "::1", 7_000],
    ["ws://[0:0:0:0:0:0:0:1]:1", "0:0:0:0:0:0:0:1", 1],
    ["ws://[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1],
    ["ws://[::1%01]:1", "::1", 1],
  ])("%s", (value, host, port) => {
    expect(parseListenUrl(value)).toEqual({ kind: "websocket", host, port });
  });
});

describe("01 W-1, W-4: ws:// URLs that are refused as invalid", () => {
  verifies("01 W-1", "01 W-4");
  test.each([
    "ws://localhost:0",
    "ws://127.0.0.1",
    "ws://127.0.0.1:",
    "ws://127.0.0.1:0/",
    "ws://127.0.0.1:0?x",
    "ws://127.0.0.1:99999",
    "ws://127.0.0.1:65536",
    "ws://127.0.0.1:+0",
    "ws://127.0.0.1:0 ",
    "ws:// 127.0.0.1:0",
    "ws://127.0.0.01:0",
    "ws://127.1:0",
    "ws://::1:0",
    "ws://[127.0.0.1]:0",
    "ws://[::1%lo]:0",
    "ws://[::1%4294967296]:0",
    "ws://user@127.0.0.1:0",
    "ws://",
  ])("%s", (value) => {
    expect(() => parseListenUrl(value)).toThrow(
      new ListenUrlError(`invalid websocket --listen URL \`${value}\`; expected \`ws://IP:PORT\``),
    );
  });
});

describe("01 W-1, W-4: everything else is refused as unsupported", () => {
  verifies("01 W-1", "01 W-4");
  test.each([
    "",
    "STDIO",
    " stdio",
    "stdio:///",
    "WS://127.0.0.1:0",
    "wss://127.0.0.1:0",
    "http://127.0.0.1:0",
    "unix:///s",
  ])("%s", (value) => {
    expect(() => parseListenUrl(value)).toThrow(
      new ListenUrlError(`unsupported --listen URL \`${value}\`; expected \`ws://IP:PORT\` or \`stdio\``),
    );
  });
});
