import { config } from "rxjs";
import type { Clock } from "../../src/ports/clock.ts";
import { SeededRandom } from "./chance.ts";

/** What may not be used in a simulation: it would make two runs differ. */
const forbidden = ["setTimeout", "setInterval"] as const;

/**
 * Takes every source of chance away that does not come in through a port, for as long as the result lives: `Math.random` is
 * seeded, the time of day is the virtual one, a timer of the real clock is a fault, and so is an error that nobody hears of.
 */
export function tameChance(seed: number, clock: Clock, fault: (error: unknown) => void): Disposable {
  const { random } = Math;
  const { now } = Date;
  const real = new Map(forbidden.map((name) => [name, globalThis[name]]));
  const seeded = new SeededRandom(seed, "Math.random");
  Math.random = () => Number.parseInt(seeded.uuid().slice(0, 8), 16) / 2 ** 32;
  Date.now = () => clock.now();
  for (const name of forbidden) {
    Object.assign(globalThis, { [name]: () => fault(new Error(`${name} is called, which is not the clock's`)) });
  }
  process.on("unhandledRejection", fault);
  const { onUnhandledError } = config;
  config.onUnhandledError = fault;
  return {
    [Symbol.dispose]: () => {
      Math.random = random;
      Date.now = now;
      for (const [name, original] of real) Object.assign(globalThis, { [name]: original });
      process.off("unhandledRejection", fault);
      config.onUnhandledError = onUnhandledError;
    },
  };
}
