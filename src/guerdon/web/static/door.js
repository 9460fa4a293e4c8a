// The door of an event: sends tickets without loading the page anew, and reads them with the camera where the browser
// can. Without this file the form works as any other.
"use strict";

const door = document.querySelector("[data-door]");
const form = door.querySelector("[data-door-form]");
const field = form.querySelector('input[name="code"]');
const PARTS = ["[data-door-verdict]", "[data-door-count]", "[data-door-list]"];
const SAME_AGAIN_MS = 4000;
const LOOK_EVERY_MS = 120;

let sending = Promise.resolve();

// Answers are shown in the order in which tickets were scanned, whichever comes back first.
function send(code) {
  const body = new URLSearchParams(new FormData(form));
  body.set("code", code);
  sending = sending.then(async () => {
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.querySelector("[data-door]")) throw new Error("not the door");
      for (const part of PARTS) {
        const fresh = page.querySelector(part);
        if (fresh) document.querySelector(part).replaceChildren(...fresh.childNodes);
      }
      if (navigator.vibrate) navigator.vibrate(answer.ok ? 60 : [60, 60, 60]);
    } catch {
      field.value = code;
      form.submit();
    }
  });
  return sending;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const code = field.value.trim();
  field.value = "";
  field.focus();
  if (code) send(code);
});

const camera = form.querySelector("[data-door-camera]");
const video = form.querySelector("[data-door-video]");
let stream = null;
let last = { code: "", at: 0 };

function stop() {
  for (const track of stream ? stream.getTracks() : []) track.stop();
  stream = null;
  video.hidden = true;
}

async function look(detector) {
  if (!stream) return;
  try {
    const [found] = await detector.detect(video);
    const now = Date.now();
    // A ticket that is held before the camera is one scan.
    if (found && (found.rawValue !== last.code || now - last.at > SAME_AGAIN_MS)) {
      last = { code: found.rawValue, at: now };
      await send(found.rawValue);
    }
  } catch {
    // A frame that cannot be read is followed by the next one.
  }
  setTimeout(look, LOOK_EVERY_MS, detector);
}

async function start() {
  stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  look(new BarcodeDetector({ formats: ["qr_code"] }));
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  const label = camera.querySelector("span");
  const labels = [label.textContent, camera.dataset.labelStop];
  camera.hidden = false;
  camera.addEventListener("click", async () => {
    try {
      await (stream ? stop() : start());
    } catch {
      camera.hidden = true;
    }
    label.textContent = labels[stream ? 1 : 0];
  });
}
