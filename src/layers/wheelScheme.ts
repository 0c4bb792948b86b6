import type { WheelDirectory } from './readWheel.ts';
import { wheelFault } from './wheelFault.ts';
import type { ZipEntry } from './zipDirectory.ts';

export interface EnvironmentPaths {
  /** `3.11`. */
  python: string;
  /** Environment's folder in the image, without leading slash: `opt/torchrig/env`. */
  envRoot: string;
}

/** Where one entry of a wheel goes. */
export interface InstallStep {
  entry: ZipEntry;
  /** Path in the image. */
  path: string;
  mode: 0o644 | 0o755;
  /**
   * `copy`: bytes as they are. `script`: a command, whose first line may need the interpreter's path. `drop`: written anew or not
   * at all (RECORD, INSTALLER, direct_url.json).
   */
  kind: 'copy' | 'script' | 'drop';
}

/** `opt/torchrig/env/lib/python3.11/site-packages`. */
export function sitePackages({ python, envRoot }: EnvironmentPaths): string {
  return `${envRoot}/lib/python${python}/site-packages`;
}

const REPLACED = new Set(['RECORD', 'INSTALLER', 'direct_url.json', 'REQUESTED']);

/**
 * The install plan of a wheel (PEP 427, "Installing a wheel"): purelib and platlib are one folder in our environments, so
 * the directory alone decides. Folders of the zip are not made for their own sake, as pip does not.
 * Throws RIG-LAYERS-007 (unknown .data part), -011 (two entries at one path).
 */
export function installPlan(wheel: WheelDirectory, at: EnvironmentPaths): InstallStep[] {
  const fault = wheelFault(wheel.id.file);
  const site = sitePackages(at);
  const schemes: Record<string, string> = {
    purelib: site,
    platlib: site,
    scripts: `${at.envRoot}/bin`,
    headers: `${at.envRoot}/include/site/python${at.python}/${wheel.id.name}`,
    data: at.envRoot,
  };
  const steps: InstallStep[] = [];
  const taken = new Set<string>();
  for (const entry of wheel.entries) {
    if (entry.name.endsWith('/')) continue;
    const step: InstallStep = { entry, path: `${site}/${entry.name}`, mode: fileMode(entry), kind: 'copy' };
    if (entry.name.startsWith(`${wheel.data}/`)) {
      const [, scheme = '', ...rest] = entry.name.split('/');
      const root = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
      if (root === undefined || rest.length === 0)
        throw fault('007', 'lies in an unknown part of .data', entry.name);
      step.path = `${root}/${rest.join('/')}`;
      if (scheme === 'scripts') Object.assign(step, { kind: 'script', mode: 0o755 });
    } else if (
      entry.name.startsWith(`${wheel.distInfo}/`) &&
      REPLACED.has(entry.name.slice(wheel.distInfo.length + 1))
    )
      step.kind = 'drop';
    if (taken.has(step.path)) throw fault('011', 'is installed where another entry is', entry.name);
    taken.add(step.path);
    steps.push(step);
  }
  return steps;
}

// Like pip: executable if a regular file with any x bit; no other bit of the zip counts.
function fileMode(entry: ZipEntry): 0o644 | 0o755 {
  return (entry.mode & 0o170000) === 0o100000 && (entry.mode & 0o111) !== 0 ? 0o755 : 0o644;
}
