import type { Header } from 'tar-stream';
import { isRigError } from '../../kernel/index.ts';
import { openTar, type DebArchive } from './debArchive.ts';
import { readTar } from './readTar.ts';
import { damagedDeb } from './refusals.ts';

// the largest of 662 packages has 0.3 MB of it
const LIMIT = 32 << 20;
const NAME = /^[a-z][a-z0-9._-]*$/;

/** The files of control.tar (control, md5sums, conffiles, scripts, triggers, ...) as text, by name in byte order. */
export type ControlFiles = Record<string, string>;

function nameOf(header: Header, label: string): string | undefined {
  const name = header.name.replace(/^\.\//, '').replace(/\/$/, '');
  if (header.type === 'directory' && (name === '.' || name === '')) return undefined;
  if (header.type !== 'file' || !NAME.test(name) || name === 'list') {
    throw damagedDeb(label, `control.tar holds ${JSON.stringify(header.name)}`);
  }
  return name;
}

/** Reads control.tar whole. Throws RIG-LAYERS-DEB-001 when it is damaged or holds anything but plain files. */
export async function readControlTar(deb: DebArchive): Promise<ControlFiles> {
  const files = new Map<string, string>();
  let total = 0;
  try {
    await readTar(await openTar(deb, 'control'), (header) => {
      const name = nameOf(header, deb.label);
      if (name === undefined) return undefined;
      if (files.has(name)) throw damagedDeb(deb.label, `control.tar holds ${name} twice`);
      const chunks: Uint8Array[] = [];
      return {
        write(chunk) {
          total += chunk.length;
          if (total > LIMIT) throw damagedDeb(deb.label, 'control.tar is larger than 32 MiB');
          chunks.push(chunk);
        },
        end: () => files.set(name, Buffer.concat(chunks).toString('utf8')),
      };
    });
  } catch (error) {
    if (isRigError(error)) throw error;
    throw damagedDeb(deb.label, 'control.tar cannot be read', error);
  }
  if (!files.has('control')) throw damagedDeb(deb.label, 'control.tar has no control file');
  return Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
