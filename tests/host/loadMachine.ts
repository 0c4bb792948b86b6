import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Machine } from '../../src/host/recordedReader.ts';

/** A recorded machine with what rig must say of it. */
export interface TestMachine extends Machine {
  description: string;
  extends: string;
  /** Paths of the base that this machine does not have. */
  absent?: string[];
  expect: {
    verdict: 'ok' | 'warn' | 'fail';
    /** The v2.7 lock's variant, when the machine is judged against it. */
    plan?: 'cu126';
    findings: string[];
    /** Path in HostFacts -> value. */
    facts: Record<string, unknown>;
  };
}

const folder = fileURLToPath(new URL('machines', import.meta.url));

/** One file below tests/host/machines: `files` and `commands` are laid over those of its base, the rest replaces. */
async function loadMachine(name: string): Promise<TestMachine> {
  const own = parse(await readFile(`${folder}/${name}.yaml`, 'utf8')) as TestMachine;
  const base = parse(await readFile(`${folder}/bases/${own.extends}.yaml`, 'utf8')) as Machine;
  const files = { ...base.files, ...own.files };
  for (const path of own.absent ?? []) delete files[path];
  return { ...base, ...own, files, commands: { ...base.commands, ...own.commands } };
}

/** Every recorded machine by name. */
export async function allMachines(): Promise<[string, TestMachine][]> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -5));
  return Promise.all(
    names.sort().map(async (name) => [name, await loadMachine(name)] as [string, TestMachine]),
  );
}
