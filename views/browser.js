// What only the browser can do: keep designs, make one entry of its history a page, and tell of another theme.
const PAGES = '[data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]';
const places = { shelf: () => localStorage, bench: () => sessionStorage };
let session, colour, tell;

export default function ({ data, parentElement, setTriggerValue }) {
  tell = (what, value) => whenDone(() => setTriggerValue(what, value));
  const before = colour;
  colour = getComputedStyle(parentElement.host ?? parentElement).getPropertyValue("--st-background-color");
  if (before && before !== colour) tell("theme", colour);
  if (session !== data.session) {
    session = data.session;
    const kept = Object.fromEntries(Object.keys(places).map((name) => [name, read(name)]));
    if (Object.values(kept).some(Boolean)) return tell("kept", kept); // it comes back with what is there already
  }
  Object.keys(places).forEach((name) => write(name, data[name]));
}

// A run that is cut short leaves widgets behind that hold their defaults, and send them as if somebody had chosen them.
function whenDone(act) {
  const state = document.querySelector('[data-testid="stApp"]').dataset.testScriptState;
  if (state === "notRunning") act();
  else setTimeout(whenDone, 50, act);
}

// A browser may forbid storage, or have none left: then nothing is kept.
function read(name) {
  try {
    return places[name]().getItem(`densescope ${name}`);
  } catch {
    return null;
  }
}

function write(name, text) {
  try {
    if (text) places[name]().setItem(`densescope ${name}`, text);
    else places[name]().removeItem(`densescope ${name}`);
  } catch {}
}

// Another tab has put something on the shelf.
addEventListener("storage", ({ key, newValue }) => key === "densescope shelf" && tell("kept", { shelf: newValue }));

// Streamlit pushes every correction of a link, so that Back would lead through half-made ones: within a page they
// replace, and the page that is left gets back the link that it had when somebody last acted on it.
const push = history.pushState.bind(history);
const replace = history.replaceState.bind(history);
let settled = location.href;
const settle = () => (settled = location.href);
["pointerdown", "keydown", "popstate"].forEach((event) => addEventListener(event, settle, true));
history.replaceState = (state, title, url) => {
  replace(state, title, url);
  settle();
};
history.pushState = (state, title, url) => {
  if (new URL(url, location.href).pathname === location.pathname) return replace(state, title, url);
  replace(history.state, "", settled);
  push(state, title, url);
  settle();
};

// Between the sidebar's many stops and the content: the way to the pages.
const skip = document.querySelector('[data-testid="stSkipToContent"]');
if (skip) {
  const link = skip.cloneNode();
  link.dataset.testid = "skip-to-pages";
  link.textContent = "Skip to navigation";
  link.onclick = (event) => {
    event.preventDefault();
    [...document.querySelectorAll(PAGES)].find((page) => page.offsetParent)?.focus();
  };
  skip.before(link);
}

// Streamlit's selection takes a text that equals what is chosen for untouched, and drops it at the next letter: what was
// typed goes past that text instead.
let typed = false;
let chosen = "";
const setText = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
["focusin", "pointerdown", "keydown"].forEach((event) =>
  addEventListener(event, ({ key, isTrusted }) => {
    if (isTrusted && (!key || key === "Enter")) typed = false;
  }, true),
);
addEventListener("beforeinput", (event) => {
  const box = event.target;
  if (box.role !== "combobox" || !event.data) return;
  if (typed && chosen && box.value === chosen) {
    event.preventDefault();
    const text = box.value.slice(0, box.selectionStart) + event.data + box.value.slice(box.selectionEnd);
    for (const each of [chosen.slice(0, -1), text]) {
      setText.call(box, each);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } else if (!typed) chosen = box.value;
  typed = true;
}, true);
