import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface RowsProps {
  readonly count: number;
  /** Of each row, in pixels. */
  readonly rowHeight: number;
  readonly render: (index: number) => ComponentChildren;
  /** This row is kept in sight whenever it changes. */
  readonly shown?: number | null;
  readonly class?: string;
}

/** Rows beyond what can be seen, on each side. */
const spare = 6;

/** A list of any length: only the rows in sight are in the document. */
export function Rows({ count, rowHeight, render, shown = null, class: className = "" }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 400 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setSight({ top: element.scrollTop, height: element.clientHeight });
    const size = new ResizeObserver(look);
    size.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      size.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || shown === null || shown < 0) return;
    const top = shown * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
  }, [shown, rowHeight]);
  const first = Math.max(0, Math.floor(sight.top / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((sight.top + sight.height) / rowHeight) + spare);
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  return (
    <div class={`rows ${className}`} ref={box}>
      <div class="rows-all" role="presentation" style={{ height: `${count * rowHeight}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {indexes.map(render)}
        </div>
      </div>
    </div>
  );
}
