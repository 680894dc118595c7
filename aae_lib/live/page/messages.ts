// What travels between Python and the page. Python's side: wire.py, Panel._spec, Run.spec, Run.about.

import shared from "../static/shared.json";

export type Dtype = keyof typeof shared.dtypes;
export type View = keyof typeof shared.views;
export type Point = [x: number, y: number];
export type Extent = [left: number, right: number, bottom: number, top: number];
export type Hex = string; // "#rrggbb"
export type ImageShape = [height: number, width: number, channels: number];

export const PAD_EXTENT = shared.pad_extent as Extent; // of the plane that Python paints a drawing in
export const NO_LABEL = shared.no_label;
export const ANSWER_EVERY = shared.answer_every; // pictures: an answer costs the kernel time

// ---- the model's traits ----

export interface Phase {
  name: string;
  colour: Hex;
  moves: string[]; // networks
}

export interface Slider {
  key: string[]; // where the value is in the settings
  label: string;
  group: string;
  min: number;
  max: number;
  scale: "linear" | "square" | "log" | "whole";
  default: number;
  value: number;
  help: string;
  colour: Hex | null;
}

export interface RunSpec {
  name: string;
  phases: Phase[];
  networks: string[];
  dots: "codes" | "points"; // what is drawn over the prior: points where there is no encoder
  sliders: Slider[];
  surface: boolean;
  arrows: string[]; // the phases that have some
  mmd: boolean;
  categories: number | null;
  latent_dim: number;
  plane_options: [name: string, axes: unknown][] | null;
}

export interface Tug {
  a: string; // the two phases
  b: string;
}

export interface Spec {
  large: boolean;
  view: View;
  title: string;
  image: ImageShape | null;
  classes: [label: number, name: string, colour: Hex][];
  colours: Record<"prior" | "real" | "fake", Hex>;
  runs: RunSpec[];
  forked: boolean; // the second run is a fork of the first
  tug: Tug | null;
  priors: string[];
  can_draw: boolean;
  max_steps: number;
}

/** A stroke of a round brush, in units of z. */
export interface Stroke {
  width: number;
  points: Point[];
}

// ---- Python to page ----

export type Status = "paused" | "playing" | "slow" | "waiting" | "done" | "failed" | "stopped" | "past";
export type Overlay = "surface" | "arrows" | "images" | "predicted";
export type Setting = number | { [name: string]: Setting };
export type Settings = { weights: Record<string, number>; [name: string]: Setting };

export interface State {
  status: Status;
  message: string;
  error: string; // a traceback
  max_steps: number;
  more: number; // steps that "go on" adds, once all are done; else 0
  marks: number[]; // steps that can be looked back at
  at: number | null; // which of them is shown; null: now
  rate: number; // steps a second
  overlays: Partial<Record<Overlay, boolean>>;
}

/** The numbers beside the picture of one run. */
export interface RunInfo {
  step: number;
  settings: Settings; // that the last step used, or if planned the next one will
  planned: boolean;
  chosen: Settings; // that the next one will use
  extent: Extent;
  axes: [string, string];
  prior: string;
  mmd: number | null;
  mmd_at: number | null; // the step at which it was taken
  floor: [mean: number, sd: number] | null;
  lit: string | null; // the phase that was run last
  moved: Record<string, number> | null; // how far it moved each network
  in_step: boolean;
}

/** One array: it is in the buffer of the same number. */
export interface LayerHead {
  run: number;
  name: string;
  dtype: Dtype;
  shape: number[];
}

export interface Frame {
  kind: "frame";
  n: number;
  full: boolean; // with every layer
  state: State;
  runs: RunInfo[];
  layers: LayerHead[];
}

/** Of the place pointed at; its buffers: the decoded image, and the nearest real one. */
export interface PointAnswer {
  kind: "point";
  run: number;
  z: Point;
  near: { label: number; distance: number; category?: number } | null;
}

/** The wish of this ticket, and all before it, have been fulfilled or refused. */
export interface Served {
  kind: "served";
  ticket: string;
}

export type FromPython = Frame | PointAnswer | Served | { kind: "say"; text: string };

// ---- page to Python; a wish is sent with a ticket of its own, see line.ts ----

export type Wish =
  | { do: "hello" | "play" | "go_on" | "pause" | "step" | "reset" | "stop" | "live" | "fork" | "join_runs" }
  | { do: "seen"; n: number }
  | { do: "slow"; on: boolean }
  | { do: "set"; run: number; key: string[]; value: number }
  | { do: "tug"; run: number; value: number }
  | { do: "prior"; name: string }
  | { do: "draw"; strokes: Stroke[] }
  | { do: "scrub"; at: number }
  | { do: "point"; run: null }
  | { do: "point"; run: number; x: number; y: number }
  | { do: "overlay"; name: Overlay; on: boolean }
  | { do: "axes"; run: number; choice: number };

export type Send = (wish: Wish) => void;

/** The part of anywidget's model that is used here. */
export interface Model<Traits> {
  get<Name extends keyof Traits>(name: Name): Traits[Name];
  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: "msg:custom", heard: (content: FromPython, buffers?: Buffer[]) => void): void;
  on(event: string, heard: () => void): void;
  off(event: "msg:custom", heard: (content: FromPython, buffers?: Buffer[]) => void): void;
  off(event: string, heard: () => void): void;
}

export interface Context<Traits> {
  model: Model<Traits>;
  el: HTMLElement;
}

export type Buffer = ArrayBuffer | ArrayBufferView<ArrayBuffer>; // how bytes come is up to the notebook program
