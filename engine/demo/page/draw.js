// Draws messages on a phone. Text only ever goes in as text: nothing that was sent can become markup.

const STATUS = {
  taken: "received",
  delivered: "delivered",
  undelivered: "not delivered",
  phone_off: "phone off",
  phone_full: "memory full",
};

export function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function clock(moment) {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

// +32470000001 -> +32 470 00 00 01: for reading only; other countries are grouped in threes.
export function readable(number) {
  const belgian = /^\+32(4\d\d)(\d\d)(\d\d)(\d\d)$/.exec(number);
  if (belgian) return `+32 ${belgian.slice(1).join(" ")}`;
  return number.replace(/^(\+\d{2})(\d+)$/, (_, land, rest) => `${land} ${rest.replace(/(\d{3})(?=\d)/g, "$1 ")}`);
}

function drawMessage(message) {
  const item = element("li");
  item.dataset.id = message.id;
  const kind = message.channel === "sms" ? "" : ` · ${message.channel}`;
  item.append(
    element("p", "from", (message.from || "unknown") + kind),
    element("p", "text", message.text),
  );
  const parts = message.parts > 1 ? ` · ${message.parts} parts` : "";
  const fate = element("p", "fate", `${clock(message.at)} · ${STATUS[message.status] ?? message.status}${parts}`);
  fate.dataset.status = message.status;
  item.append(fate);
  return item;
}

// Puts `message` on `list`, or draws it anew where it already stands. `live`: it arrives now.
export function showMessage(list, message, live) {
  const drawn = drawMessage(message);
  const standing = [...list.children].find((item) => item.dataset.id === message.id);
  if (standing) {
    standing.replaceWith(drawn);
    return;
  }
  if (live) drawn.classList.add("new");
  list.append(drawn);
  list.scrollTop = list.scrollHeight;
}
