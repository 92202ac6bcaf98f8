// Plays a data flow or shows one step of it: a mark is seen from the step data-first to data-last of its drawing.
export default function ({ parentElement, data }) {
  const find = (selector) => parentElement.querySelector(selector);
  const [button, slider, stage] = [find(".play"), find(".step"), find(".stage")];
  stage.innerHTML = data.pictures.map((picture) => picture.svg).join("");
  const drawings = [...stage.children].map((svg, index) => ({
    svg,
    words: data.pictures[index].words,
    marks: [...svg.querySelectorAll("[data-first]")].map((mark) => [mark, +mark.dataset.first, +mark.dataset.last]),
  }));
  const last = Math.max(...drawings.map((drawing) => drawing.words.length)) - 1;
  let timer = null;

  function show(step) {
    slider.value = step;
    for (const { words, marks } of drawings) {
      const at = Math.min(step, words.length - 1);
      for (const [mark, first, end] of marks) mark.classList.toggle("off", at < first || at > end);
    }
    const said = drawings.map(({ words }) => words[Math.min(step, words.length - 1)]).join("; ");
    slider.setAttribute("aria-valuetext", `Step ${step + 1} of ${last + 1}. ${said}`);
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }

  function play() {
    if (+slider.value === last) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => (+slider.value < last ? show(+slider.value + 1) : pause()), data.step_ms);
  }

  slider.max = last;
  button.onclick = () => (timer ? pause() : play());
  slider.oninput = () => (pause(), show(+slider.value));
  find(".save").onclick = () => saveStep(drawings.map(({ svg }) => svg), data);
  show(Math.min(data.begin, last));
  pause();
  return pause;
}

// The step at hand, the drawings beside each other.
function saveStep(svgs, { name, gap, page }) {
  const parts = svgs.map((svg) => svg.cloneNode(true));
  let width = 0;
  for (const part of parts) {
    for (const hidden of part.querySelectorAll(".off")) hidden.remove();
    part.setAttribute("x", width);
    width += +part.getAttribute("width") + gap;
  }
  const [wide, high] = [width - gap, parts[0].getAttribute("height")];
  const inside = `<rect width="${wide}" height="${high}" fill="${page}"/>${parts.map((part) => part.outerHTML).join("")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}">${inside}</svg>`;
  save(svgBlob(svg), `${name}.svg`);
}
