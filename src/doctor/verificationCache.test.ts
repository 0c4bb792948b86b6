import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostFingerprint } from '../host/index.ts';
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
    const key = verificationKey({ image: IMAGE, fingerprint, engine: 'sandbox' });
    expect(await readVerification(layout, key)).toBeUndefined();
    await writeVerification(layout, key, good);
    expect(await readVerification(layout, key)).toEqual({ ...good, cached: true });
    await writeVerification(layout, key, { ...good, ok: false });
    expect(await readVerification(layout, key)).toBeUndefined();
  });

  it('survives a torn file', async () => {
    const key = verificationKey({ image: IMAGE, fingerprint, engine: 'sandbox' });
    await writeVerification(layout, key, good);
    await writeFile(join(layout.cache, 'verified', `${key}.json`), '{"ok": tr');
    expect(await readVerification(layout, key)).toBeUndefined();
  });

  it('is another key for another image, machine, engine or choice of GPUs', () => {
    const as = { image: IMAGE, fingerprint, engine: 'sandbox', gpus: 'all' } as const;
    const others = [
      as,
      { ...as, image: `sha256:${'b'.repeat(64)}` as const },
      { ...as, fingerprint: 'other' },
      { ...as, engine: 'docker' },
      { ...as, gpus: 'none' },
    ];
    expect(new Set(others.map(verificationKey)).size).toBe(others.length);
  });

  it('knows the machine again, quickly', async () => {
    const started = performance.now();
    expect(await hostFingerprint()).toBe(fingerprint);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
