/**
 * What the terminal writes into style elements and attributes, which the policy of the page forbids, goes into constructed sheets
 * and the style of the element, which it allows.
 */
export class TerminalStyles implements Disposable {
  readonly #sheets: CSSStyleSheet[] = [];
  /** A document that makes no style elements. */
  readonly document: Document = new Proxy(document, {
    get: (target, name) => {
      if (name === "createElement") return this.#create;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

  /** Runs what makes its elements with the document of the page, whichever it was given. */
  during(work: () => void): void {
    document.createElement = this.#create;
    try {
      work();
    } finally {
      // The method of its class shows again.
      Reflect.deleteProperty(document, "createElement");
    }
  }

  [Symbol.dispose](): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !this.#sheets.includes(sheet));
  }

  #create = (name: string, options?: ElementCreationOptions): HTMLElement => {
    const element = Document.prototype.createElement.call(document, name === "style" ? "span" : name, options);
    if (name === "style") this.#standIn(element);
    else if (name === "span") styleByObject(element);
    return element;
  };

  /** An element whose text becomes a sheet. */
  #standIn(element: HTMLElement): void {
    const sheet = new CSSStyleSheet();
    this.#sheets.push(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    element.hidden = true;
    Object.defineProperty(element, "textContent", { set: (text: string) => sheet.replaceSync(text) });
  }
}

function styleByObject(element: HTMLElement): void {
  element.setAttribute = (name, value) => {
    if (name === "style") element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, name, value);
  };
}
