/**
 * Files sent to an incident: pasted into an editor, dropped on it, or chosen. Each goes by itself, with how far it is;
 * one that is refused says why and stays said until it is put away. An image then stands in the text, another file as a
 * link; both are ordinary Markdown.
 *   data-upload-url, data-upload-most   on an editor or a form: where files go, and bytes that one may have
 *   data-uploads                        the list of what is under way or was refused
 *   data-upload-choice                  the field that chooses files; data-upload-form: a form that holds nothing else
 */
import { apply } from "./editor.js";
import { showToast } from "./toast.js";

const MEGABYTE = 1024 * 1024;
const AT_ONCE = 20;

/** @param {HTMLElement} place an editor or a form @param {Iterable<File>} files */
async function send(place, files) {
  const all = [...files];
  if (all.length > AT_ONCE) refuse(place, "", `${AT_ONCE} files at once are taken; the first ${AT_ONCE} are sent.`);
  const added = await Promise.all(all.slice(0, AT_ONCE).map((file) => sendOne(place, file)));
  if (!added.some(Boolean)) return;
  document.body.dispatchEvent(new CustomEvent("watchfloor:saved", { bubbles: true }));
}

/** @returns {Promise<boolean>} whether it is attached */
async function sendOne(place, file) {
  const most = Number(place.dataset.uploadMost);
  if (file.size > most) {
    refuse(place, file.name, `is larger than ${Math.round(most / MEGABYTE)} MB, which is allowed. Pack it, or send it in parts.`);
    return false;
  }
  const line = lineFor(place, file.name);
  const field = place.querySelector("textarea");
  const mark = field && putMark(field, file.name);
  try {
    const { files, problems } = await post(place.dataset.uploadUrl, file, line);
    line.remove();
    if (field) replaceMark(field, mark, files.map(inText).join(" "));
    for (const problem of problems) refuse(place, "", problem);
    if (files.length && !field) showToast(`Attached ${files[0].name}`, { kind: "success" });
    return files.length > 0;
  } catch (error) {
    line.remove();
    if (field) replaceMark(field, mark, "");
    refuse(place, file.name, error.message);
    return false;
  }
}

/** How a stored file stands in a text. */
function inText({ name, id, is_image }) {
  const words = name.replace(/[\\[\]]/g, "\\$&");
  return `${is_image ? "!" : ""}[${words}](/attachments/${id}/)`;
}

/** @returns {Promise<{files: object[], problems: string[]}>} */
function post(url, file, line) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
    for (const [name, value] of Object.entries({ ...headers, Accept: "application/json", "HX-Request": "true" })) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", ({ loaded, total }) => (line.querySelector("progress").value = loaded / total));
    request.addEventListener("load", () => {
      if (request.status === 201 || request.status === 422) return resolve(JSON.parse(request.responseText));
      reject(new Error(reasonOf(request)));
    });
    request.addEventListener("error", () => reject(new Error("was not sent: the server cannot be reached. Try again in a moment.")));
    request.addEventListener("abort", () => reject(new Error("was not sent: you stopped it.")));
    line.querySelector("button").addEventListener("click", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name || "image.png");
    request.send(form);
  });
}

function reasonOf(request) {
  if (request.status === 401) return "was not sent: you are signed out. Sign in again; what you typed is kept.";
  if (request.status === 403) return "was not sent: you may not attach files here.";
  if (request.status === 404) return "was not sent: the incident is not there any more, or you may not see it.";
  const words = request.getResponseHeader("Content-Type")?.startsWith("text/plain") ? request.responseText.trim() : "";
  return `was not sent. ${words || "Try again in a moment."}`;
}

// --- in the text ---------------------------------------------------------------------------------------------------

let sent = 0;

/** Holds the place of a file in the text until it is there. */
function putMark(field, name) {
  sent += 1;
  const mark = `[attaching ${name.replace(/[\\[\]\n]/g, " ")} ${sent}…]`;
  const { selectionStart: from, selectionEnd: to } = field;
  const before = from && !/\s/.test(field.value[from - 1]) ? " " : "";
  apply(field, { from, to, text: `${before}${mark} `, start: from + before.length + mark.length + 1, end: from + before.length + mark.length + 1 });
  return mark;
}

function replaceMark(field, mark, text) {
  const at = field.value.indexOf(mark);
  if (at < 0) return;
  const { selectionStart: start, selectionEnd: end } = field;
  const moved = (place) => (place <= at ? place : Math.max(at, place + text.length - mark.length));
  field.setRangeText(text, at, at + mark.length + (text ? 0 : 1));
  field.setSelectionRange(moved(start), moved(end));
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// --- what is said --------------------------------------------------------------------------------------------------

function item(words, button, role) {
  const line = document.createElement("li");
  line.className = "upload";
  const text = document.createElement("span");
  text.className = "upload-words";
  text.textContent = words;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "button-link";
  stop.textContent = button;
  if (role) line.role = role;
  line.append(text, stop);
  return line;
}

function lineFor(place, name) {
  const line = item(`Attaching ${name}`, "Stop");
  const progress = document.createElement("progress");
  progress.ariaLabel = `Attaching ${name}`;
  progress.value = 0;
  line.querySelector("span").after(progress);
  place.querySelector("[data-uploads]").append(line);
  return line;
}

function refuse(place, name, problem) {
  const line = item(name ? `“${name}” ${problem}` : problem, "Put away");
  line.classList.add("upload-refused");
  line.querySelector("button").addEventListener("click", () => line.remove());
  place.querySelector("[data-uploads]").append(line);
}

// --- ways in -------------------------------------------------------------------------------------------------------

const takes = (event) => event.target.closest?.("[data-editor][data-upload-url], [data-upload-form]");
const hasFiles = (data) => [...(data?.types ?? [])].includes("Files");

export function wireUploads() {
  document.addEventListener("paste", (event) => {
    const place = takes(event);
    // text that was copied together with a picture of it is text
    if (!place || !event.clipboardData?.files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    send(place, event.clipboardData.files);
  });
  document.addEventListener("dragover", (event) => {
    const place = takes(event);
    if (!place || !hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    place.dataset.dropping = "";
  });
  for (const name of ["dragleave", "drop", "dragend"]) {
    document.addEventListener(name, (event) => delete takes(event)?.dataset.dropping);
  }
  document.addEventListener("drop", (event) => {
    const place = takes(event);
    if (!place || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    send(place, event.dataTransfer.files);
  });
  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.('[data-tool="files"]');
    tool?.closest("[data-editor]").querySelector("[data-upload-choice]").click();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-upload-choice]")) return;
    const place = takes(event);
    if (!place) return;
    // no field of the form that files were chosen in
    event.stopPropagation();
    const files = [...event.target.files];
    event.target.value = "";
    send(place, files);
  }, { capture: true });
}
