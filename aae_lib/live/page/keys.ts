// Keys that are pressed in the panel: single ones are the panel's, those with Ctrl or Cmd the notebook's.

const ATTRIBUTE = "data-lm-suppress-shortcuts"; // JupyterLab takes no keys of elements below one with this
const EDITING = "acvxyz"; // with Ctrl, in a box or on the pad: ours too

export const ours = ({ ctrlKey, metaKey, key }: Pick<KeyboardEvent, "ctrlKey" | "metaKey" | "key">): boolean =>
  !(ctrlKey || metaKey) || EDITING.includes(key.toLowerCase());

/** Keep these keys from JupyterLab, and let it have the others, such as Ctrl+S. Returns a function that ends this. */
export function keepKeys(root: HTMLElement): () => void {
  const before = (event: KeyboardEvent) => root.toggleAttribute(ATTRIBUTE, ours(event));
  const after = (event: KeyboardEvent) => ours(event) && event.stopPropagation();
  window.addEventListener("keydown", before, { capture: true }); // JupyterLab listens on the document, capturing
  root.addEventListener("keydown", after);
  return () => {
    window.removeEventListener("keydown", before, { capture: true });
    root.removeEventListener("keydown", after);
  };
}
