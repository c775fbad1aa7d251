/** The processors that filters are written for (05 SB-S3). */
export type Architecture = "x64" | "arm64";

/** The kernel's names for them, in the word that a filter sees. */
export const auditArchitecture: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

const x64 = {
  ptrace: 101,
  process_vm_readv: 310,
  process_vm_writev: 311,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  connect: 42,
  accept: 43,
  accept4: 288,
  bind: 49,
  listen: 50,
  sendmmsg: 307,
  recvmmsg: 299,
  setsockopt: 54,
  sendto: 44,
  socket: 41,
  socketpair: 53,
  ioctl: 16,
} as const;

/** A system call that a filter speaks of. */
export type SystemCall = keyof typeof x64;

const arm64: Readonly<Record<SystemCall, number>> = {
  ptrace: 117,
  process_vm_readv: 270,
  process_vm_writev: 271,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  connect: 203,
  accept: 202,
  accept4: 242,
  bind: 200,
  listen: 201,
  sendmmsg: 269,
  recvmmsg: 243,
  setsockopt: 208,
  sendto: 206,
  socket: 198,
  socketpair: 199,
  ioctl: 29,
};

/** Their numbers. */
export const systemCalls: Readonly<Record<Architecture, Readonly<Record<SystemCall, number>>>> = { x64, arm64 };
