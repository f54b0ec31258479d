// Verifies assertions with the code in the environment, which exports a function caller. Reads a JSON array of
// assertions, and writes one of what each is: [issuer, subject], or the code of the error.
import { readFileSync, rmSync, writeFileSync } from "node:fs";

const file = new URL(`./verifier-${process.pid}.mjs`, import.meta.url); // beside this one, to find what is installed
writeFileSync(file, process.env.VERIFIER);
let caller;
try {
  ({ caller } = await import(file));
} finally {
  rmSync(file);
}

async function verdict(assertion) {
  try {
    const { sub_id: subject } = await caller(assertion);
    return [subject.iss, subject.sub];
  } catch (error) {
    if (!error.code?.startsWith("ERR_J")) throw error;
    return error.code;
  }
}

const verdicts = [];
for (const assertion of JSON.parse(readFileSync(0, "utf8"))) verdicts.push(await verdict(assertion));
process.stdout.write(JSON.stringify(verdicts));
