import { spawn } from 'node:child_process';
import { jupyterAddress } from '../flows/jupyterAddress.ts';
import type { Handler } from '../outcome.ts';
import type { OpenFlags } from '../routes/environment.ts';

export const handler: Handler<OpenFlags, [name?: string]> = async (call, flags, typed) => {
  const { name, url, token } = await jupyterAddress(call, typed);
  const address = `${url}?token=${token}`;
  // An address in a program's arguments is visible to every user of the machine: browsers get a file that leads there.
  const opened = flags.browser !== false && !call.json && (await startBrowser(address));
  return { data: { name, url: address, opened }, text: opened ? `opened ${url}` : address };
};

/** True when the desktop's opener took it. */
async function startBrowser(address: string): Promise<boolean> {
  const display = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'];
  if (process.platform === 'linux' && !display) return false;
  const { writeRedirect } = await import('../flows/redirectPage.ts');
  const page = await writeRedirect(address);
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  return new Promise((done) => {
    const child = spawn(opener, [page], { detached: true, stdio: 'ignore' });
    child.once('error', () => done(false));
    child.once('spawn', () => {
      child.unref();
      done(true);
    });
  });
}
