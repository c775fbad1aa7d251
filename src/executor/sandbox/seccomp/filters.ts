import { assemble, type Instruction } from "./assemble.ts";
import { type Architecture, auditArchitecture, type SystemCall, systemCalls } from "./system-calls.ts";

/**
 * What a program may ask of the kernel (05 section 9.2). `restricted`: no network; `proxy`: only internet sockets, for a network of
 * its own; `base`: everything but typing into a terminal that is not its own.
 */
export type FilterName = "restricted" | "proxy" | "base";

const allowed = 0x7fff0000;
const notPermitted = 0x00050001;
const killed = 0x80000000;

const callNumber = 0;
const architectureWord = 4;
const lowHalf = (argument: number) => 16 + 8 * argument;
const highHalf = (argument: number) => 20 + 8 * argument;

/** Calls of the x32 interface have this bit: the same calls under other numbers. */
const x32Bit = 0x40000000;
const unixFamily = 1;
const internetFamilies = [2, 10];
/** Sockets that can send to any address without a connection. */
const datagramTypes = [2, 3];
const typeBits = 0xf;
/** `TIOCSTI`, `TIOCLINUX`. */
const typingRequests = [0x5412, 0x541c];

const intrusive: readonly SystemCall[] = [
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
];
const connecting: readonly SystemCall[] = [
  "connect",
  "accept",
  "accept4",
  "bind",
  "listen",
  "sendmmsg",
  "recvmmsg",
  "setsockopt",
];

/** The filter as the kernel, and bubblewrap, read it. */
export function seccompFilter(name: FilterName, architecture: Architecture): Buffer {
  const numbers = systemCalls[architecture];
  const on = (call: SystemCall, jump: string): Instruction => ({ op: "equal", value: numbers[call], jump });
  const is = (value: number, jump: string, otherwise?: string): Instruction =>
    otherwise === undefined ? { op: "equal", value, jump } : { op: "equal", value, jump, otherwise };
  const label = (name: string): Instruction => ({ op: "label", name });
  const load = (offset: number): Instruction => ({ op: "load", offset });
  const allow: Instruction = { op: "return", action: allowed };
  const refuseAll = (calls: readonly SystemCall[]) => calls.map((call) => on(call, "refuse"));

  const start: Instruction[] = [
    load(architectureWord),
    is(auditArchitecture[architecture], "native", "kill"),
    label("native"),
    load(callNumber),
    ...(architecture === "x64" ? [{ op: "atLeast", value: x32Bit, jump: "refuse" } as const] : []),
  ];
  const unixOnly: Instruction[] = [
    label("unixSocket"),
    load(lowHalf(0)),
    is(unixFamily, "unixType", "refuse"),
    label("unixType"),
    load(lowHalf(1)),
    { op: "and", mask: typeBits },
    is(datagramTypes[0] ?? 0, "refuse"),
    is(datagramTypes[1] ?? 0, "refuse", "allow"),
  ];
  const terminal: Instruction[] = [
    label("ioctl"),
    load(lowHalf(1)),
    is(typingRequests[0] ?? 0, "refuse"),
    is(typingRequests[1] ?? 0, "refuse", "allow"),
  ];
  const end: Instruction[] = [
    label("allow"),
    allow,
    label("refuse"),
    { op: "return", action: notPermitted },
    label("kill"),
    { op: "return", action: killed },
  ];
  switch (name) {
    case "restricted":
      return assemble([
        ...start,
        ...refuseAll(intrusive),
        ...refuseAll(connecting),
        on("sendto", "address"),
        on("socket", "unixSocket"),
        on("socketpair", "unixSocket"),
        on("ioctl", "ioctl"),
        allow,
        // An address makes of a send something that goes anywhere.
        label("address"),
        load(lowHalf(4)),
        is(0, "addressHigh", "refuse"),
        label("addressHigh"),
        load(highHalf(4)),
        is(0, "allow", "refuse"),
        ...unixOnly,
        ...terminal,
        ...end,
      ]);
    case "proxy":
      return assemble([
        ...start,
        ...refuseAll(intrusive),
        on("socket", "internetSocket"),
        on("socketpair", "unixSocket"),
        on("ioctl", "ioctl"),
        allow,
        label("internetSocket"),
        load(lowHalf(0)),
        is(internetFamilies[0] ?? 0, "allow"),
        is(internetFamilies[1] ?? 0, "allow", "refuse"),
        ...unixOnly,
        ...terminal,
        ...end,
      ]);
    case "base":
      return assemble([...start, on("ioctl", "ioctl"), allow, ...terminal, ...end]);
  }
}
