import { posix } from "node:path";
import type { Access, Confinement, DenyGlob } from "../../ports/confinement.ts";
import type { FileView } from "./file-view.ts";
import { protectedNames } from "./metadata.ts";
import { sandboxNodes } from "./nodes.ts";
import { childOf, depthOf, isBelow } from "./path-text.ts";
import { realPath } from "./real-path.ts";

/** The launcher of macOS, by the only path at which it is trusted (05 section 14). */
export const seatbeltLauncher = "/usr/bin/sandbox-exec";

/** What every program may do in its sandbox: be one, and use what belongs to it. */
const base = `(version 1)
(deny default)
(allow process-exec)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow file-write-data (require-all (path "/dev/null") (vnode-type CHARACTER-DEVICE)))
(allow sysctl-read
  (sysctl-name "hw.activecpu") (sysctl-name "hw.byteorder") (sysctl-name "hw.cputype") (sysctl-name "hw.logicalcpu")
  (sysctl-name "hw.logicalcpu_max") (sysctl-name "hw.machine") (sysctl-name "hw.memsize") (sysctl-name "hw.model")
  (sysctl-name "hw.ncpu") (sysctl-name "hw.pagesize") (sysctl-name "hw.physicalcpu") (sysctl-name "hw.physicalcpu_max")
  (sysctl-name-prefix "hw.optional.") (sysctl-name-prefix "hw.perflevel")
  (sysctl-name "kern.argmax") (sysctl-name "kern.hostname") (sysctl-name "kern.maxfilesperproc")
  (sysctl-name "kern.osproductversion") (sysctl-name "kern.osrelease") (sysctl-name "kern.ostype")
  (sysctl-name "kern.osversion") (sysctl-name "kern.usrstack64") (sysctl-name "kern.version")
  (sysctl-name "sysctl.proc_cputype") (sysctl-name "vm.loadavg"))
(allow ipc-posix-sem)
(allow pseudo-tty)
(allow file-read* file-write* file-ioctl (literal "/dev/ptmx") (regex #"^/dev/ttys[0-9]+$"))
(allow user-preference-read)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo") (global-name "com.apple.system.opendirectoryd.membership")
  (global-name "com.apple.system.notification_center") (global-name "com.apple.cfprefsd.daemon")
  (global-name "com.apple.cfprefsd.agent") (local-name "com.apple.cfprefsd.agent"))`;

/** The network, and the services behind names and certificates. */
const network = `(allow network-outbound)
(allow network-inbound)
(allow mach-lookup
  (global-name "com.apple.SecurityServer") (global-name "com.apple.trustd.agent")
  (global-name "com.apple.networkd") (global-name "com.apple.ocspd")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration") (global-name "com.apple.SystemConfiguration.configd"))`;

/** What `minimal` stands for there: installed software and its settings, and the places for temporary files. */
const platform = `(allow file-read*
  (literal "/") (literal "/private") (literal "/private/var") (subpath "/bin") (subpath "/sbin") (subpath "/usr/bin")
  (subpath "/usr/sbin") (subpath "/usr/lib") (subpath "/usr/libexec") (subpath "/usr/share") (subpath "/System")
  (subpath "/Library/Apple") (subpath "/Library/Frameworks") (subpath "/Library/Preferences") (subpath "/private/etc")
  (subpath "/private/var/db/timezone") (subpath "/private/var/db/dyld") (subpath "/opt/homebrew/lib")
  (subpath "/usr/local/lib") (subpath "/Applications") (subpath "/dev"))
(allow file-read* file-write* (subpath "/private/tmp") (subpath "/private/var/tmp"))`;

