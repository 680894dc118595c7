// The pad alone, as a widget: its strokes and extent are the model's. Several views of one model show the same.

import type { Context, Extent, Stroke } from "./messages";
import { drawingPad } from "./pad";

export interface PadTraits {
  strokes: Stroke[];
  extent: Extent;
}

export function renderPad({ model, el }: Context<PadTraits>): () => void {
  const pad = drawingPad(el, {
    extent: model.get("extent"),
    strokes: model.get("strokes"),
    onChange(strokes) {
      model.set("strokes", strokes);
      model.save_changes();
    },
  });
  const strokes = () => pad.setStrokes(model.get("strokes"));
  const extent = () => pad.setExtent(model.get("extent"));
  model.on("change:strokes", strokes);
  model.on("change:extent", extent);
  return () => {
    model.off("change:strokes", strokes);
    model.off("change:extent", extent);
    pad.destroy();
  };
}
