import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { choosePort, whoListens } from './choosePort.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function occupy(port = 0, host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done());
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('choosePort', () => {
  it('takes the wished port when it is free', async () => {
    const port = await occupy();
    await new Promise((done) => servers.pop()!.close(done));
    expect(await choosePort({ service: 'jupyter', port, explicit: true })).toBe(port);
  });

  it('moves on when nobody asked for that very port, past those given to others', async () => {
    const port = await occupy();
    const next = await choosePort({ service: 'jupyter', port, explicit: false });
    expect(next).toBeGreaterThan(port);
    const other = await choosePort({ service: 'ssh', port, explicit: false }, { avoid: new Set([next]) });
    expect(other).toBeGreaterThan(next);
  });

  it('refuses a taken port that was asked for, and says who has it', async () => {
    const port = await occupy();
    await expect(choosePort({ service: 'jupyter', port, explicit: true })).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-002',
      exitCode: 1,
      message: expect.stringMatching(
        new RegExp(`^port ${port} for jupyter is taken by .+ \\(process ${process.pid}\\)$`),
      ),
      hint: expect.stringContaining('--jupyter-port'),
    });
  });

  it('sees one who listens on all addresses', async () => {
    const port = await occupy(0, '0.0.0.0');
    await expect(choosePort({ service: 'ssh', port, explicit: true })).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-002',
    });
  });

  it('gives up above the last port', async () => {
    const avoid = new Set([65_534, 65_535]);
    await expect(
      choosePort({ service: 'ssh', port: 65_534, explicit: false }, { avoid }),
    ).rejects.toMatchObject({
      message: 'no port for ssh is free from 65534 on',
    });
  });

  it('knows nobody on a free port', async () => {
    const port = await occupy();
    await new Promise((done) => servers.pop()!.close(done));
    expect(await whoListens(port)).toBeUndefined();
  });
});
