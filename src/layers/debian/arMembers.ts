import type { FileHandle } from 'node:fs/promises';
import { damagedDeb } from './refusals.ts';

/** A member of an ar archive: where its bytes lie in the file. */
export interface ArMember {
  name: string;
  offset: number;
  size: number;
}

const MAGIC = '!<arch>\n';
const HEADER = 60;

/**
 * The members of a Unix ar archive in the order of the file (deb(5), "FORMAT"; ar(5), common variant).
 * Throws RIG-LAYERS-DEB-001 for a wrong magic, a damaged header or a member that ends beyond the file.
 */
export async function readArMembers(file: FileHandle, label: string): Promise<ArMember[]> {
  const { size: end } = await file.stat();
  const head = Buffer.alloc(HEADER);
  await file.read(head, 0, MAGIC.length, 0);
  if (head.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damagedDeb(label, 'it is not an ar archive');
  const members: ArMember[] = [];
  let at = MAGIC.length;
  while (at < end) {
    const { bytesRead } = await file.read(head, 0, HEADER, at);
    const text = head.toString('latin1');
    const size = /^\d+ *$/.test(text.slice(48, 58)) ? Number(text.slice(48, 58)) : Number.NaN;
    if (bytesRead < HEADER || text.slice(58) !== '`\n' || !Number.isSafeInteger(size)) {
      throw damagedDeb(label, `the archive header at byte ${at} is damaged`);
    }
    // GNU ar ends a name with a slash, dpkg does not
    const name = text.slice(0, 16).trimEnd().replace(/\/$/, '');
    if (at + HEADER + size > end) throw damagedDeb(label, `member ${JSON.stringify(name)} is cut off`);
    if (members.length > 16) throw damagedDeb(label, 'it has more than 16 members');
    members.push({ name, offset: at + HEADER, size });
    at += HEADER + size + (size % 2);
  }
  return members;
}
