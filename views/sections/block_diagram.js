// Shows a block diagram, and saves it as it is drawn: as SVG, or as PNG at twice its size.
const SCALE = 2;

export default function ({ parentElement, data }) {
  parentElement.querySelector(".diagram").innerHTML = data.svg;
  parentElement.querySelector(".svg").onclick = () => save(svgBlob(data.svg), `${data.name}.svg`);
  parentElement.querySelector(".png").onclick = async () => save(await pngBlob(data.svg), `${data.name}.png`);
}

function svgBlob(svg) {
  return new Blob([svg], { type: "image/svg+xml" });
}

async function pngBlob(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * image.width;
  canvas.height = SCALE * image.height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
