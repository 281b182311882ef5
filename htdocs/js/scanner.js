/* A scanner types as a keyboard does, only faster than anybody's hands, and ends in Enter. What it types never lands in the
 * field that has the focus: it goes to the scan box. */
const GAP_MS = 40;
const CODE = /#n=\d{8}|^\d{8}$|^\d{17}[\dXx]$|^\d{8}\/\d+(\/[0-9A-Fa-f]{8})?$|^GKR\/\d{8}\/\d+$/;

let text = "";
let last = 0;
let field = null;
let before = "";

/* `found(text)` is called with each code; fields that wait for codes themselves are marked data-scans. */
export function onScan(found) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const now = event.timeStamp;
    if (event.key.length === 1) {
      if (now - last > GAP_MS) {
        text = "";
        field = event.target;
        before = field.value ?? "";
      }
      text += event.key;
    } else if (event.key === "Enter" && now - last <= GAP_MS && text.length >= 8 && CODE.test(text) && !field?.closest?.("[data-scans]")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (field?.isConnected && "value" in field && field.value !== before) {
        field.value = before;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      const code = text;
      text = "";
      found(code);
    }
    if (event.key !== "Shift") last = now;
  }, true);
}
