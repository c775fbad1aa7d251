import type { MakeElement } from "../../src/inspector/chart/statechart-drawing.ts";

/** Text of SVG that is finished, in contrast to words that still have to be escaped. */
export class SvgText {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** Makes elements as text. */
export const svgElement: MakeElement<SvgText> = (tag, attributes, children) => {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  const inside = children.map((child) => (typeof child === "string" ? escaped(child) : child.source)).join("");
  const begin = `<${tag}${written.join("")}`;
  return new SvgText(inside === "" ? `${begin}/>` : `${begin}>${inside}</${tag}>`);
};

function escaped(words: string): string {
  return words.replaceAll(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
