import type { WheelFault } from './wheelFault.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names are UTF-8 whatever the flag says (pure ASCII mostly); anything else is refused rather than guessed. */
export function decodeName(bytes: Buffer, fault: WheelFault): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw fault('003', 'is not UTF-8', bytes.toString('latin1'));
  }
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** Throws RIG-LAYERS-003 unless the name is a plain relative path of at most 255 bytes a part and 4,000 in all. */
export function checkEntryName(name: string, fault: WheelFault): void {
  const refuse = (what: string): Error => fault('003', what, name);
  if (name === '') throw refuse('has no name');
  if (CONTROL.test(name)) throw refuse('has a control character in its name');
  if (name.includes('\\')) throw refuse('has a backslash in its name');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refuse('is an absolute path');
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  for (const part of parts) {
    if (part === '..') throw refuse('climbs out of its folder');
    if (part === '' || part === '.') throw refuse('is not a plain path');
    if (part.length > 63 && Buffer.byteLength(part) > 255) throw refuse('has too long a name');
  }
  if (name.length > 1000 && Buffer.byteLength(name) > 4000) throw refuse('has too long a path');
}
