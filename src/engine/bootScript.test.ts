import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bootScript, escapeOption } from './bootScript.ts';
import type { BootPlan } from './bootScript.ts';
import { environmentFolder } from './environmentFolder.ts';
import { shellQuote } from './shellQuote.ts';
import { prootSweep, superviseScript } from './superviseScript.ts';

const odd = `/data/it's a "$(reboot)" folder\nof mine`;
const folder = environmentFolder('/home/u/envs', 'lab');
const plan: BootPlan = {
  mode: 'single',
  folder,
  lower: '/store/root',
  upper: '/home/u/a,b:c/u',
  work: '/home/u/w',
  toolbox: { path: '/home/u/tools/box', loader: 'ld.so', programs: new Set() },
  hostname: 'lab',
  hostnameProgram: '/bin/hostname',
  shm: 1024,
  cgroups: ['/sys/fs/cgroup/x/cgroup.procs'],
  oomScore: 500,
  binds: [{ source: odd, target: '/workspace', kind: 'dir', readonly: true, below: ['in ner'] }],
  links: [
    ['/usr/lib/a.so', '/run/x/a.so'],
    ['/usr/lib/b.so.1', '/run/x/b.so.1.2'],
  ],
  files: [['0', '/etc/hosts', '0644']],
  env: { A: "it's", 'B.C': '1' },
  workdir: '/workspace',
  command: ['tini', '--', 'sh', '-c', 'echo "$HOME"'],
};

describe('bootScript', () => {
  const script = bootScript(plan);
  it('is a script that a shell understands, whatever the names', () => {
    expect(spawnSync('sh', ['-n'], { input: script }).stderr.toString()).toBe('');
    const shown = spawnSync('sh', ['-c', `printf %s ${shellQuote(odd)}`]).stdout.toString();
    expect(shown).toBe(odd);
  });
  it('says who it is before it mounts anything', () => {
    expect(script.indexOf('/proc/self/stat')).toBeLessThan(script.indexOf('mount -t overlay'));
  });
  it('empties /tmp before anything of the host is mounted, and places files before that too', () => {
    const mounted = script.indexOf('/.rig-host/data/');
    expect(mounted).toBeGreaterThan(0);
    expect(script.indexOf('rm -rf')).toBeLessThan(mounted);
    expect(script.lastIndexOf('rm -rf')).toBeLessThan(mounted);
    expect(script.indexOf('place/0')).toBeLessThan(mounted);
  });
  it('escapes what separates overlay options, and marks user namespaces', () => {
    expect(escapeOption('/a,b:c\\d')).toBe('/a\\,b\\:c\\\\d');
    expect(script).toContain('userxattr,');
    expect(bootScript({ ...plan, mode: 'root' })).not.toContain('userxattr');
  });
  it('makes a read-only folder read-only with all that is mounted below it', () => {
    expect(script).toContain("remount,bind,ro '/workspace/in ner'");
  });
  it('gives names that no shell can hold through env', () => {
    expect(script).toContain('B.C=1');
    expect(script).not.toContain('export B.C');
  });
});

it.each(['', prootSweep(folder)])('the supervisor is a script that a shell understands', (sweep) => {
  const script = superviseScript(folder, ['unshare', '--mount', 'sh', odd], sweep);
  expect(spawnSync('sh', ['-n'], { input: script }).stderr.toString()).toBe('');
});

it.each(['', '../x', '.hidden', 'a/b', 'x'.repeat(64), 'a b'])('"%s" is no name', (name) => {
  expect(() => environmentFolder('/envs', name)).toThrow(
    expect.objectContaining({ code: 'RIG-ENGINE-001', exitCode: 2 }),
  );
});
