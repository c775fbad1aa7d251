import { connect, type Link, type Transport } from "../../src/index.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { timed } from "./timing.ts";

const sessions = 500;

/** What the loss of a whole network costs, when it is back at once. */
export const massResume: Row = {
  name: "mass resume",
  about:
    "500 links, cut off in one moment: until the last of them is connected again; bare: as many connections and round trips",
  measures: [{ name: "500 sessions resumed", unit: "ms", better: "lower", goal: { value: 2_000 } }],
  executors: ["proctor"],
  async executor(subject, sizes) {
    await using links = new AsyncDisposableStack();
    const transports = new Set<Transport>();
    const dial = async (signal: AbortSignal): Promise<Transport> => {
      const transport = await dialWebSocket(subject.url, { clock: systemClock, signal });
      transports.add(transport);
      return transport;
    };
    const opened: Link[] = [];
    for (let n = 0; n < scaled(sessions, sizes); n += 1) opened.push(links.use(await connect({ dial })));
    const ms = await timed(async () => {
      for (const transport of transports) transport.destroy();
      await Promise.all(opened.map((link) => link.environmentInfo()));
    });
    return { "500 sessions resumed": ms };
  },
  async bare({ bare, sizes }) {
    const ms = await timed(() =>
      Promise.all(
        Array.from({ length: scaled(sessions, sizes) }, async () => {
          const echo = await bare.echo();
          for (let trip = 0; trip < 3; trip += 1) await echo.roundTrip(Buffer.alloc(150));
          echo.socket.destroy();
        }),
      ),
    );
    return { "500 sessions resumed": ms };
  },
};
