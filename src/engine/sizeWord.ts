const UNITS: [string, number][] = [
  ['t', 2 ** 40],
  ['g', 2 ** 30],
  ['m', 2 ** 20],
  ['k', 2 ** 10],
];

/** Bytes the way a user writes them in torchrig.yaml: `32g`, `1.5g`, `64m`. */
export function sizeWord(bytes: number): string {
  for (const [unit, size] of UNITS) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))}${unit}`;
  }
  return String(bytes);
}
