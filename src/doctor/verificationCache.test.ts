import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherHostFacts, hostFingerprint } from '../host/index.ts';
import { homeLayout } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import type { Verification } from './verification.ts';
import { readVerification, verificationKey, writeVerification } from './verificationCache.ts';

const IMAGE = `sha256:${'a'.repeat(64)}` as const;
const good = { ok: true, torch: '2.7.1+cu126', findings: [], cached: false } as unknown as Verification;

describe('the cache of verifications', () => {
  let layout: HomeLayout;
  let fingerprint: string;
  beforeAll(async () => {
    layout = homeLayout(await mkdtemp(join(tmpdir(), 'rig-verified-')));
    fingerprint = await hostFingerprint();
  });
  afterAll(() => rm(layout.root, { recursive: true, force: true }));

  it('keeps a good result, marks it, and forgets it with a bad one', async () => {
    const key = verificationKey(IMAGE, fingerprint, 'sandbox');
    expect(await readVerification(layout, key)).toBeUndefined();
    await writeVerification(layout, key, good);
    expect(await readVerification(layout, key)).toEqual({ ...good, cached: true });
    await writeVerification(layout, key, { ...good, ok: false });
    expect(await readVerification(layout, key)).toBeUndefined();
  });

  it('survives a torn file', async () => {
    const key = verificationKey(IMAGE, fingerprint, 'sandbox');
    await writeVerification(layout, key, good);
    await writeFile(join(layout.cache, 'verified', `${key}.json`), '{"ok": tr');
    expect(await readVerification(layout, key)).toBeUndefined();
  });

  it('is another key for another image, machine or engine, not for less free memory', async () => {
    const host = await gatherHostFacts({ home: layout.root });
    const busy = { ...host, memory: { ...host.memory, available: 1 }, gatherMs: 1 };
    const other = { ...host, driver: { ...host.driver, kernel: '570.86.10' } };
    const keys = [
      verificationKey(IMAGE, host, 'sandbox'),
      verificationKey(`sha256:${'b'.repeat(64)}`, host, 'sandbox'),
      verificationKey(IMAGE, other, 'sandbox'),
      verificationKey(IMAGE, host, 'docker'),
      verificationKey(IMAGE, fingerprint, 'sandbox'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(verificationKey(IMAGE, busy, 'sandbox')).toBe(keys[0]);
  });

  it('knows the machine again, quickly', async () => {
    const started = performance.now();
    expect(await hostFingerprint()).toBe(fingerprint);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
