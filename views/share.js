// Saves a chart of the page as a card: title, finding, picture, source and link; as SVG, or as PNG at twice its size.
const NS = "http://www.w3.org/2000/svg";
const PAD = 24, LEAST_WIDTH = 560;
const FONT = "'Source Sans', 'Source Sans 3', 'Source Sans Pro', Arial, sans-serif";

export default function ({ parentElement }) {
  const menu = parentElement.querySelector("details"), list = parentElement.querySelector("ul");
  menu.ontoggle = () => menu.open && list.replaceChildren(...charts().map(entry));
  menu.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  };
}

function charts() {
  return [...document.querySelectorAll(".js-plotly-plot")].filter((chart) => chart.checkVisibility());
}

function entry(chart) {
  const item = document.createElement("li"), title = titleOf(chart);
  item.append(title);
  const buttons = document.createElement("span");
  for (const [name, make] of [["PNG", pngBlob], ["SVG", svgBlob]]) {
    const button = document.createElement("button");
    button.textContent = name;
    button.setAttribute("aria-label", `Save “${title}” as ${name}`);
    button.onclick = async () => save(await make(await card(chart)), `${slug(title)}.${name.toLowerCase()}`);
    buttons.append(button, " ");
  }
  item.append(buttons);
  return item;
}

// What the page says of a chart.
const main = () => document.querySelector('[data-testid="stMainBlockContainer"]');
const textOf = (element) => (element ? element.innerText.replace(/[ \n\t]+/g, " ").trim() : "");

function titleOf(chart) {
  const tab = document.getElementById(chart.closest('[role="tabpanel"]')?.getAttribute("aria-labelledby"));
  if (tab && textOf(tab) !== "Chart") return textOf(tab);
  const above = [...main().querySelectorAll("h1, h2")].filter(
    (each) => each.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return textOf(above.at(-1)) || "DenseScope";
}

function paragraphs(within) {
  return [...main().querySelectorAll(`${within} p`)].filter((each) => each.checkVisibility());
}

const finding = () => textOf(paragraphs('[data-testid="stMarkdown"]').find((each) => !each.closest('[data-testid="stCaptionContainer"]')));
const source = () => textOf(paragraphs('[data-testid="stCaptionContainer"]').find((each) => /^(Counted|Published|Measured|Predicted)/.test(each.innerText)));

// The card.
async function card(chart) {
  const box = chart.getBoundingClientRect(), page = getComputedStyle(document.querySelector(".stApp"));
  const width = Math.max(box.width, LEAST_WIDTH), svg = node("svg", { xmlns: NS, "font-family": FONT, fill: page.color });
  svg.append(node("style", {}, await fontFace()));
  const background = svg.appendChild(node("rect", { width: "100%", height: "100%", fill: page.backgroundColor }));
  let y = PAD;
  const write = (text, size, more = {}) => {
    for (const line of wrapped(text, width, `${more["font-weight"] || ""} ${size}px ${FONT}`)) {
      y += 1.35 * size;
      svg.append(node("text", { x: PAD, y: y - 0.35 * size, "font-size": size, ...more }, line));
    }
  };
  const title = titleOf(chart);
  svg.prepend(node("title", {}, title));
  write(title, 18, { "font-weight": 600 });
  y += 4;
  write(finding(), 14);
  y += 12;
  const picture = svg.appendChild(node("g", { transform: `translate(${PAD}, ${y})` }));
  picture.append(...layers(chart, box));
  y += box.height + 12;
  write(source(), 12, { opacity: 0.8 });
  write(`DenseScope: ${location.href}`, 12, { opacity: 0.8 });
  const size = { width: Math.ceil(width + 2 * PAD), height: Math.ceil(y + PAD - 6) };
  for (const [name, value] of Object.entries(size)) {
    svg.setAttribute(name, value);
    background.setAttribute(name, value);
  }
  svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  return new XMLSerializer().serializeToString(svg);
}

// Plotly draws in layers: several SVGs, and canvases where it draws by WebGL.
function layers(chart, box) {
  return [...chart.querySelectorAll(".main-svg, canvas")].map((layer) => {
    const own = layer.getBoundingClientRect();
    const place = { x: own.x - box.x, y: own.y - box.y, width: own.width, height: own.height };
    if (layer.tagName === "CANVAS") return node("image", { ...place, href: layer.toDataURL() });
    const copy = layer.cloneNode(true);
    copy.removeAttribute("style");
    const names = copy.querySelectorAll(".annotation");  // those that the page hides are not shown here either
    layer.querySelectorAll(".annotation").forEach((each, n) => {
      if (getComputedStyle(each).display === "none") names[n].remove();
    });
    copy.querySelectorAll(".hoverlayer, .drag").forEach((each) => each.remove());
    for (const [name, value] of Object.entries(place)) copy.setAttribute(name, value);
    return copy;
  });
}

function node(name, attributes, text = "") {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) if (key !== "xmlns") made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// Lines that fit; a link breaks anywhere.
function wrapped(text, width, font) {
  const context = document.createElement("canvas").getContext("2d"), lines = [];
  context.font = font;
  let line = "";
  for (const piece of text.match(/[^ ]{1,24} ?/g) || []) {
    if (line && context.measureText(line + piece.trimEnd()).width > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += piece;
  }
  return line ? [...lines, line.trimEnd()] : lines;
}

// The page's font, so that the card looks the same where it is not installed.
async function fontFace() {
  const used = performance.getEntriesByType("resource").find((each) => /SourceSansVF-Upright.*woff2/.test(each.name));
  if (!used) return "";
  const bytes = new Uint8Array(await (await fetch(used.name)).arrayBuffer());
  const text = bytes.reduce((all, byte) => all + String.fromCharCode(byte), "");
  return `@font-face { font-family: "Source Sans"; font-weight: 200 900; src: url(data:font/woff2;base64,${btoa(text)}); }`;
}

// Files.
const slug = (title) => title.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_|_$/g, "").toLowerCase() || "chart";
