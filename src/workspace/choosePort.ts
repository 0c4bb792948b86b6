import { readFile, readdir, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { errnoOf, RigError } from '../kernel/index.ts';

export interface PortChoice {
  /** `jupyter` or `ssh`; for messages. */
  service: string;
  port: number;
  /** True when the user asked for this very port. */
  explicit: boolean;
}

export interface ChoosePortOptions {
  /** Address to listen on. */
  host?: string;
  /** Ports that others of this run were given. */
  avoid?: ReadonlySet<number>;
}

const TRIES = 200;

/**
 * The port to use: the wished one when free; when it is taken and nobody asked for it, the next free one above.
 * Throws RIG-WORKSPACE-002 when an explicit port is taken or may not be used, or none of 200 is free. Somebody may still take it
 * between here and the start of the service: the service then fails to bind and says so.
 */
export async function choosePort(wish: PortChoice, options: ChoosePortOptions = {}): Promise<number> {
  const host = options.host ?? '127.0.0.1';
  for (let port = wish.port; port < wish.port + TRIES && port <= 65_535; port += 1) {
    const problem = options.avoid?.has(port) ? 'EADDRINUSE' : await bindProblem(port, host);
    if (problem === undefined) return port;
    if (wish.explicit) throw await taken(wish, problem);
  }
  throw new RigError('RIG-WORKSPACE-002', `no port for ${wish.service} is free from ${wish.port} on`, {
    hint: `name one: rig up --${wish.service}-port PORT`,
  });
}

/** False when somebody listens on the port, or it may not be used by this user. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await bindProblem(port, host)) === undefined;
}

/** The error code of a trial bind; undefined when it worked. */
async function bindProblem(port: number, host: string): Promise<string | undefined> {
  return await new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done(errnoOf(error) ?? 'EADDRINUSE'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(undefined)));
  });
}

async function taken(wish: PortChoice, problem: string): Promise<RigError> {
  const flag = `--${wish.service}-port`;
  if (problem === 'EACCES')
    return new RigError(
      'RIG-WORKSPACE-002',
      `port ${wish.port} for ${wish.service} may not be used by this user`,
      {
        why: 'ports below 1024 belong to root',
        hint: `rig up ${flag} ${wish.port + 8000}`,
      },
    );
  const holder = await whoListens(wish.port);
  return new RigError(
    'RIG-WORKSPACE-002',
    `port ${wish.port} for ${wish.service} is taken${holder ? ` by ${holder}` : ''}`,
    {
      why: 'it was asked for, so rig does not move to another one',
      hint: `rig up ${flag} PORT, or leave the port away: then the next free one is taken`,
      details: { port: wish.port, service: wish.service, holder: holder ?? null },
    },
  );
}

/** `name (process 123)` of the one who listens on a TCP port, as far as this user may see it. */
export async function whoListens(port: number): Promise<string | undefined> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    if (!(await holdsSocket(pid, inodes))) continue;
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
    return `${name || 'a process'} (process ${pid})`;
  }
  return undefined;
}

/** Inodes of sockets that listen on the port (proc(5), /proc/net/tcp: local address, state 0A). */
async function listeningInodes(port: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A' && fields[9]) inodes.add(fields[9]);
    }
  }
  return inodes;
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
