import { hostileDeb } from './refusals.ts';

/** Folders of / that are links into /usr since Debian 12, and where they lead. */
export const MERGED_FOLDERS: Readonly<Record<string, string>> = {
  bin: 'usr/bin',
  lib: 'usr/lib',
  lib64: 'usr/lib64',
  sbin: 'usr/sbin',
};

/** `./bin/ls` -> `bin/ls`; '' for the root itself. Refuses names that are absolute, climb, or hold NUL (RIG-LAYERS-DEB-002). */
export function shippedPath(name: string, label: string): string {
  const path = name.replace(/^\.\//, '').replace(/\/$/, '');
  if (path === '' || path === '.') return '';
  const odd = path.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (odd || path.includes('\0'))
    throw hostileDeb(label, `${JSON.stringify(name)} is no path inside the image`);
  return path;
}

/** Where a shipped path lies in an image with merged /usr: `bin/ls` -> `usr/bin/ls`, `bin` -> `usr/bin`. No leading slash in or out. */
export function imagePath(shipped: string): string {
  const cut = shipped.indexOf('/');
  const first = cut < 0 ? shipped : shipped.slice(0, cut);
  const merged = Object.hasOwn(MERGED_FOLDERS, first) ? MERGED_FOLDERS[first] : undefined;
  return merged === undefined ? shipped : merged + shipped.slice(first.length);
}
