// Runs choose.js without a browser: reads {file, calls: [[function, ...arguments]]} and writes what each call gives.
import { readFileSync } from "node:fs";

const { file, calls } = JSON.parse(readFileSync(0, "utf8"));
const source = readFileSync(file).toString("base64");
const choose = await import(`data:text/javascript;base64,${source}`);
console.log(JSON.stringify(calls.map(([name, ...given]) => choose[name](...given))));
