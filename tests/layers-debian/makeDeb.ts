import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { DebFile } from '../../src/layers/index.ts';

/** A member of a tar made for a test; any field of a tar header may be given. */
export interface Member {
  name: string;
  content?: string;
  [field: string]: unknown;
}

/** An ar archive of these members, as deb(5) wants it. */
export function ar(members: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')];
  for (const [name, bytes] of members) {
    const head = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(head, 'latin1'), bytes);
    if (bytes.length % 2 === 1) parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

export async function tar(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of members) {
    archive.entry({ uname: 'root', gname: 'root', mtime: new Date(1e12), ...header }, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const VERSION_MEMBER = ['debian-binary', Buffer.from('2.0\n')] as const;

export function controlText(name: string, fields = ''): string {
  return `Package: ${name}\nVersion: 1.0\nArchitecture: amd64\nInstalled-Size: 1\n${fields}Description: made for a test\n`;
}

/** The three members of a sound .deb. */
export async function debMembers(
  name: string,
  data: readonly Member[],
  control: readonly Member[] = [],
): Promise<(readonly [string, Buffer])[]> {
  const files = [{ name: './control', content: controlText(name) }, ...control];
  return [
    VERSION_MEMBER,
    ['control.tar.gz', gzipSync(await tar(files))],
    ['data.tar.gz', gzipSync(await tar([{ name: './', type: 'directory' }, ...data]))],
  ];
}

/** Writes an archive as NAME.deb and says what a lock would say of it. */
export async function writeDeb(path: string, name: string, bytes: Uint8Array): Promise<DebFile> {
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, size: bytes.length, name, version: '1.0' };
}
