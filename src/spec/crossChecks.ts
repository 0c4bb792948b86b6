import { BASES } from './bases.ts';
import { readEnvName } from './readName.ts';
import { requirementName } from './readPackage.ts';
import type { FileSpec } from './schema.ts';

interface Wrong {
  path: (string | number)[];
  message: string;
}

/** What is wrong between values that are each right: things named twice, and sizes that cannot be. */
export function crossChecks(file: FileSpec, envNames: readonly string[]): Wrong[] {
  return [
    ...twice(
      file.packages?.python?.map((each) => (each.includes(';') ? each : requirementName(each))) ?? [],
      ['packages', 'python'],
    ),
    ...twice(file.packages?.debian ?? [], ['packages', 'debian']),
    ...twice(file.mounts?.map((mount) => mount.target) ?? [], ['mounts']),
    ...wrongEnvNames(envNames),
    ...ports(file),
    ...shm(file),
    ...basePython(file),
  ];
}

function twice(names: readonly string[], path: string[]): Wrong[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [{ path: [...path, index], message: `${name} is listed twice` }] : [],
  );
}

function wrongEnvNames(names: readonly string[]): Wrong[] {
  return names.flatMap((name) => {
    const reading = readEnvName(name);
    return 'problem' in reading ? [{ path: ['env', name], message: reading.problem }] : [];
  });
}

function ports(file: FileSpec): Wrong[] {
  const { jupyter, ssh, publish } = file.ports ?? {};
  const taken = new Map<number, string>();
  const wrong: Wrong[] = [];
  const claim = (port: number | null | undefined, who: string, path: (string | number)[]): void => {
    if (typeof port !== 'number') return;
    const other = taken.get(port);
    if (other) wrong.push({ path, message: `port ${port} is already given to ${other}` });
    taken.set(port, who);
  };
  claim(jupyter, 'jupyter', ['ports', 'jupyter']);
  claim(ssh, 'ssh', ['ports', 'ssh']);
  publish?.forEach((each, index) => claim(each.host, `publish[${index}]`, ['ports', 'publish', index]));
  return wrong;
}

function shm(file: FileSpec): Wrong[] {
  if (file.shm === undefined || file.memory === undefined || file.shm <= file.memory) return [];
  return [
    { path: ['shm'], message: 'is more than memory; /dev/shm counts as memory (half of it is a good size)' },
  ];
}

function basePython(file: FileSpec): Wrong[] {
  const brings = BASES[file.base ?? 'debian:12']?.python;
  if (file.python === undefined || brings === undefined || file.python === brings) return [];
  return [
    {
      path: ['python'],
      message: `base ${file.base ?? 'debian:12'} brings Python ${brings}, not ${file.python}`,
    },
  ];
}
