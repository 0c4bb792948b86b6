import { satisfies, valid, validRange } from '@renovatebot/pep440';
import type { Reading } from './reading.ts';

const TORCH_HELP = '"2.7.1", "2.7" or ">=2.6,<2.8"';

/**
 * torch as a PEP 440 specifier: `2.7.1` -> `==2.7.1`, `2.7` -> `==2.7.*`, a range as it is without blanks, `none` -> null.
 */
export function readTorch(text: string): Reading<string | null> {
  const written = text.replaceAll(/\s+/g, '');
  if (written === 'none') return { value: null };
  if (/\+(cu\d+|cpu|rocm)/.test(written))
    return { problem: 'names a build', suggestion: 'the version alone, and its CUDA in the key cuda' };
  if (/^\d+(\.\d+)?$/.test(written)) return { value: `==${written}.*` };
  if (valid(written) !== null) return { value: `==${written}` };
  if (written !== '' && /^[<>=!~]/.test(written) && validRange(written) && rangeParses(written))
    return { value: written };
  return { problem: 'is not a version of torch', suggestion: TORCH_HELP };
}

function rangeParses(range: string): boolean {
  try {
    satisfies('1.0', range);
    return true;
  } catch {
    return false;
  }
}

/** `auto`, `cpu`, or major.minor of CUDA. */
export function readCuda(text: string): Reading<string> {
  const written = text.trim();
  if (written === 'auto' || written === 'cpu' || /^1[0-9]\.\d$/.test(written)) return { value: written };
  const digits = /^(?:cu)?(\d\d)\.?(\d)?(?:\.\d+)?$/i.exec(written);
  return {
    problem: 'is not a CUDA version',
    suggestion: digits ? `${digits[1]}.${digits[2] ?? '0'}` : 'auto, cpu, or for example 12.6',
  };
}

/** Major.minor of CPython. */
export function readPython(text: string): Reading<string> {
  const written = text.trim();
  if (/^3\.(9|[1-9]\d)$/.test(written)) return { value: written };
  const longer = /^(3\.(?:9|[1-9]\d))\.\d+/.exec(written)?.[1];
  return {
    problem: longer ? 'names a patch release' : 'is not a Python version',
    suggestion: `"${longer ?? '3.11'}"`,
  };
}

/** `debian:12`, assembled from packages, or an image reference. */
export function readBase(text: string): Reading<string> {
  const written = text.trim();
  const reference = /^[a-z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?$/;
  if (reference.test(written) && written.length <= 512 && !written.endsWith(':')) return { value: written };
  return { problem: 'is not a base', suggestion: 'debian:12' };
}
