"""Sheet: an empty document in a sandbox, which writes into itself the report that the page sends to it.

So a report has an origin of its own: it reaches neither the page nor the key that the page holds. A frame cannot carry
a key, so the page fetches the report and hands it over.
"""

FRAME = """
"use strict";
addEventListener("message", event => {
  if (event.source !== parent || typeof event.data !== "string") return;
  document.open();
  document.write(event.data);
  document.close();
});
parent.postMessage("ready", "*");
"""

HTML = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"/><title>-</title></head>'
    f"<body><script>{FRAME}</script></body></html>\n"
)
