// What the browser loads for either widget: a panel is told by its trait `spec`, all else is a pad.

import "./panel.css";
import "./pad.css";
import type { Context } from "./messages";
import { type PadTraits, renderPad } from "./pad_widget";
import { type PanelTraits, renderPanel } from "./panel_widget";

function render(context: Context<PanelTraits> | Context<PadTraits>): () => void {
  return isPanel(context) ? renderPanel(context) : renderPad(context);
}

const isPanel = (context: Context<PanelTraits> | Context<PadTraits>): context is Context<PanelTraits> =>
  Boolean((context as Context<PanelTraits>).model.get("spec"));

export default { render };
