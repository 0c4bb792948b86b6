import { wheelFault } from './wheelFault.ts';

/** Parts of `NAME-VERSION(-BUILD)?-PYTHON-ABI-PLATFORM.whl` (binary distribution format, "File name convention"). */
export interface WheelFileName {
  file: string;
  /** Normalised: lower case, `-` for runs of `-_.`. */
  name: string;
  version: string;
}

const PATTERN =
  /^([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([A-Za-z0-9_.!+]+)(?:-\d[A-Za-z0-9_.]*)?-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+\.whl$/;

/** PEP 503 normalisation. */
export function normalizedName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** Throws RIG-LAYERS-007 for what is no wheel's file name. */
export function parseWheelFileName(file: string): WheelFileName {
  const match = PATTERN.exec(file);
  if (!match) throw wheelFault(file)('007', 'is not the name of a wheel');
  return { file, name: normalizedName(match[1] ?? ''), version: match[2] ?? '' };
}
