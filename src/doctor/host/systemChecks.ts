import { type Finding, finding } from '../finding.ts';
import { type HostCheck, gigabytes, usableMemory } from './check.ts';

const GIB = 2 ** 30;

const memory: HostCheck = (host) => {
  const bytes = usableMemory(host);
  if (bytes === null || bytes >= 6 * GIB) return [];
  const limited = host.memory.limit !== null && host.memory.limit === bytes;
  return [
    finding('memory-low', bytes < 2 * GIB ? 'fail' : 'warn', {
      title: `${gigabytes(bytes)} of memory: import torch alone needs up to 1 GiB, torch.compile and workers more`,
      evidence: limited ? `cgroup limit ${bytes} bytes` : `MemTotal ${bytes} bytes`,
      remedy: limited ? 'raise the limit of the container or job that rig runs in' : null,
    }),
  ];
};

const shm: HostCheck = (host) => {
  const { total } = host.shm;
  if (total === null || total >= GIB) return [];
  return [
    finding('shm-small', total < 16 * 2 ** 20 ? 'fail' : 'warn', {
      title: `/dev/shm has ${(total / 2 ** 20).toFixed(0)} MiB: DataLoader workers and NCCL need more`,
      evidence: `statfs /dev/shm: ${total} bytes`,
      remedy:
        host.container.kind === null
          ? 'sudo mount -o remount,size=8g /dev/shm'
          : 'start this container with --shm-size=8g (Kubernetes: emptyDir, medium Memory, at /dev/shm)',
    }),
  ];
};

const disk: HostCheck = (host) => {
  const { path, free, type, writable } = host.disk;
  const found: Finding[] = [];
  if (writable === false) {
    found.push(
      finding('home-unwritable', 'fail', {
        title: 'rig cannot write its data',
        evidence: `${path} or the folder above it is not writable`,
        remedy: 'export TORCHRIG_HOME=/a/folder/of/yours',
      }),
    );
  }
  if (free !== null && free < 20e9) {
    found.push(
      finding('disk-low', free < 2e9 ? 'fail' : 'warn', {
        title: `${(free / 1e9).toFixed(1)} GB free: the v2.7 environment takes 10 GB, its update as much again`,
        evidence: path,
        remedy: 'rig gc, or TORCHRIG_HOME on a larger disk',
      }),
    );
  }
  if (/^(nfs|cifs|smb|9p|drvfs|fuse\.sshfs|lustre|vboxsf)/.test(type ?? '')) {
    found.push(
      finding('disk-network', 'warn', {
        title: `TORCHRIG_HOME lies on ${type}: environments need a local file system`,
        evidence: path,
        remedy: 'export TORCHRIG_HOME to a local disk',
      }),
    );
  }
  return found;
};

const processor: HostCheck = (host) => {
  const found: Finding[] = [];
  const { cpu, system } = host;
  if (system.arch === 'x86_64' && cpu.flags.length > 0 && !cpu.flags.includes('avx2')) {
    found.push(
      finding('no-avx2', 'warn', {
        title:
          'the processor has no AVX2: torch on the CPU is several times slower, some packages do not start',
        evidence: cpu.model ?? 'unknown model',
        remedy: null,
      }),
    );
  }
  if (cpu.usable < cpu.processors) {
    found.push(
      finding('cpus-limited', 'info', {
        title: `${cpu.usable} of ${cpu.processors} processors may be used`,
        evidence: cpu.quota === null ? 'CPU affinity' : `cgroup quota of ${cpu.quota} cores`,
        remedy: `OMP_NUM_THREADS=${Math.max(1, Math.floor(cpu.usable))} keeps libraries from starting more threads (rig sets it)`,
      }),
    );
  }
  return found;
};

const limits: HostCheck = (host) => {
  const found: Finding[] = [];
  const { openFiles, addressSpace } = host.limits;
  if (openFiles !== null && openFiles < 4096) {
    found.push(
      finding('open-files', 'warn', {
        title: `only ${openFiles} open files: many DataLoader workers and large data sets need more`,
        evidence: 'RLIMIT_NOFILE',
        remedy: 'ulimit -n 65536',
      }),
    );
  }
  if (addressSpace !== null) {
    found.push(
      finding('address-space', 'fail', {
        title: 'the address space is limited: CUDA and torch reserve more than they use',
        evidence: `RLIMIT_AS ${addressSpace} bytes`,
        remedy: 'ulimit -v unlimited',
      }),
    );
  }
  return found;
};

const platform: HostCheck = (host) => {
  if (host.system.wsl === 1) {
    return [
      finding('wsl1', 'fail', {
        title: 'WSL 1 has neither GPUs nor namespaces',
        evidence: host.system.kernel ?? '',
        remedy: 'wsl --set-version <distribution> 2   (in Windows)',
      }),
    ];
  }
  if (host.system.os === 'linux' && host.system.platform === null) {
    return [
      finding('platform', 'fail', {
        title: `there are no wheels of torch for ${host.system.arch}`,
        evidence: host.system.arch,
        remedy: null,
      }),
    ];
  }
  if (host.system.os === 'linux') return [];
  return [
    finding('not-linux', 'warn', {
      title: 'environments run on Linux only',
      evidence: host.system.os,
      remedy: 'rig build works here; run with docker, or on a server: rig up --engine ssh://HOST',
    }),
  ];
};

const unknowns: HostCheck = (host) => {
  const rest = Object.entries(host.unknown).filter(
    ([path]) => !['driver.kernel', 'gpus', 'xid'].includes(path),
  );
  if (rest.length === 0) return [];
  return [
    finding('unknown-facts', 'info', {
      title: `${rest.length} ${rest.length === 1 ? 'fact' : 'facts'} could not be found out`,
      evidence: rest.map(([path, why]) => `${path}: ${why}`).join('; '),
      remedy: null,
    }),
  ];
};

export const systemChecks: HostCheck = (host, context) =>
  [platform, memory, shm, disk, limits, processor, unknowns].flatMap((check) => check(host, context));
