// Sends one file to our own route, as a stream, with its progress; names are shown as text only.
const uploaders = new WeakMap();

export default function (component) {
  const { parentElement: root, data, setTriggerValue } = component;
  let uploader = uploaders.get(root);
  if (!uploader) {
    uploader = create(root);
    uploaders.set(root, uploader);
  }
  uploader.data = data;
  uploader.done = (id) => setTriggerValue("uploaded", id);
  uploader.hint.textContent = data.hint;
  return () => uploader.request?.abort();
}

function create(root) {
  const find = (selector) => root.querySelector(selector);
  const uploader = {
    drop: find(".drop"), input: find("input"), chosen: find(".chosen"), name: find(".name"),
    bar: find("progress"), state: find(".state"), send: find(".send"), cancel: find(".cancel"),
    problem: find(".problem"), hint: find(".hint"), file: null, request: null,
  };
  uploader.input.addEventListener("change", () => choose(uploader, uploader.input.files[0]));
  for (const kind of ["dragenter", "dragover"]) {
    uploader.drop.addEventListener(kind, (event) => {
      event.preventDefault();
      uploader.drop.classList.add("over");
    });
  }
  uploader.drop.addEventListener("dragleave", () => uploader.drop.classList.remove("over"));
  uploader.drop.addEventListener("drop", (event) => {
    event.preventDefault();
    uploader.drop.classList.remove("over");
    choose(uploader, event.dataTransfer.files[0]);
  });
  uploader.send.addEventListener("click", () => send(uploader));
  uploader.cancel.addEventListener("click", () => reset(uploader));
  return uploader;
}

function choose(uploader, file) {
  if (!file) return;
  uploader.file = file;
  uploader.problem.hidden = true;
  uploader.name.textContent = `${file.name} (${size(file.size)})`;
  uploader.state.textContent = "";
  uploader.drop.hidden = true;
  uploader.chosen.hidden = false;
  if (file.size > uploader.data.most) {
    fail(uploader, `This file is larger than ${size(uploader.data.most)}. Export it as MP3 or M4A and try again.`);
    uploader.send.hidden = true;
  } else {
    uploader.send.hidden = false;
    uploader.send.focus();
  }
}

function send(uploader) {
  const { data, file } = uploader;
  const request = new XMLHttpRequest();
  uploader.request = request;
  uploader.problem.hidden = true;
  uploader.send.hidden = true;
  uploader.cancel.textContent = "Stop";
  uploader.bar.hidden = false;
  request.open("PUT", data.url);
  request.setRequestHeader("X-Attune-Right", data.right);
  request.setRequestHeader("X-Attune-Name", encodeURIComponent(file.name));
  request.setRequestHeader("X-Attune-Setup", encodeURIComponent(data.setup));
  request.setRequestHeader("X-Attune-Material", encodeURIComponent(data.material));
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    uploader.bar.value = event.loaded / event.total;
    uploader.state.textContent = `Uploading: ${Math.round((100 * event.loaded) / event.total)} %`;
  });
  request.addEventListener("load", () => {
    if (request.status === 201) {
      uploader.state.textContent = "Uploaded.";
      const { id } = JSON.parse(request.responseText);
      reset(uploader);
      uploader.done(id);
    } else {
      fail(uploader, `Not uploaded: ${request.responseText || `the server answered ${request.status}`}.`);
    }
  });
  request.addEventListener("error", () =>
    fail(uploader, "Not uploaded: Attune can't be reached. Is it still running?"));
  request.send(file);
}

function fail(uploader, text) {
  uploader.request = null;
  uploader.problem.textContent = text;
  uploader.problem.hidden = false;
  uploader.bar.hidden = true;
  uploader.state.textContent = "";
  uploader.send.hidden = false;
  uploader.cancel.textContent = "Choose another file";
}

function reset(uploader) {
  uploader.request?.abort();
  uploader.request = null;
  uploader.file = null;
  uploader.input.value = "";
  uploader.bar.hidden = true;
  uploader.bar.value = 0;
  uploader.state.textContent = "";
  uploader.cancel.textContent = "Choose another file";
  uploader.chosen.hidden = true;
  uploader.drop.hidden = false;
  uploader.problem.hidden = true;
}

function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
}
