import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeLayout, run } from '../../src/kernel/index.ts';
import { runDoctor, sourceFindings, writeBundle } from '../../src/doctor/index.ts';
import { gatherHostFacts } from '../../src/host/index.ts';
import { recordedReader, type Machine } from '../../src/host/recordedReader.ts';

let at = '';
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-doctor-'));
});
afterAll(() => rm(at, { recursive: true, force: true }));

const noPython = async (): Promise<{ code: number; stdout: string; stderr: string }> =>
  Promise.resolve({ code: 127, stdout: '', stderr: 'python: not found' });

describe('runDoctor on this machine', () => {
  it('tells what can be checked by hand, quickly, and can be replayed elsewhere', async () => {
    const layout = homeLayout(join(at, 'home'));
    const started = Date.now();
    const { report, recording } = await runDoctor({ layout, sources: false });
    expect(Date.now() - started).toBeLessThan(20_000);
    const kernel = (await run('uname', ['-r'])).stdout.trim();
    const cores = Number((await run('nproc', [])).stdout);
    const memory = /MemTotal:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
    expect(report.host).toMatchObject({
      system: { kernel, uid: process.getuid?.() },
      cpu: { affinity: cores },
      memory: { total: Number(memory) * 1024 },
      disk: { path: layout.root, writable: true },
    });
    expect(report.environment).toBeNull();
    const machine = JSON.parse(JSON.stringify(recording())) as Machine;
    const again = await gatherHostFacts({
      reader: recordedReader({ ...machine, env: process.env as Record<string, string> }),
      home: layout.root,
    });
    // Time passes, memory and disk move.
    const still = { gatherMs: 0, memory: report.host.memory, disk: report.host.disk, shm: report.host.shm };
    expect({ ...again, ...still }).toEqual({ ...report.host, ...still });
  });

  it('says so when nothing can be run inside the environment', async () => {
    const { report } = await runDoctor({
      layout: homeLayout(join(at, 'home')),
      sources: false,
      environment: { name: 'lab', exec: noPython, torch: true },
    });
    expect(report.verdict).toBe('fail');
    expect(report.findings[0]).toMatchObject({
      id: 'environment-broken',
      remedy: expect.stringContaining('rig up lab'),
    });
  });
});

describe('sourceFindings', () => {
  it('warns of a package source that does not answer, soon, and without its password', async () => {
    // Port 9 (discard) of the loopback: nobody listens there.
    const env = {
      ...process.env,
      TORCHRIG_PYTHON_INDEX: 'http://me:hunter2@127.0.0.1:9/simple',
      NO_PROXY: '*',
    };
    const started = Date.now();
    const findings = await sourceFindings(env);
    expect(findings).toMatchObject([{ id: 'source-unreachable', severity: 'warn' }]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

describe('writeBundle', () => {
  it('is a redacted archive that only its owner can read', async () => {
    const path = join(at, 'bundle.tar.gz');
    await writeBundle(path, [
      ['facts.json', '{"token": "abcdefgh"}'],
      ['log.txt', `${process.env['HOME']}/x`],
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const seen: Record<string, string> = {};
    const reader = Readable.from([gunzipSync(await readFile(path))]).pipe(extract());
    for await (const entry of reader) seen[entry.header.name] = await text(entry);
    expect(seen).toEqual({ 'rig-doctor/facts.json': '{"token": "<secret>"}', 'rig-doctor/log.txt': '~/x' });
  });

  it('says when it cannot be written', async () => {
    await mkdir(join(at, 'taken'));
    await expect(writeBundle(join(at, 'taken'), [['a', 'b']])).rejects.toMatchObject({
      code: 'RIG-DOCTOR-004',
    });
  });
});
