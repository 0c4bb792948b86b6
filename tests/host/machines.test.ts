import { describe, expect, it } from 'vitest';
import { hostFromFlags, loadTables, solve } from '../../src/compat/index.ts';
import { verdictOf } from '../../src/doctor/finding.ts';
import { hostFindings, summaryOf } from '../../src/doctor/host/hostFindings.ts';
import { gatherHostFacts, hostFingerprint } from '../../src/host/index.ts';
import { recordedReader } from '../../src/host/recordedReader.ts';
import { allMachines } from './loadMachine.ts';

const machines = await allMachines();
const { tables } = await loadTables();
const lock = solve({ torch: '==2.7.1', cuda: '12.6', python: '3.11' }, hostFromFlags({}, tables), tables);
const plan = lock.ok ? lock.plan : null;

/** The value at `gpus.0.name`. */
function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null)?.[key], value);
}

describe('recorded machines', () => {
  it('are many, and say where they come from', () => {
    expect(machines.length).toBeGreaterThanOrEqual(15);
    for (const [, machine] of machines) {
      expect(machine.label).toMatch(/^(made after documentation and issue reports|recorded)/);
      expect(machine.sources?.length).toBeGreaterThan(0);
    }
  });

  it.each(machines)('%s', async (_name, machine) => {
    const facts = await gatherHostFacts({
      reader: recordedReader(machine),
      home: '/home/user/.local/share/torchrig',
    });
    const { expect: wanted } = machine;
    const seen = Object.fromEntries(Object.keys(wanted.facts).map((path) => [path, at(facts, path)]));
    expect(seen).toEqual(wanted.facts);
    const findings = hostFindings(facts, { tables, plan: wanted.plan ? plan : null });
    expect(findings.map(({ id }) => id)).toEqual(wanted.findings);
    expect(verdictOf(findings)).toBe(wanted.verdict);
    expect(summaryOf(findings, facts)).toMatch(wanted.verdict === 'fail' ? /^not ready: / : /^ready/);
    expect(findings.filter(({ title, evidence }) => title === '' || evidence === '')).toEqual([]);
    expect(findings.filter(({ severity, remedy }) => severity === 'fail' && remedy === null)).toEqual([]);
  });

  it('have a fingerprint each, the same for the same machine', async () => {
    const prints = new Map<string, string>();
    for (const [name, machine] of machines) {
      const [one, two] = await Promise.all([1, 2].map(() => hostFingerprint(recordedReader(machine))));
      expect(one).toBe(two);
      prints.set(name, one ?? '');
    }
    expect(prints.get('rtx5090-driver-570')).not.toBe(prints.get('driver-610'));
    expect(prints.get('v100-driver-580')).not.toBe(prints.get('hgx-8xh100'));
  });

  it('a machine of which nothing can be read is no error and never simply fine', async () => {
    const reader = recordedReader({ label: 'nothing', denied: ['/sys/module/nvidia/version'] });
    const facts = await gatherHostFacts({ reader, home: '/x' });
    expect(Object.keys(facts.unknown)).toEqual(
      expect.arrayContaining([
        'memory',
        'cpu',
        'system.kernel',
        'system.glibc',
        'driver.kernel',
        'shm',
        'disk',
      ]),
    );
    expect(verdictOf(hostFindings(facts))).not.toBe('ok');
  });
});
