// An independent count of SMS parts: a text in JSON on each line in, [alphabet, parts] on each line out.
const { split } = require('split-sms');
const lines = require('readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const counted = split(JSON.parse(line));
  process.stdout.write(JSON.stringify([counted.characterSet, counted.parts.length]) + '\n');
});
