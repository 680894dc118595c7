// Elements: made, changed only where they differ, and a brake for calls.

type Value = string | number | boolean | null | undefined;
type Child = Node | string | number | false | null | undefined | Child[];
type Name =
  | `${"aria" | "data"}-${string}`
  | ("class" | "id" | "for" | "role" | "style" | "tabindex" | "title" | "hidden" | "type" | "value" | "min" | "max")
  | ("step" | "d" | "viewBox" | "points" | "x" | "y" | "width" | "height" | "rx");
export type Attributes = { [name in Name]?: Value } & {
  [event in keyof HTMLElementEventMap as `on${event}`]?: (event: HTMLElementEventMap[event]) => void;
};

/** An element: attributes by name, listeners as onclick etc.; null, undefined and false are left out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

export function vector<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled<Made extends Element>(node: Made, attributes: Attributes, children: Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value as EventListener);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}

function present(children: Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return present(child);
    if (child === null || child === undefined || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}

/** Change an element only where it differs: a page with 8 pictures a second should not lay itself out for nothing. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string | number | boolean): void {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

// every widget has a copy of this module: what two copies count must differ
const copy = Math.random().toString(36).slice(2, 8);
let made = 0;
export const freshId = (): string => `aae-${copy}-${++made}`;

/** At most one call in `ms`; of those in between only the newest counts, and it is never lost. */
export function throttled<Values extends unknown[]>(call: (...values: Values) => void, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let latest: Values;
  let last = 0;
  const run = () => {
    timer = undefined;
    last = performance.now();
    call(...latest);
  };
  const later = (...values: Values) => {
    latest = values;
    timer ??= setTimeout(run, Math.max(0, last + ms - performance.now()));
  };
  const cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return Object.assign(later, { cancel });
}
