// Light or dark, and the colours and sizes that canvases need.

import { luminance, readable } from "./colours";
import type { Hex, Spec } from "./messages";

/** Whether the page around is dark: JupyterLab says so on the body, VS Code too; else what the system prefers. */
function isDark(): boolean {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return vscodeThemeKind.includes("dark") || vscodeThemeKind === "vscode-high-contrast";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Keep root's data-theme right; `changed` is called after each change. Returns a function that ends this. */
export function followTheme(root: HTMLElement, changed: () => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    changed();
  };
  const observer = new MutationObserver(update);
  const told = ["data-jp-theme-light", "data-vscode-theme-kind"];
  observer.observe(document.body, { attributes: true, attributeFilter: told });
  query.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    query.removeEventListener("change", update);
  };
}

export interface Theme {
  dark: boolean;
  scale: number; // 1, and larger in large mode
  surface: number; // how opaque D's surface is where it is surest
  font: string;
  ground: Hex;
  ink: Hex;
  quiet: Hex;
  line: Hex;
  axis: Hex;
  prior: Hex;
  real: Hex;
  fake: Hex;
  classes: Map<number, Hex>; // by label
  onPlot(hex: Hex): Hex;
  stroke(hex: Hex | null | undefined): Hex; // none: the colour of text
  text(hex: Hex | null | undefined): Hex;
}

/** The theme, read from the custom properties of root and from the spec. */
export function themeOf(root: HTMLElement, spec: Spec): Theme {
  const style = getComputedStyle(root);
  const dark = root.dataset.theme === "dark";
  const read = (name: string) => style.getPropertyValue(`--aae-${name}`).trim();
  const [ground, ink] = [read("plot"), read("text")];
  const onPlot = (hex: Hex) => {
    if (!dark) return hex;
    return luminance(hex) < 0.001 ? "#ffffff" : readable(hex, ground, 3); // black turns to white, not to one more grey
  };
  return {
    dark,
    scale: root.classList.contains("is-large") ? 1.3 : 1,
    surface: Number(read("surface")),
    font: style.fontFamily,
    ground,
    ink,
    quiet: read("faint"),
    line: read("line"),
    axis: read("axis"),
    prior: readable(dark ? read("prior") : spec.colours.prior, ground, 3.2),
    real: onPlot(spec.colours.real),
    fake: onPlot(spec.colours.fake),
    classes: new Map(spec.classes.map(([label, , hex]) => [label, onPlot(hex)])),
    onPlot,
    stroke: (hex) => readable(hex ?? ink, ground, 3),
    text: (hex) => readable(hex ?? ink, ground, 4.5),
  };
}
