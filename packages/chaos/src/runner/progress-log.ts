export type Print = (text: string) => void;

/** Prints lines with the name of the run and the seconds since its start. */
export function progressLog(name: string, print: Print): (line: string) => void {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(0).padStart(3);
  return (line) => print(`${name.padEnd(3)} ${seconds()} s  ${line}\n`);
}
