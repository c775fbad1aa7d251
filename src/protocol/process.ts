/** Where a chunk of output came from: the two pipes, or the one terminal (02 P-25). */
export type OutputStream = "stdout" | "stderr" | "pty";
