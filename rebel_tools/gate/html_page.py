"""Style and script of the HTML report. Without scripts the page shows all rows and no filter."""

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }
th[scope=rowgroup] { padding-top: .9rem; font-family: ui-monospace, monospace; }
th, code, li, dd { overflow-wrap: anywhere; }
code, li { font-family: ui-monospace, monospace; font-size: 90%; }
td p { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; } dd { margin: 0; }
form label { margin-right: 1rem; } footer { color: #666; }
.break { color: #b00020; } .risk, .source { color: #8a5a00; } .note { color: #2a6b2a; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; }
.break { color: #ff8a80; } .risk, .source { color: #e6b450; } .note { color: #8fd18f; } footer { color: #999; } }
@media (max-width: 40rem) { thead { display: none; } tr, td, th { display: block; } td { border: 0; padding: 0; } }
"""

SCRIPT = """
const form = document.getElementById("filter"), words = document.getElementById("words");
form.hidden = false;
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", () => {
  const wanted = words.value.toLowerCase();
  const levels = [...form.querySelectorAll("input:checked")].map(box => box.value);
  for (const body of document.querySelectorAll("tbody")) {
    const head = body.querySelector("th");
    const whole = !wanted || (head && head.textContent.toLowerCase().includes(wanted));
    let shown = 0;
    for (const row of body.rows) {
      const cell = row.querySelector("td");
      if (!cell) continue;
      row.hidden = !levels.includes(cell.className) || !(whole || row.textContent.toLowerCase().includes(wanted));
      shown += !row.hidden;
    }
    body.hidden = !shown;
  }
});
"""
