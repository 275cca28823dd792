// The demo page: sends mail, and draws each scene that the demo tells of.
import { clock, element, readable, showMessage } from "/draw.js";

const find = (id) => document.getElementById(id);
const form = find("form");
const said = find("said");

const SAMPLES = {
  urgent: { from: "boss@acme.example", subject: "Spoed: server down", body: "It has been down since nine." },
  other: { from: "news@shop.example", subject: "Aanbieding van de week", body: "Everything must go." },
};
const BADGE = {
  delivered: ["delivered", "good"],
  sent: ["sent", "good"],
  queued: ["on its way", ""],
  sending: ["on its way", ""],
  uncertain: ["uncertain", "warn"],
};

function fill(sample) {
  for (const [name, value] of Object.entries(SAMPLES[sample])) form.elements[name].value = value;
}

for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", () => fill(button.dataset.sample));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button:not([type])");
  button.disabled = true;
  said.textContent = "";
  try {
    const answer = await fetch("/mail", { method: "POST", body: JSON.stringify(Object.fromEntries(new FormData(form))) });
    said.textContent = answer.ok ? "It stands in the mailbox." : (await answer.json()).problem;
  } catch {
    said.textContent = "The demo is not running any more.";
  } finally {
    button.disabled = false;
  }
});

function drawRule(rule) {
  const box = element("div");
  box.append(element("p", "rule", `${rule.name} ${rule.matched ? "matched" : "did not match"}`));
  const conditions = element("ul", "conditions");
  for (const each of rule.conditions) {
    const item = element("li");
    const words = element("span", "", each.written);
    words.append(" — the mail has ", element("q", "", each.found));
    item.append(element("span", each.holds ? "holds" : "fails", each.holds ? "✓" : "✗"), words);
    conditions.append(item);
  }
  box.append(conditions);
  return box;
}

function drawMail(mail) {
  const item = element("li");
  const head = element("div", "head");
  const [word, tone] = mail.sent.length
    ? BADGE[mail.sent[0].fate] ?? [mail.sent[0].fate, "warn"]
    : ["no message", ""];
  head.append(element("strong", "", mail.subject || "(no subject)"), element("span", `badge ${tone}`, word));
  const time = element("time", "", clock(mail.at));
  time.dateTime = mail.at;
  head.append(time);
  item.append(head, element("p", "soft", `from ${mail.sender}`), ...mail.rules.map(drawRule));
  for (const sent of mail.sent) {
    const paid = sent.paid ? ` Paid with ${sent.paid}.` : "";
    item.append(element("p", "became", `${sent.sentence}${paid}`));
  }
  if (!mail.sent.length) item.append(element("p", "became", mail.reason));
  return item;
}

let shown = false;

function drawScene(scene) {
  if (!scene.standing) return;
  find("number").textContent = readable(scene.number);
  find("parts").textContent = `${scene.standing.parts} of ${scene.plan} parts left`;
  find("held").textContent = scene.standing.parts_held ? `${scene.standing.parts_held} set aside` : "";
  find("meter").max = scene.plan;
  find("meter").value = scene.standing.parts;
  find("balance").textContent = scene.standing.balance || "–";
  find("balance-held").textContent = scene.standing.balance_held ? `${scene.standing.balance_held} set aside` : "";
  find("none").hidden = scene.mails.length > 0;
  find("mails").replaceChildren(...scene.mails.toReversed().map(drawMail));
  for (const message of scene.messages) showMessage(find("messages"), message, shown);
  shown = true;
}

fill("urgent");
const stream = new EventSource("/stream");
stream.addEventListener("open", async () => {
  find("line").textContent = "live";
  drawScene(await (await fetch("/scene")).json());
});
stream.addEventListener("message", (event) => drawScene(JSON.parse(event.data)));
stream.addEventListener("error", () => { find("line").textContent = "not connected; trying again"; });
