/** By this name the SDK knows what comes from Proctor. */
export const instrumentationScope = "proctor";
