// lock-without.js LOCK PACKAGE…: takes optional packages out of npm's lock, so that `npm ci` does not
// fetch them. One that is not there, or that npm would not do without, is an error.
"use strict";
const fs = require("node:fs");

const [file, ...names] = process.argv.slice(2);
const lock = JSON.parse(fs.readFileSync(file, "utf8"));
for (const name of names) {
  const entry = lock.packages[`node_modules/${name}`];
  if (!entry?.optional) {
    console.error(`lock-without: ${file} has no optional package ${name}`);
    process.exit(1);
  }
  delete lock.packages[`node_modules/${name}`];
}
fs.writeFileSync(file, JSON.stringify(lock));
