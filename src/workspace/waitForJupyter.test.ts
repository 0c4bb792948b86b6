import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitForJupyter } from './waitForJupyter.ts';

const TOKEN = 'ab'.repeat(32);
let folder: string;
let server: Server;
let port: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-wait-'));
  server = createServer((request, response) => {
    response.statusCode = request.headers.authorization === `token ${TOKEN}` ? 200 : 403;
    response.end('{}');
  });
  port = await new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port));
  });
});
afterEach(async () => {
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

describe('waitForJupyter', () => {
  it('returns when the server answers the token', async () => {
    expect(await waitForJupyter({ port, token: TOKEN })).toBeLessThan(10_000);
  });

  it('waits for a server that comes later', async () => {
    await new Promise((done) => server.close(done));
    const waiting = waitForJupyter({ port, token: TOKEN, isAlive: () => true });
    setTimeout(() => server.listen(port, '127.0.0.1'), 150);
    expect(await waiting).toBeGreaterThan(100);
  });

  it('says so when somebody else answers', async () => {
    await expect(waitForJupyter({ port, token: 'cd'.repeat(32) })).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-005',
    });
  });

  it('ends at once with the last lines of the log when the process is gone, the token left out', async () => {
    await new Promise((done) => server.close(done));
    const logFile = join(folder, 'log');
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
    await writeFile(logFile, `${lines.join('\n')}\nModuleNotFoundError: no ${TOKEN}\n`);
    const started = performance.now();
    await expect(
      waitForJupyter({ port, token: TOKEN, isAlive: () => false, logFile, timeout: 20_000 }),
    ).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-004',
      message: 'Jupyter did not start: it ended',
      why: `its last lines:\n${lines.slice(-14).join('\n')}\nModuleNotFoundError: no [token]`,
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('gives up after the time, and when it is interrupted', async () => {
    await new Promise((done) => server.close(done));
    await expect(waitForJupyter({ port, token: TOKEN, timeout: 80 })).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-004',
      why: 'its log is empty',
    });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(waitForJupyter({ port, token: TOKEN, signal: stop.signal })).rejects.toThrow(/abort/i);
  });
});
