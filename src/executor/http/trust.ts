import { readFileSync, statSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { HttpError } from "../../ports/http-host.ts";
import { firstSet, type Variables } from "./environment-variable.ts";

const hint =
  "If you set CODEX_CA_CERTIFICATE or SSL_CERT_FILE, ensure it points to a PEM file with one or more CERTIFICATE blocks, or unset it to use the system's roots.";

interface Bundle {
  /** Changes with the file. */
  readonly key: string;
  readonly certificates: readonly string[];
}

const noBundle: Bundle = { key: "", certificates: [] };

/**
 * Whom TLS trusts: the roots of Node and of this system, and those in the PEM file that `CODEX_CA_CERTIFICATE`, or else
 * `SSL_CERT_FILE`, names (06 H-50). A file that was replaced is read again.
 */
export class Trust {
  readonly #variables: () => Variables;
  #bundle = noBundle;
  #context: { readonly key: string; readonly context: SecureContext } | null = null;

  constructor(variables: () => Variables) {
    this.#variables = variables;
  }

  /** @throws HttpError when the file cannot be read, or holds no certificate: then no request is made at all */
  check(): void {
    this.#read();
  }

  /** For a TLS connection. The first one takes some 200 ms, to read the system's roots. @throws HttpError as `check` */
  context(): SecureContext {
    const { key, certificates } = this.#read();
    if (this.#context?.key !== key) {
      const roots = new Set([...getCACertificates("default"), ...getCACertificates("system"), ...certificates]);
      this.#context = { key, context: createSecureContext({ ca: [...roots] }) };
    }
    return this.#context.context;
  }

  #read(): Bundle {
    const named = firstSet(this.#variables(), ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"]);
    if (named === null) return noBundle;
    const { name, value: path } = named;
    try {
      const { mtimeMs, size } = statSync(path);
      const key = `${path}:${mtimeMs}:${size}`;
      if (this.#bundle.key === key) return this.#bundle;
      const certificates = certificatesIn(readFileSync(path, "latin1"));
      if (certificates.length > 0) {
        this.#bundle = { key, certificates };
        return this.#bundle;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new HttpError("tls", `Failed to read CA certificate file ${path} selected by ${name}: ${reason}. ${hint}`);
    }
    const reason = "no certificates found in PEM file";
    throw new HttpError("tls", `Failed to load CA certificates from ${path} selected by ${name}: ${reason}. ${hint}`);
  }
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
}