/** A policy of macOS, with its paths beside it, so that no path is ever read as policy. */
export interface SeatbeltPolicy {
  readonly text: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * A confinement as macOS enforces it (05 section 14). Unlike the mounts of Linux it denies by pattern what is created later, too.
 * @throws SandboxRefusedError where a link could be used to get around an entry (05 SB-L9)
 */
export function seatbeltPolicy({ files, network: reach }: Confinement, view: FileView): SeatbeltPolicy {
  const parameters: Record<string, string> = {};
  const parts = [base];
  if (files === null) parts.push("(allow file-read*)", '(allow file-write* (regex #"^/"))');
  else {
    const { access } = sandboxNodes({ ...files, denyGlobs: [], platformDefaults: false }, view);
    parts.push(...readable(access, parameters), ...writable(access, parameters));
    if (files.platformDefaults) parts.push(platform);
    // Behind what is allowed: of two rules the last one counts.
    parts.push(...files.denyGlobs.flatMap((glob) => denied(glob, view)));
  }
  if (reach === "enabled") parts.push(network);
  return { text: parts.join("\n"), parameters };
}

/** The whole command line; nothing in it is a shell's. */
export function seatbeltArguments(
  launcher: string,
  { text, parameters }: SeatbeltPolicy,
  argv: readonly string[],
): string[] {
  const defined = Object.entries(parameters).map(([name, path]) => `-D${name}=${path}`);
  return [launcher, "-p", text, ...defined, "--", ...argv];
}

type Nodes = ReadonlyMap<string, Access>;

function readable(access: Nodes, parameters: Record<string, string>): string[] {
  const roots = ordered(access).filter(([, wanted]) => wanted !== "deny");
  return roots.map(([root], index) => {
    const excluded = ordered(access).filter(([path, wanted]) => wanted === "deny" && isBelow(path, root));
    return rule("file-read*", `READABLE_ROOT_${index}`, root, excluded, parameters);
  });
}

function writable(access: Nodes, parameters: Record<string, string>): string[] {
  const roots = ordered(access).filter(([, wanted]) => wanted === "write");
  return roots.map(([root], index) => {
    const excluded = ordered(access).filter(([path, wanted]) => wanted !== "write" && isBelow(path, root));
    // There or not (05 SB-M1); an entry that allows one has a rule of its own (05 SB-M2).
    const names = protectedNames.map((name) => `(require-not (regex #"^${quoted(childOf(root, name))}(/.*)?$"))`);
    return rule("file-write*", `WRITABLE_ROOT_${index}`, root, excluded, parameters, names);
  });
}

function rule(
  operation: string,
  name: string,
  root: string,
  excluded: readonly (readonly [path: string, access: Access])[],
  parameters: Record<string, string>,
  more: readonly string[] = [],
): string {
  parameters[name] = root;
  const without = excluded.map(([path], index) => {
    const parameter = `${name}_EXCLUDED_${index}`;
    parameters[parameter] = path;
    return `(require-not (literal (param "${parameter}"))) (require-not (subpath (param "${parameter}")))`;
  });
  const place = `(subpath (param "${name}"))`;
  const limits = [...without, ...more];
  return `(allow ${operation} ${limits.length === 0 ? place : `(require-all ${[place, ...limits].join(" ")})`})`;
}

/** By the pattern as it is spelled, and with the real path of the directory in which it begins. */
function denied({ base: directory, pattern }: DenyGlob, view: FileView): string[] {
  const whole = posix.normalize(`${directory}/${pattern}`);
  const names = whole.split("/").filter((name) => name !== "");
  const firstShape = names.findIndex((name) => /[*?[]/.test(name));
  const fixed = names.slice(0, firstShape < 0 ? names.length : firstShape);
  const rest = names.slice(fixed.length);
  const spelled = `/${fixed.join("/")}`;
  const prefixes = new Set([spelled, realPath(spelled, view).path]);
  return [...prefixes].map((prefix) => {
    const matcher = `#"^${quoted(prefix === "/" ? "" : prefix)}${expressionOf(rest)}(/.*)?$"`;
    return `(deny file-read* (regex ${matcher}))\n(deny file-write-unlink (regex ${matcher}))`;
  });
}

/** 05 SB-G1 as a regular expression. */
function expressionOf(names: readonly string[]): string {
  let expression = "";
  let isOpen = true; // a slash comes before the next name
  for (const [index, name] of names.entries()) {
    if (name === "**") {
      expression += index === names.length - 1 ? "/.*" : "/(.*/)?";
      isOpen = false;
      continue;
    }
    expression += (isOpen ? "/" : "") + nameExpression(name);
    isOpen = true;
  }
  return expression;
}

function nameExpression(name: string): string {
  return name.replace(
    /\[(!?)(\]?[^\]]*)\]|[^[]|\[/g,
    (part, negation: string | undefined, members: string | undefined) => {
      if (members !== undefined) return `[${negation === "!" ? "^/" : ""}${members.replace(/[\\^[\]"]/g, "\\$&")}]`;
      if (part === "*") return "[^/]*";
      return part === "?" ? "[^/]" : quoted(part);
    },
  );
}

/** Literally, within a regular expression within a policy. */
function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|"]/g, "\\$&");
}

function ordered(access: Nodes): (readonly [path: string, access: Access])[] {
  return [...access].sort(([a], [b]) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
}
