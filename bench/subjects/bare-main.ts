import { once } from "node:events";
import { createServer } from "node:net";
import { rows } from "../rows/index.ts";
import type { BareOrder, BareReport } from "./bare.ts";

const report = (what: BareReport): void => void process.send?.(what);

/** The bare work of one row, done here. */
async function done({ row, sizes }: BareOrder): Promise<BareReport> {
  const work = rows.find(({ name }) => name === row)?.work;
  if (work === undefined) return { fault: `the row ${row} has no bare work of its own` };
  return work(sizes).then(
    (values) => ({ values }),
    (error: unknown) => ({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
}

const echo = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy()); // whoever measured has gone
  socket.pipe(socket);
});
echo.listen(0, "127.0.0.1");
await once(echo, "listening");
process.on("message", async (order: BareOrder) => report(await done(order)));
process.on("disconnect", () => process.exit());
const address = echo.address();
if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
report({ port: address.port });
