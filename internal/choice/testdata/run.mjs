// Runs choose.js without a browser: reads {file, calls: [[function, ...arguments]]} and writes what each call gives.
import { readFileSync } from "node:fs";

const { file, calls } = JSON.parse(readFileSync(0, "utf8"));
const choose = await import(file);
console.log(JSON.stringify(calls.map(([name, ...given]) => choose[name](...given))));
