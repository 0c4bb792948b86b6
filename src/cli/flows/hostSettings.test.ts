import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostSettings } from './hostSettings.ts';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nb3duIGF1dGhvcml0eQ==\n-----END CERTIFICATE-----';

describe('hostSettings', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'rig-settings-'));
    await writeFile(join(home, 'own.pem'), `# ours\n${CERTIFICATE}\n`);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));
  const settings = (env: NodeJS.ProcessEnv) =>
    hostSettings({
      env: {
        HOME: home,
        TORCHRIG_HOME: home,
        PIP_CONFIG_FILE: '/dev/null',
        TORCHRIG_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian',
        ...env,
      },
    });
  const fileOf = async (env: NodeJS.ProcessEnv, path: string) =>
    (await settings(env)).files.find((file) => file.path === path);

  it("hands on pip's index; with a password only root reads it", async () => {
    const open = { TORCHRIG_PYTHON_INDEX: 'http://127.0.0.1:9/simple http://127.0.0.1:8/more file:///srv/x' };
    const file = await fileOf(open, '/etc/pip.conf');
    expect(file).toMatchObject({ mode: 0o644 });
    expect(file?.content).toContain(
      'index-url = http://127.0.0.1:9/simple\nextra-index-url = http://127.0.0.1:8/more\n',
    );
    expect(file?.content).not.toContain('/srv/x');
    const secret = { TORCHRIG_PYTHON_INDEX: 'http://me:word@127.0.0.1:9/simple' };
    expect(await fileOf(secret, '/etc/pip.conf')).toMatchObject({ mode: 0o600 });
  });

  it("hands on apt's mirror, and its password in a file for root", async () => {
    const path = '/etc/apt/sources.list.d/debian.sources';
    expect(await fileOf({}, path)).toMatchObject({
      mode: 0o644,
      content: expect.stringContaining('URIs: http://127.0.0.1:9/debian\n') as string,
    });
    const secret = { TORCHRIG_DEBIAN_MIRROR: 'http://me:word@127.0.0.1:9/debian' };
    expect(await fileOf(secret, path)).toMatchObject({ mode: 0o600 });
  });

  it('hands on proxies and the authorities of every bundle', async () => {
    const { env, files } = await settings({
      SSL_CERT_FILE: join(home, 'own.pem'),
      https_proxy: 'http://127.0.0.1:7',
      NO_PROXY: 'localhost',
    });
    expect(env).toMatchObject({ https_proxy: 'http://127.0.0.1:7', NO_PROXY: 'localhost' });
    const bundle = files.find((file) => file.path === env['SSL_CERT_FILE']);
    expect(bundle?.content).toContain(CERTIFICATE);
    expect(files.find((file) => file.path === '/etc/pip.conf')?.content).toContain(
      `cert = ${env['SSL_CERT_FILE']}`,
    );
  });

  it('passes on nothing else of the caller', async () => {
    const { env } = await settings({
      AWS_SECRET_ACCESS_KEY: 'secret',
      PIP_INDEX_URL: 'http://me:word@127.0.0.1:9/',
    });
    expect(JSON.stringify(env)).not.toMatch(/secret|word/);
  });
});
