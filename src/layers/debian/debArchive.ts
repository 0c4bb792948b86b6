import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { readArMembers, type ArMember } from './arMembers.ts';
import { decompressed, type DecompressOptions } from './decompress.ts';
import { damagedDeb } from './refusals.ts';

/** An opened .deb: what it is called in messages, and its two tars. */
export interface DebArchive {
  path: string;
  label: string;
  control: ArMember;
  data: ArMember;
}

const COMPRESSIONS = ['', '.gz', '.xz', '.zst'];

function member(members: ArMember[], index: number, stem: string, label: string): ArMember {
  const found = members[index];
  if (!found || !COMPRESSIONS.some((suffix) => found.name === stem + suffix)) {
    throw damagedDeb(
      label,
      `member ${index + 1} is ${JSON.stringify(found?.name ?? 'missing')}, not ${stem}`,
    );
  }
  return found;
}

/** Checks the outer archive of a .deb (deb(5)): format 2.x and exactly debian-binary, control.tar, data.tar; names that start with `_` are ignored. */
export async function openDeb(path: string, label: string): Promise<DebArchive> {
  const file = await open(path, 'r');
  try {
    const members = (await readArMembers(file, label)).filter(
      (each, index) => index === 0 || !each.name.startsWith('_'),
    );
    const first = members[0];
    if (first?.name !== 'debian-binary' || first.size > 64) {
      throw damagedDeb(label, 'its first member is not debian-binary');
    }
    const version = Buffer.alloc(first.size);
    await file.read(version, 0, first.size, first.offset);
    if (!/^2\.\d+\n/.test(version.toString('latin1'))) {
      throw damagedDeb(label, `its format is ${JSON.stringify(version.toString('latin1').trim())}, not 2.0`);
    }
    const control = member(members, 1, 'control.tar', label);
    const data = member(members, 2, 'data.tar', label);
    const odd = members[3];
    if (odd) throw damagedDeb(label, `it has an unknown member ${JSON.stringify(odd.name)}`);
    return { path, label, control, data };
  } finally {
    await file.close();
  }
}

/** The plain tar inside one of the two members. */
export async function openTar(
  deb: DebArchive,
  which: 'control' | 'data',
  options: DecompressOptions = {},
): Promise<Readable> {
  const { name, offset, size } = deb[which];
  if (size === 0) throw damagedDeb(deb.label, `${name} is empty`);
  const stream = await decompressed(
    { path: deb.path, offset, size },
    name.slice(`${which}.tar`.length),
    options,
  );
  if (!stream) throw damagedDeb(deb.label, `${name} has an unknown compression`);
  return stream;
}
