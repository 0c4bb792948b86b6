import { expect, it } from 'vitest';
import type { HostFacts } from '../host/index.ts';
import { finding } from './finding.ts';
import { applyFixes, safeFixes } from './fixes.ts';
import type { Fix } from './fixes.ts';

const host = (more: { uid?: number; container?: string; toolkit?: string } = {}): HostFacts =>
  ({
    system: { uid: more.uid ?? 0 },
    container: { kind: more.container ?? null },
    toolkit: { version: more.toolkit ?? null },
    gpus: [
      { index: 0, computeMode: 'Default' },
      { index: 1, computeMode: 'Prohibited' },
    ],
  }) as unknown as HostFacts;
const found = (...ids: Parameters<typeof finding>[0][]) =>
  ids.map((id) => finding(id, 'fail', { title: id, evidence: '', remedy: null }));
const commands = (fixes: readonly Fix[]): string[] => fixes.map(({ command }) => command.join(' '));

it('only what takes nothing away is mended, once for each finding, and only where it can work', () => {
  const findings = found('shm-small', 'shm-small', 'gpu-prohibited', 'cdi-missing', 'disk-low');
  expect(commands(safeFixes(findings, host()))).toEqual([
    'mount -o remount,size=50% /dev/shm',
    'nvidia-smi -i 1 -c DEFAULT',
  ]);
  expect(commands(safeFixes(findings, host({ container: 'docker', toolkit: '1.17' })))).toEqual([
    'nvidia-smi -i 1 -c DEFAULT',
    'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
  ]);
});

const fix = (...command: [string, ...string[]]): Fix => ({ finding: 'x', command, does: 'tries' });

it('what is run is told with its words, and a failure stops nothing', async () => {
  const fixes = [
    fix('sh', '-c', 'echo mended'),
    fix('sh', '-c', 'echo no >&2; exit 3'),
    fix('no-such-program'),
  ];
  const results = await applyFixes([...fixes, fix('true')], host());
  expect(results.map(({ state }) => state)).toEqual(['done', 'failed', 'failed', 'done']);
  expect(results.map(({ message }) => message).slice(0, 2)).toEqual(['mended', 'no']);
  expect(results[2]?.message).toBe('no-such-program is not installed');
});

it('nothing is run without root: the command is shown', async () => {
  const [result] = await applyFixes([fix('sh', '-c', 'exit 1')], host({ uid: 1000 }));
  expect(result).toMatchObject({ state: 'needs-root', message: 'sudo sh -c exit 1' });
});
