// The peer's answer for one calendar: `node peer.mjs < {"text", "from", "to"}`, with TZ as the account's zone.
// Needs `npm install ical.js@2.2.1`. Prints [[uid, start, end], ...], times in UTC, or fails.
import ICAL from 'ical.js';
import { readFileSync } from 'node:fs';

// Many programs write a day without VALUE=DATE.
ICAL.design.strict = false;

const { text, from, to } = JSON.parse(readFileSync(0, 'utf8'));
const parsed = ICAL.parse(text);
const calendars = (Array.isArray(parsed[0]) ? parsed : [parsed]).map((each) => new ICAL.Component(each));
const begin = new Date(from), end = new Date(to);
const stamp = (time) => time.toJSDate().toISOString().replace(/[-:]|\.\d+/g, '');
const found = [];

function add(uid, first, last) {
  const start = first.toJSDate(), stop = last.toJSDate();
  if (start < end && (stop > begin || start >= begin)) found.push([uid, stamp(first), stamp(last)]);
}

for (const calendar of calendars) {
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
}
// Of several versions of an appointment the newest counts (RFC 5545 3.8.7.4); one without a start is none.
const sequence = (each) => each.getFirstPropertyValue('sequence') ?? -1;
for (const calendar of calendars) {
  const series = new Map();
  for (const each of calendar.getAllSubcomponents('vevent').filter((one) => one.hasProperty('dtstart'))) {
    const uid = each.getFirstPropertyValue('uid') ?? '';
    if (!series.has(uid)) series.set(uid, { masters: [], changed: [] });
    series.get(uid)[each.hasProperty('recurrence-id') ? 'changed' : 'masters'].push(each);
  }
  for (const [uid, { masters, changed }] of series) {
    for (const each of masters.length ? [] : changed) {
      const event = new ICAL.Event(each);
      add(uid, event.startDate, event.endDate);
    }
    masters.sort((one, other) => sequence(other) - sequence(one));
    for (const master of uid ? masters.slice(0, 1) : masters) {
      const event = new ICAL.Event(master, { exceptions: changed });
      if (!event.isRecurring()) {
        add(uid, event.startDate, event.endDate);
        continue;
      }
      const iterator = event.iterator();
      for (let next = iterator.next(), count = 0; next && count < 50000; next = iterator.next(), count += 1) {
        if (next.toJSDate() > new Date(end.getTime() + 86400e3 * 40)) break;
        const details = event.getOccurrenceDetails(next);
        add(uid, details.startDate, details.endDate);
      }
    }
  }
}
console.log(JSON.stringify(found.sort()));
