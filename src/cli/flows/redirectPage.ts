import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A page (0600) that leads to an address: so no token stands in a process list. */
export async function writeRedirect(address: string): Promise<string> {
  const page = join(await mkdtemp(join(tmpdir(), 'rig-open-')), 'jupyter.html');
  const target = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  await writeFile(page, `<!doctype html><meta http-equiv="refresh" content="0;url=${target}">\n`, {
    mode: 0o600,
  });
  return page;
}
