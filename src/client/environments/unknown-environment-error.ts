import { ProctorError } from "../../protocol/errors.ts";

/** No environment has this id. */
export class UnknownEnvironmentError extends ProctorError {
  readonly environmentId: string;
  /** Those that there are. */
  readonly knownIds: readonly string[];

  constructor(environmentId: string, knownIds: readonly string[]) {
    const known = knownIds.length === 0 ? "there is none" : `there is ${knownIds.join(", ")}`;
    super("unknownEnvironment", `unknown environment id \`${environmentId}\`; ${known}`);
    this.environmentId = environmentId;
    this.knownIds = knownIds;
  }
}
