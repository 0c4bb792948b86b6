import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeLayout, sha256File, sha256Hex } from '../../src/kernel/index.ts';
import { openStore } from '../../src/store/index.ts';
import { type FaultyServer, faultyServer } from './faultyServer.ts';

const CONTENT = randomBytes(40 << 20);
const SHA = sha256Hex(CONTENT);
const REPO = fileURLToPath(new URL('../..', import.meta.url));
const CHILD = fileURLToPath(new URL('fetchChild.ts', import.meta.url));
const canMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;

let server: FaultyServer;
let root: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  server = await faultyServer();
  root = await mkdtemp(join(tmpdir(), 'rig-store-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server.close();
  await rm(root, { recursive: true, force: true });
});

interface Child {
  process: ChildProcess;
  /** Resolves when stderr has shown this text. */
  says(text: string): Promise<void>;
  ends: Promise<Record<string, unknown>>;
}

function fetchInChild(more: string[] = [], wrap?: string[]): Child {
  const args = ['--import', 'tsx', CHILD, root, `${server.url}/a`, SHA, String(CONTENT.length), ...more];
  const [command = '', ...rest] = wrap ? [...wrap, process.execPath, ...args] : [process.execPath, ...args];
  const child = spawn(command, rest, { cwd: REPO, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ends = new Promise<Record<string, unknown>>((done, fail) => {
    child.once('close', (code, signal) =>
      code === 0
        ? done(JSON.parse(out) as Record<string, unknown>)
        : fail(new Error(`${code} ${signal} ${err}`)),
    );
  });
  ends.catch(() => {});
  const says = async (text: string): Promise<void> => {
    while (!err.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without saying ${text}: ${err}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  return { process: child, says, ends };
}

async function expectStored(): Promise<void> {
  const home = homeLayout(root);
  expect(await sha256File(openStore(home).path(SHA))).toBe(SHA);
  expect(await readdir(join(home.files, 'partial'))).toEqual([]);
}

/** Bytes asked of the server beyond the first request. */
function resumedFrom(): number {
  return Number(/^bytes=(\d+)-/.exec(server.requests.at(-1)?.range ?? '')?.[1] ?? 0);
}

/** Runs a command with an own, empty disk at the home. */
function onTmpfs(options: string): string[] {
  return ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o ${options} tmpfs "${root}" && exec "$@"`, 'sh'];
}

describe('processes', () => {
  it('goes on after kill -9 with what was written', async () => {
    server.at.set('/a', { body: CONTENT, drip: 2 });
    const first = fetchInChild();
    // the journal is written every 32 MiB
    for (let seen = 0; seen < 34;) {
      await new Promise((done) => setTimeout(done, 20));
      const parts = await readdir(join(root, 'files', 'partial')).catch(() => [] as string[]);
      const folder = parts.find((name) => name.includes('.part.'));
      const names = folder ? await readdir(join(root, 'files', 'partial', folder)).catch(() => []) : [];
      if (names.includes('journal.json')) seen = 34;
    }
    first.process.kill('SIGKILL');
    await first.ends.catch(() => {});
    server.at.set('/a', { body: CONTENT });
    const second = await fetchInChild().ends;
    expect(second).toMatchObject({ filesFetched: 1 });
    expect(resumedFrom()).toBeGreaterThanOrEqual(32 << 20);
    await expectStored();
  });

  it('downloads once for two processes', async () => {
    server.at.set('/a', { body: CONTENT, drip: 1 });
    const first = fetchInChild();
    await first.says('+');
    const second = fetchInChild();
    await second.says('another rig is fetching some.whl');
    expect(await first.ends).toEqual({ bytesFetched: CONTENT.length, filesFetched: 1 });
    expect(await second.ends).toEqual({ bytesFetched: 0, filesFetched: 0 });
    expect(server.requests).toHaveLength(1);
    await expectStored();
  });

  it('takes over when the other process is killed', async () => {
    server.at.set('/a', { body: CONTENT, drip: 5 });
    const first = fetchInChild();
    await first.says('+');
    const second = fetchInChild();
    await second.says('another rig is fetching some.whl');
    server.at.set('/a', { body: CONTENT });
    first.process.kill('SIGKILL');
    expect(await second.ends).toMatchObject({ filesFetched: 1 });
    await expectStored();
  });
});

describe.skipIf(!canMount)('disks of their own (skipped without root: needs mount)', () => {
  it('refuses a disk that is too small before the first byte', async () => {
    server.at.set('/a', { body: CONTENT });
    const end = await fetchInChild([], onTmpfs('size=60m')).ends;
    expect(end).toMatchObject({ code: 'RIG-STORE-004', exitCode: 1 });
    expect(end['message']).toContain(root);
    expect(server.requests).toEqual([]);
  });

  it('says so when the disk fills up on the way', async () => {
    server.at.set('/a', { body: CONTENT, drip: 1 });
    const end = await fetchInChild([String(200 << 20)], onTmpfs('size=150m')).ends;
    expect(end).toMatchObject({ code: 'RIG-STORE-004', exitCode: 1 });
    expect(end['message']).toContain('full');
  });

  it('says so when the disk is read-only', async () => {
    server.at.set('/a', { body: CONTENT });
    const end = await fetchInChild([], onTmpfs('size=200m,ro')).ends;
    expect(end).toMatchObject({ code: 'RIG-STORE-005', exitCode: 1 });
    expect(end['message']).toContain(root);
  });
});
