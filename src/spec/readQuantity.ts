import { parseSize } from '../kernel/index.ts';
import type { Reading } from './reading.ts';

/** docker's own floor; below it no process starts. */
const SMALLEST_MEMORY = 6 * 2 ** 20;

/** Bytes of `32g`, `512m`, `1048576`. */
export function readSize(text: string): Reading<number> {
  const bytes = parseSize(text);
  if (bytes === undefined) {
    const digits = /^\s*(\d+(?:\.\d+)?)/.exec(text)?.[1];
    return { problem: 'is not a size', suggestion: `${digits ?? '32'}g` };
  }
  return bytes > 0 ? { value: bytes } : { problem: 'is not a size above zero', suggestion: '32g' };
}

/** A memory limit in bytes. */
export function readMemory(text: string): Reading<number> {
  const size = readSize(text);
  if ('problem' in size || size.value >= SMALLEST_MEMORY) return size;
  return { problem: 'is too little memory to start anything', suggestion: `${text.trim()}g` };
}

/** A number of CPUs, fractions allowed. */
export function readCpus(text: string): Reading<number> {
  const cpus = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (cpus >= 0.01 && cpus <= 8192) return { value: cpus };
  return { problem: 'is not a number of CPUs', suggestion: '8, or 0.5' };
}

/** A TCP port, 1 to 65535. */
export function readPort(text: string): Reading<number> {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return { value: port };
  return { problem: 'is not a port', suggestion: 'a number from 1 to 65535' };
}

/** A port, or null for `none`: the service is not started. */
export function readServicePort(text: string): Reading<number | null> {
  if (text.trim() === 'none') return { value: null };
  const port = readPort(text);
  return 'value' in port ? port : { ...port, suggestion: 'a number from 1 to 65535, or none' };
}

/** `true` or `false`, also `yes` and `no`. */
export function readBoolean(text: string): Reading<boolean> {
  if (['true', 'yes', 'on'].includes(text.toLowerCase())) return { value: true };
  if (['false', 'no', 'off'].includes(text.toLowerCase())) return { value: false };
  return { problem: 'is neither true nor false' };
}
