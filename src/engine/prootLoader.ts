import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File names beside each other, by the class byte of an ELF header: 64 and 32 bits. */
const LOADERS = [
  { bits: 2, name: 'loader', variable: 'PROOT_LOADER' },
  { bits: 1, name: 'loader32', variable: 'PROOT_LOADER_32' },
] as const;
const MAGIC = Buffer.from('\x7fELF', 'latin1');

/**
 * proot starts each program through a small loader that it carries within itself and writes to /tmp each time: where /tmp is
 * read-only, or nothing there may be run, it fails, and when it is killed the file stays. So the loaders are taken out of the
 * program once. They are whole ELF files in it.
 */
export async function extractLoaders(program: string, folder: string): Promise<void> {
  const bytes = await readFile(program);
  for (const { bits, name } of LOADERS) {
    const loader = innerElf(bytes, bits);
    if (loader) await writeFile(join(folder, name), loader, { mode: 0o500 });
  }
}

/** What tells proot to use them. */
export function loaderEnv(folder: string): Record<string, string> {
  return Object.fromEntries(LOADERS.map(({ name, variable }) => [variable, join(folder, name)]));
}

/** The first ELF file of this class inside another; its section table is its end, as linkers write it. */
function innerElf(bytes: Buffer, bits: 1 | 2): Buffer | undefined {
  for (let at = bytes.indexOf(MAGIC, 1); at > 0; at = bytes.indexOf(MAGIC, at + 1)) {
    const isLittleEndian = bytes[at + 5] === 1 && bytes[at + 6] === 1;
    if (bytes[at + 4] !== bits || !isLittleEndian || at + 64 > bytes.length) continue;
    const table = bits === 2 ? Number(bytes.readBigUInt64LE(at + 40)) : bytes.readUInt32LE(at + 32);
    const entries = at + (bits === 2 ? 58 : 46);
    const size = table + bytes.readUInt16LE(entries) * bytes.readUInt16LE(entries + 2);
    if (table > 0 && at + size <= bytes.length) return bytes.subarray(at, at + size);
  }
  return undefined;
}
