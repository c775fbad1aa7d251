/** The recorded sessions of HTTP requests. */
export const recordings = ["validation", "responses-redirects", "streaming", "disconnect-resume"] as const;
