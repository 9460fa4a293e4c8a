// Small comforts for browsers that run scripts. Every page works without this file.
"use strict";

// data-confirm="question": asks before a form is sent.
function askFirst(event) {
  const form = event.target;
  const button = event.submitter;
  const question = (button && button.dataset.confirm) || form.dataset.confirm;
  if (!question || form.dataset.confirmed === "yes" || typeof HTMLDialogElement === "undefined") return;
  event.preventDefault();
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  const text = document.createElement("p");
  text.textContent = question;
  const actions = document.createElement("div");
  actions.className = "form-actions";
  const labels = document.body.dataset;
  const answers = [
    [(button && button.textContent.trim()) || labels.confirm, (button && button.className) || "button", "yes"],
    [labels.cancel, "button button--secondary", "no"],
  ];
  for (const [label, className, value] of answers) {
    const answer = document.createElement("button");
    answer.type = "button";
    answer.className = className;
    answer.textContent = label;
    answer.addEventListener("click", () => dialog.close(value));
    actions.append(answer);
  }
  dialog.append(text, actions);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(button || undefined);
    delete form.dataset.confirmed;
  });
  document.body.append(dialog);
  dialog.showModal();
}

// A form that is on its way cannot be sent a second time; after a while it can, for answers that leave the page
// standing, such as a download.
const RESEND_AFTER_MS = 5000;
function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent === "yes") {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, RESEND_AFTER_MS);
}

// Each form has a value of its own, by which the server knows it when it comes twice. Who goes back is given a new copy of
// the page; what they sent before and send again as it is stays the same form, and what they change is another one.
function rememberSent(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || !form.elements.once) return;
  const sent = { ...history.state?.sent, [form.getAttribute("action")]: form.elements.once.value };
  history.replaceState({ ...history.state, sent }, "");
}
function recogniseSent(form) {
  const before = history.state?.sent?.[form.getAttribute("action")];
  const once = form.elements.once;
  if (!before || !once) return;
  const fresh = once.value;
  once.value = before;
  form.addEventListener("input", () => { once.value = fresh; }, { once: true });
}

// data-count: how many characters are left.
function countCharacters(area) {
  const output = document.createElement("output");
  output.className = "field__count";
  const show = () => { output.textContent = `${area.value.length} / ${area.maxLength}`; };
  area.after(output);
  area.addEventListener("input", show);
  show();
}

// data-preview: thumbnails of the chosen pictures, drawn on canvases so that no blob: address is needed.
function previewFiles(input) {
  const list = document.createElement("div");
  list.className = "previews";
  input.after(list);
  input.addEventListener("change", async () => {
    list.replaceChildren();
    for (const file of Array.from(input.files).slice(0, 10)) {
      const item = document.createElement("div");
      const name = document.createElement("span");
      const canvas = document.createElement("canvas");
      item.className = "preview";
      name.textContent = file.name;
      canvas.width = canvas.height = 192;
      item.append(canvas, name);
      list.append(item);
      try {
        const picture = await createImageBitmap(file);
        const scale = Math.max(192 / picture.width, 192 / picture.height);
        const width = picture.width * scale;
        const height = picture.height * scale;
        canvas.getContext("2d").drawImage(picture, (192 - width) / 2, (192 - height) / 2, width, height);
      } catch {
        canvas.remove();
      }
    }
  });
}

// data-check-all="name": one box that ticks all boxes of that name.
function checkAll(master) {
  master.closest("[hidden]")?.removeAttribute("hidden");
  const boxes = () => document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(master.dataset.checkAll)}"]`);
  master.addEventListener("change", () => boxes().forEach((box) => { box.checked = master.checked; }));
  document.addEventListener("change", (event) => {
    if (event.target.name !== master.dataset.checkAll) return;
    const all = Array.from(boxes());
    master.checked = all.every((box) => box.checked);
    master.indeterminate = !master.checked && all.some((box) => box.checked);
  });
}

// Menus close on Escape and on a click elsewhere.
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const away = event.type === "click" ? !menu.contains(event.target) : event.key === "Escape";
    if (!away) continue;
    if (event.type !== "click" && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

document.addEventListener("submit", askFirst);
document.addEventListener("submit", sendOnce);
document.addEventListener("submit", rememberSent);
if (performance.getEntriesByType("navigation")[0]?.type === "back_forward")
  document.querySelectorAll('form[method="post"]').forEach(recogniseSent);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
document.querySelectorAll("[data-count]").forEach(countCharacters);
document.querySelectorAll("[data-preview]").forEach(previewFiles);
document.querySelectorAll("[data-check-all]").forEach(checkAll);
document.querySelectorAll("[data-auto-submit] select").forEach((select) => {
  select.addEventListener("change", () => select.form.requestSubmit());
});
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();
