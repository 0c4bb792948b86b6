import { EXIT, RigError } from '../kernel/index.ts';

const ZERO = 48;
const POINT = 46;

/** Compares dotted numbers (`12.6.3`, `570.86.10`, `8.6`); a missing part counts as 0. Allocates nothing: it is asked thousands of times. */
export function compareDotted(a: string, b: string): number {
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    let difference = 0;
    for (; left < a.length && a.charCodeAt(left) !== POINT; left++)
      difference = difference * 10 + a.charCodeAt(left) - ZERO;
    let other = 0;
    for (; right < b.length && b.charCodeAt(right) !== POINT; right++)
      other = other * 10 + b.charCodeAt(right) - ZERO;
    difference -= other;
    if (difference !== 0) return difference;
    left++;
    right++;
  }
  return 0;
}

/** `12.6.3` -> `12.6`. */
export function majorMinor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

export function major(version: string): number {
  return Number.parseInt(version, 10);
}

/** An NVIDIA driver version as given: `580`, `570.86`, `535.104.05`. */
export function parseDriver(text: string): string {
  const trimmed = text.trim();
  if (/^\d{3,4}(\.\d{1,4}){0,2}$/.test(trimmed) && major(trimmed) >= 300) return trimmed;
  throw new RigError('RIG-COMPAT-001', `"${text}" is not an NVIDIA driver version`, {
    why: 'A Linux driver version is a branch number, alone or with its release: 580, 570.86, 535.104.05.',
    hint: 'cat /sys/module/nvidia/version',
    exitCode: EXIT.usage,
  });
}

/** True when `driver` reaches `floor`. Parts that were not given are taken as enough: `525` means the newest of its branch. */
export function driverReaches(driver: string, floor: string): boolean {
  const given = driver.split('.').length;
  return compareDotted(driver, floor.split('.').slice(0, given).join('.')) >= 0;
}

/** `8.6` from `8.6`, `86`, `sm_86`, `compute_120`, `sm_90a`. Undefined when it is none of these. */
export function parseComputeCapability(text: string): string | undefined {
  const match = /^(?:sm_|compute_)?(\d{1,2})\.(\d)$|^(?:sm_|compute_)?(\d{1,2})(\d)[af]?$/.exec(text.trim());
  if (!match) return undefined;
  const capability = match[1] === undefined ? `${match[3]}.${match[4]}` : `${match[1]}.${match[2]}`;
  // Renamed with CUDA 13.0
  return capability === '10.1' ? '11.0' : capability;
}

/** `12.0` -> `sm_120`. */
export function smName(computeCapability: string): string {
  return `sm_${computeCapability.replace('.', '')}`;
}
