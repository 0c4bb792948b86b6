import type { ContainerFacts } from './facts.ts';
import { mountOf } from './mounts.ts';
import { type HostReader, textOf } from './reader.ts';

async function kindOf(reader: HostReader): Promise<string | null> {
  const env = reader.identity.env;
  if (env['KUBERNETES_SERVICE_HOST']) return 'kubernetes';
  if (env['APPTAINER_CONTAINER'] ?? env['SINGULARITY_CONTAINER']) return 'apptainer';
  const [podman, docker, manager, cgroup] = await Promise.all([
    reader.exists('/run/.containerenv'),
    reader.exists('/.dockerenv'),
    textOf(reader, '/run/systemd/container'),
    textOf(reader, '/proc/1/cgroup'),
  ]);
  if (/kubepods/.test(cgroup ?? '')) return 'kubernetes';
  if (podman) return 'podman';
  if (docker || /docker/.test(cgroup ?? '')) return 'docker';
  if (manager?.trim()) return manager.trim();
  if (/\/lxc/.test(cgroup ?? '')) return 'lxc';
  return env['container'] ?? null;
}

export async function readContainer(reader: HostReader): Promise<ContainerFacts> {
  const [kind, status, mounts] = await Promise.all([
    kindOf(reader),
    textOf(reader, '/proc/self/status'),
    textOf(reader, '/proc/self/mountinfo'),
  ]);
  const field = (name: string): number | null => {
    const value = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status ?? '')?.[1];
    return value === undefined ? null : Number(value);
  };
  const privileges = field('NoNewPrivs');
  return {
    kind,
    seccomp: field('Seccomp'),
    noNewPrivileges: privileges === null ? null : privileges === 1,
    rootReadOnly: mounts === undefined ? null : (mountOf(mounts, '/')?.options.includes('ro') ?? null),
  };
}
