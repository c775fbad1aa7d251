import { conventionOf } from "./convention.ts";
import { isOpaque, opaquePayload, utf16Text } from "./opaque.ts";
import type { PathConvention } from "./path-host.ts";
import { isDrive, type PathParts, spell } from "./path-parts.ts";
import { conventionName, PathUriError } from "./path-uri-error.ts";
import { decodeName, lossyTextOf } from "./percent.ts";

/** Path text in a convention, for people: what is not Unicode becomes U+FFFD (04 P-47). */
export function renderParts(parts: PathParts, convention: PathConvention): string {
  const text = renderedText(parts, convention);
  if (text !== undefined) return text;
  const message = isOpaque(parts)
    ? `opaque fallback path URI \`${spell(parts)}\` cannot be recovered as a native path`
    : `path URI \`${spell(parts)}\` cannot be rendered using ${conventionName(convention)} path syntax`;
  throw new PathUriError("notRenderable", message);
}

/** Path text in the convention that the URI implies, or the URI itself when there is none (04 P-48). */
export function displayParts(parts: PathParts): string {
  const convention = conventionOf(parts);
  return (convention && renderedText(parts, convention)) ?? spell(parts);
}

function renderedText(parts: PathParts, convention: PathConvention): string | undefined {
  if (isOpaque(parts)) return opaqueText(opaquePayload(parts) ?? "", convention);
  const names = parts.segments.map((segment) => lossyTextOf(decodeName(segment)));
  return convention === "posix" ? posixText(parts.host, names) : windowsText(parts.host, names);
}

function posixText(host: string, names: readonly string[]): string | undefined {
  return host === "" ? `/${names.join("/")}` : undefined;
}

function windowsText(host: string, names: readonly string[]): string | undefined {
  const [first = "", ...below] = names;
  // A server `.` would be read as the device namespace.
  if (host !== "") return first === "" || host === "." ? undefined : `\\\\${[host, ...names].join("\\")}`;
  return isDrive(first) ? `${first}\\${below.join("\\")}` : undefined;
}

function opaqueText(payload: string, convention: PathConvention): string | undefined {
  if (convention === "posix") return payload.startsWith("/") ? lossyTextOf(payload) : undefined;
  const text = utf16Text(payload);
  return text !== undefined && /^(?:[A-Za-z]:[\\/]|[\\/]{2})/.test(text) ? text.toWellFormed() : undefined;
}
