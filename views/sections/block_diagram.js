// Shows a block diagram, to be moved, magnified and opened, and saves it as it is drawn: as SVG, or as PNG at twice its size.
const STEP = 1.3, MOST = 12, CLICK = 4;

export default function ({ parentElement, data, setTriggerValue }) {
  const frame = parentElement.querySelector(".diagram");
  const button = (name) => parentElement.querySelector(`.${name}`);
  if (frame.dataset.svg !== data.svg) {
    const focused = frame.querySelector("[data-open]:focus")?.dataset.open;
    frame.innerHTML = frame.dataset.svg = data.svg;
    if (focused) frame.querySelector(`[data-open="${CSS.escape(focused)}"]`)?.focus();
  }
  frame.classList.toggle("wide", data.wide);
  button("svg").onclick = () => save(svgBlob(data.svg), `${data.name}.svg`);
  button("png").onclick = async () => save(await pngBlob(data.svg), `${data.name}.png`);
  const view = movable(frame.querySelector("svg"));
  button("in").onclick = () => view.zoom(STEP);
  button("out").onclick = () => view.zoom(1 / STEP);
  button("fit").onclick = view.fit;
  frame.onclick = (event) => !view.wasDragged() && open(event.target.closest("[data-open]"));
  frame.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(event.target.closest("[data-open]"));
  };
  const open = (part) => part && setTriggerValue("opened", part.dataset.open);
}

// Moves a picture under the pointer, and magnifies it: with Ctrl and the wheel, or two fingers on a touchpad.
function movable(svg) {
  const whole = svg.viewBox.baseVal, { x, y, width, height } = whole, all = { x, y, width, height };
  let from = null, dragged = false;
  const fit = () => Object.assign(whole, all);
  const zoom = (factor, at = { x: whole.x + whole.width / 2, y: whole.y + whole.height / 2 }) => {
    const wide = Math.max(all.width / MOST, Math.min(all.width, whole.width / factor)), by = wide / whole.width;
    if (wide === all.width) return fit();
    Object.assign(whole, {
      x: at.x - (at.x - whole.x) * by, y: at.y - (at.y - whole.y) * by, width: wide, height: whole.height * by,
    });
  };
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  svg.onwheel = (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), point(event));
  };
  svg.onpointerdown = (event) => { from = point(event); from.screen = [event.clientX, event.clientY]; dragged = false; };
  svg.onpointermove = (event) => {
    if (!from || !event.buttons) return;
    if (Math.hypot(event.clientX - from.screen[0], event.clientY - from.screen[1]) > CLICK) dragged = true;
    if (!dragged || whole.width === all.width) return;
    const to = point(event);
    whole.x += from.x - to.x;
    whole.y += from.y - to.y;
  };
  svg.onpointerup = svg.onpointerleave = () => { from = null; };
  return { zoom, fit, wasDragged: () => dragged };
}
