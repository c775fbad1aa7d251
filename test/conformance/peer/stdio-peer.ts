import { StringDecoder } from "node:string_decoder";
import { Arrivals } from "./arrivals.ts";
import type { RunningServer } from "./server.ts";

/** A client on a server's stdin and stdout: sends bytes as they are, sees lines. */
export class StdioPeer {
  /** The lines that came, without their line end. */
  readonly messages: string[] = [];
  /** Wakes what waits for lines or for the end of stdout. */
  readonly arrivals = new Arrivals();
  /** Whether the server has closed its stdout. */
  outputEnded = false;

  readonly #server: RunningServer;

  /** Takes over the stdio of `server`; `onMessage` hears every line at once. */
  constructor(server: RunningServer, onMessage?: (line: string) => void) {
    this.#server = server;
    const { stdout } = server.child;
    const decoder = new StringDecoder("utf8");
    let rest = "";
    stdout.on("data", (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.messages.push(line);
        onMessage?.(line);
      }
      this.arrivals.changed();
    });
    stdout.on("end", () => {
      this.outputEnded = true;
      this.arrivals.changed();
    });
  }

  /** Sends one message as one line. */
  send(text: string): void {
    this.sendBytes(Buffer.from(`${text}\n`));
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Buffer): void {
    this.#server.child.stdin.write(bytes);
  }

  /** Ends the server's stdin. */
  closeStdin(): void {
    this.#server.child.stdin.end();
  }
}
