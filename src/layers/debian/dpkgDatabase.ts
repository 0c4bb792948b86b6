import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteOrder } from './byteOrder.ts';
import { databaseName, type DebPackage } from './debPackage.ts';
import { statusFile } from './dpkgStatus.ts';
import { imagePath } from './imagePath.ts';
import { cannotApply, type RootView } from './rootView.ts';

const HOME = '/var/lib/dpkg';
const SCRIPTS = new Set(['config', 'postinst', 'postrm', 'preinst', 'prerm']);

function shippedFile(deb: DebPackage, path: string): Uint8Array {
  try {
    return readFileSync(join(deb.tree, imagePath(path.slice(1))));
  } catch (error) {
    throw cannotApply(`${deb.name} names ${path} as conffile but does not ship it`, error);
  }
}

/** info/NAME.*: every control member but `control`, and the list of paths. */
function writeInfo(root: RootView, deb: DebPackage): void {
  const stem = `${HOME}/info/${databaseName(deb)}`;
  root.file(`${stem}.list`, ['/.', ...deb.shipped, ''].join('\n'));
  for (const [name, text] of Object.entries(deb.control)) {
    if (name === 'control') continue;
    root.file(`${stem}.${name}`, text, { mode: SCRIPTS.has(name) ? 0o755 : 0o644 });
  }
}

/** triggers/: who is interested in which path, and one file for each named trigger (deb-triggers(5)). */
export function triggerFiles(packages: readonly DebPackage[]): Map<string, string> {
  const files = new Map<string, string>();
  const append = (name: string, line: string): void => {
    files.set(name, `${files.get(name) ?? ''}${line}\n`);
  };
  for (const deb of packages) {
    for (const line of (deb.control['triggers'] ?? '').split('\n')) {
      const match = /^\s*interest(-await|-noawait)?\s+(\S+)/.exec(line);
      if (!match) continue;
      const who = `${databaseName(deb)}${match[1] === '-noawait' ? '/noawait' : ''}`;
      const trigger = match[2] ?? '';
      if (trigger.startsWith('/')) append('File', `${trigger} ${who}`);
      else if (/^[a-zA-Z0-9][\w.+-]*$/.test(trigger)) append(trigger, who);
    }
  }
  return files;
}

/** /var/lib/dpkg as dpkg itself would have left it, so that apt and dpkg work on top (debian-policy, dpkg(1)). */
export function applyDpkgDatabase(
  root: RootView,
  packages: readonly DebPackage[],
  diversions: readonly string[],
): void {
  const sorted = [...packages].sort((a, b) => byteOrder(a.name, b.name));
  root.file(`${HOME}/status`, statusFile(sorted, shippedFile));
  root.file(`${HOME}/info/format`, '1\n');
  root.file(`${HOME}/arch`, `${sorted.find((deb) => deb.arch !== 'all')?.arch ?? 'amd64'}\n`);
  for (const deb of sorted) writeInfo(root, deb);
  root.folder(`${HOME}/triggers`);
  for (const [name, text] of triggerFiles(sorted)) root.file(`${HOME}/triggers/${name}`, text);
  if (!root.lstat(`${HOME}/triggers/File`)) root.file(`${HOME}/triggers/File`, '');
  root.file(`${HOME}/triggers/Unincorp`, '');
  root.file(`${HOME}/triggers/Lock`, '', { mode: 0o600 });
  root.file(`${HOME}/diversions`, diversions.map((line) => `${line}\n`).join(''));
  root.file(`${HOME}/lock`, '', { mode: 0o640 });
  root.file(`${HOME}/lock-frontend`, '', { mode: 0o640 });
  for (const folder of ['alternatives', 'info', 'parts', 'updates']) root.folder(`${HOME}/${folder}`);
}
