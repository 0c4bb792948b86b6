import { readFile } from 'node:fs/promises';
import type { PlacedFile } from './engine.ts';

/** The host's name servers and hosts, as the network is the host's; taken anew at every start. */
export async function networkFiles(hostname: string, etc = '/etc'): Promise<PlacedFile[]> {
  const [resolver, hosts] = await Promise.all([textOf(`${etc}/resolv.conf`), textOf(`${etc}/hosts`)]);
  const own = hosts ?? '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';
  const named = own.split(/\s+/).includes(hostname)
    ? own
    : `${own.replace(/\n*$/, '\n')}127.0.1.1 ${hostname}\n`;
  return [
    ...(resolver === undefined ? [] : [{ path: '/etc/resolv.conf', content: resolver }]),
    { path: '/etc/hosts', content: named },
    { path: '/etc/hostname', content: `${hostname}\n` },
  ];
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
