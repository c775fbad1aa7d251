import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "../../scripts/chromium.ts";

/** What a page did that it must not do: it asked strangers, or complained. */
export interface Misdeeds {
  /** Requests to anybody but its own server; they were refused. */
  readonly strangers: string[];
  /** Errors of its console, violations of its policy among them, and what it threw. */
  readonly errors: string[];
}

/** A browser of its own: without a network of its own, and gone when the test is over. */
export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly misdeeds: Misdeeds;
  /** A new tab on an address. */
  open(url: string): Promise<Page>;
}

const quiet = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-quic",
  "--disable-sync",
  "--metrics-recording-only",
  "--no-first-run",
  "--no-pings",
  "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
];

/** Starts Chromium; `size` is that of the window. */
export async function startBrowser(
  options: { readonly width?: number; readonly height?: number; readonly dark?: boolean; readonly scale?: number } = {},
): Promise<Browser> {
  const { width = 1360, height = 860, dark = false, scale = 1 } = options;
  const profile = await mkdtemp(join(tmpdir(), "proctor-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    // A root has no sandbox of Chromium's; nothing but our own page is ever opened.
    chromiumSandbox: process.getuid?.() !== 0,
    args: quiet,
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  const misdeeds: Misdeeds = { strangers: [], errors: [] };
  await context.route(
    (url) =>
      !["127.0.0.1", "[::1]", "localhost"].includes(url.hostname) &&
      !["blob:", "data:", "about:"].includes(url.protocol),
    (route) => {
      misdeeds.strangers.push(route.request().url());
      return route.abort();
    },
  );
  const watch = (page: Page) => {
    page.on("console", (message) => {
      if (message.type() === "error" || /Content Security Policy/.test(message.text()))
        misdeeds.errors.push(message.text());
    });
    page.on("pageerror", (error) => misdeeds.errors.push(String(error)));
  };
  context.on("page", watch);
  return {
    context,
    misdeeds,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
