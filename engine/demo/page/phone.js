// The phone, live: reads every message when the line is up, then follows what happens.
import { element, readable, showMessage } from "/draw.js";

const list = document.getElementById("messages");
const number = document.getElementById("number");
const numbers = document.getElementById("numbers");
const line = document.getElementById("line");
const messages = new Map();
let chosen = "";

function offerNumbers() {
  const all = [...new Set([...messages.values()].map((message) => message.to))];
  if (!all.includes(chosen)) chosen = all.at(-1) ?? "";
  number.textContent = chosen ? readable(chosen) : "No messages yet";
  number.hidden = all.length > 1;
  numbers.hidden = all.length < 2;
  if (numbers.options.length !== all.length) {
    numbers.replaceChildren(...all.map((each) => {
      const option = element("option", "", readable(each));
      option.value = each;
      return option;
    }));
  }
  numbers.value = chosen;
}

function redraw() {
  list.replaceChildren();
  for (const message of messages.values()) if (message.to === chosen) showMessage(list, message, false);
}

function take(message) {
  messages.set(message.id, message);
  const before = chosen;
  offerNumbers();
  if (before !== chosen) redraw();
  else if (message.to === chosen) showMessage(list, message, true);
}

numbers.addEventListener("change", () => {
  chosen = numbers.value;
  redraw();
});

const stream = new EventSource("/messages/stream");
stream.addEventListener("open", async () => {
  line.textContent = "live";
  for (const message of await (await fetch("/messages")).json()) messages.set(message.id, message);
  offerNumbers();
  redraw();
});
stream.addEventListener("message", (event) => take(JSON.parse(event.data)));
stream.addEventListener("error", () => { line.textContent = "not connected; trying again"; });
