/** A length of time as people say it: `340 ms`, `1.25 s`, `2 min 05 s`, `3 h 07 min`. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
}

/** A moment of a history: `+01:23.456`. */
export function moment(t: number): string {
  const sign = t < 0 ? "-" : "+";
  const ms = Math.abs(t);
  const hours = Math.floor(ms / 3_600_000);
  const rest = `${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1_000) % 60)}.${String(Math.floor(ms % 1_000)).padStart(3, "0")}`;
  return `${sign}${hours === 0 ? "" : `${hours}:`}${rest}`;
}

/** A number of bytes: `512 B`, `1.5 kB`, `803 kB`, `64.2 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A whole number with its thousands apart: `12,345`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** A figure by its name, which carries its unit: `memoryBytes`, `outputBytesPerSecond`, `timeLimitMs`. */
export function figure(name: string, value: number): string {
  if (/BytesPerSecond$/.test(name)) return `${bytes(value)}/s`;
  if (/PerSecond$/.test(name)) return `${count(value)}/s`;
  if (/bytes$/i.test(name)) return bytes(value);
  if (/Ms$/.test(name)) return duration(value);
  return Number.isInteger(value) ? count(value) : String(Number(value.toFixed(3)));
}

/** The name of a figure as a person reads it, without the unit: `output`, `queued`, `time limit`. */
export function figureName(name: string): string {
  return (
    name
      .replace(/(BytesPerSecond|PerSecond|Bytes|Ms)$/, "")
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase() || name
  );
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
