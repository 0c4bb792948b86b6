import type { Reading } from './reading.ts';

const REQUIREMENT_NAME = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[A-Za-z0-9._,\s-]*\])?\s*(.*)$/s;

/** PEP 503: the one spelling of a distribution name. */
export function normalisedName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** The normalised distribution name of a PEP 508 requirement. */
export function requirementName(requirement: string): string {
  return normalisedName(REQUIREMENT_NAME.exec(requirement.trim())?.[1] ?? requirement);
}

/** A PEP 508 requirement by name; addresses, paths and pip options are refused, since a lock holds none. */
export function readRequirement(text: string): Reading<string> {
  const written = text.trim();
  if (written.startsWith('-'))
    return { problem: 'is an option of pip, not a package', suggestion: 'pip.conf for options' };
  if (written.includes('://') || /^[./~]/.test(written) || / @ /.test(written))
    return {
      problem: 'is an address or a path; a lock holds packages of the index only',
      suggestion: 'a name such as einops>=0.8, and find-links in pip.conf for wheels of your own',
    };
  const rest = REQUIREMENT_NAME.exec(written)?.[3];
  if (rest === undefined || /[\r\n\0]/.test(written) || !/^(\(?\s*[<>=!~]|;|$)/.test(rest)) {
    const spaced = /^([A-Za-z0-9._-]+)\s+v?(\d[\w.]*)$/.exec(written);
    return {
      problem: 'is not a Python requirement',
      suggestion: spaced ? `${spaced[1]}==${spaced[2]}` : 'einops, "einops>=0.8" or "einops==0.8.1"',
    };
  }
  return { value: written };
}

/** A Debian package name (Debian policy 5.6.1). */
export function readDebianPackage(text: string): Reading<string> {
  const written = text.trim();
  if (/^[a-z0-9][a-z0-9+.-]+$/.test(written)) return { value: written };
  const bare = /^([A-Za-z0-9][A-Za-z0-9+.-]+)[=:/<>]/.exec(written)?.[1]?.toLowerCase();
  return {
    problem: bare
      ? 'says more than a name (the lock fixes version and architecture)'
      : 'is not a name of a Debian package',
    ...(bare ? { suggestion: bare } : {}),
  };
}
