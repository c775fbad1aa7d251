import type { ServerKind } from "./peer/server.ts";

/** Methods that a server does not offer yet: until then a request of one is answered with -32601. */
export const notOffered: Readonly<Record<ServerKind, ReadonlySet<string>>> = {
  reference: new Set(),
  proctor: new Set(),
};

/** Recordings that a server is not measured against yet, with the reason. */
export const notReplayed: Readonly<Record<ServerKind, Readonly<Record<string, string>>>> = {
  reference: {
    "fs-walk": "fs/walk came with release 0.169.0",
    "fs-walk-errors": "fs/walk came with release 0.169.0",
  },
  proctor: {},
};
