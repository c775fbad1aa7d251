/** Where Proctor answers otherwise than the recordings, on purpose, and is required to. */
export interface HttpDeviation {
  readonly recording: string;
  readonly id: string;
  /** The rule that asks for it. */
  readonly rule: string;
  readonly why: string;
  /** What is different: the code of an error, a status, or the names of the headers that reach the last origin. */
  readonly instead: { readonly code: number } | { readonly status: number } | { readonly sent: readonly string[] };
}

const foreign = ["accept", "content-length", "host"];

/** All there are. */
export const httpDeviations: readonly HttpDeviation[] = [
  {
    recording: "validation",
    id: "84",
    rule: "06 H-53",
    why: "a redirect is not followed when the caller says so",
    instead: { status: 302 },
  },
  {
    recording: "validation",
    id: "85",
    rule: "06 H-53",
    why: "a policy that does not exist is refused",
    instead: { code: -32602 },
  },
  {
    recording: "validation",
    id: "88",
    rule: "06 H-5",
    why: "params as an array are an accident of the reference",
    instead: { code: -32602 },
  },
  ...["43", "44"].map((id) => ({
    recording: "responses-redirects",
    id,
    rule: "06 H-53a",
    why: "another origin sees nothing that was meant for the first one, a host and a referer included",
    instead: { sent: foreign },
  })),
  {
    recording: "responses-redirects",
    id: "45",
    rule: "06 H-53a",
    why: "another origin sees nothing that was meant for the first one, a referer included",
    instead: { sent: ["accept", "host"] },
  },
];
