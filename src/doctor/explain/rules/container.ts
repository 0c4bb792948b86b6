import type { Rule } from '../rule.ts';
import { inContainer } from '../rule.ts';

/** Shared memory, container runtimes, namespaces, ports, disks. */
export const CONTAINER_RULES: readonly Rule[] = [
  {
    id: 'shm_nccl',
    title: '/dev/shm is too small for NCCL',
    signs: [
      { has: 'Error while creating shared memory segment' },
      { has: 'unhandled system error', like: /shm|shared memory/i },
      { has: '/dev/shm/nccl-', like: /No space left|failed|Error/ },
    ],
    cause:
      'Containers get a /dev/shm of 64 MB; NCCL keeps the buffers between processes of one machine there.',
    remedy:
      'shm: 8g in torchrig.yaml (rig up --shm-size 8g), docker run --shm-size=8g; Kubernetes: emptyDir with medium Memory at /dev/shm',
    here: (host) =>
      host.shm.total !== null && host.shm.total > 2 ** 30 ? undefined : 'rig down, then rig up --shm-size 8g',
    source: ['https://github.com/NVIDIA/nccl/issues/290', 'https://github.com/NVIDIA/nccl/issues/1518'],
    confidence: 'high',
    hits: [
      'NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x (size 9637888), error: No space left on device (28)',
    ],
    misses: ['NCCL INFO Using network Socket', 'ncclSystemError: connection refused'],
  },
  {
    id: 'shm_dataloader',
    title: '/dev/shm is too small for the DataLoader',
    signs: [
      { has: 'Unexpected bus error encountered in worker' },
      { has: 'is killed by signal: Bus error' },
      { has: 'unable to open shared memory object', like: /No space left|Too many/ },
      { has: 'unable to allocate shared memory', like: /shm/ },
    ],
    cause: 'Workers hand their batches over through /dev/shm, which has 64 MB in a container by default.',
    remedy: 'shm: 8g in torchrig.yaml (rig up --shm-size 8g), docker run --shm-size=8g; else num_workers=0',
    source: ['https://github.com/pytorch/pytorch#docker-image'],
    confidence: 'high',
    hits: [
      'ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).',
      'RuntimeError: DataLoader worker (pid 1234) is killed by signal: Bus error. ',
    ],
    misses: ['RuntimeError: DataLoader worker (pid 1234) is killed by signal: Killed.', 'bus error rate: 0'],
  },
  {
    id: 'require_cuda',
    title: 'the image asks for a newer driver than this machine has',
    signs: [
      { has: 'unsatisfied condition: cuda' },
      { has: 'unsatisfied condition: brand' },
      { has: 'unsatisfied condition: driver' },
    ],
    cause:
      'NVIDIA_REQUIRE_CUDA of the image is checked by nvidia-container-cli against the driver; GeForce cards are not on the list of exceptions.',
    remedy:
      'a newer driver, an image of an older CUDA (rig compat), or NVIDIA_DISABLE_REQUIRE=true where minor-version compatibility covers it',
    source: [
      'https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html',
    ],
    confidence: 'medium',
    hits: [
      'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version',
    ],
    misses: ['requirement error: unsatisfied condition: memory'],
  },
  {
    id: 'docker_no_gpu_driver',
    title: 'docker has no NVIDIA runtime',
    signs: [
      { has: 'could not select device driver', like: /\[\[gpu\]\]|nvidia|capabilities/ },
      { has: 'unknown or invalid runtime name: nvidia' },
      { has: 'Unknown runtime specified nvidia' },
    ],
    cause: 'The NVIDIA Container Toolkit is not installed, or docker was not told of it.',
    remedy:
      'install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker. Or without docker: rig up --engine sandbox',
    here: (host) =>
      host.toolkit.version
        ? 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker'
        : undefined,
    source: ['https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html'],
    confidence: 'high',
    hits: [
      'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
    ],
    misses: ['could not select device driver "nfs"'],
  },
  {
    id: 'cdi_unresolved',
    title: 'no CDI description of the GPUs',
    signs: [
      { has: 'unresolvable CDI devices' },
      { has: 'CDI device injection failed' },
      { has: 'failed to inject CDI devices' },
    ],
    cause:
      'The engine was asked for nvidia.com/gpu=..., and no file in /etc/cdi or /var/run/cdi describes it; or it is of an older driver.',
    remedy: 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
    source: ['https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/cdi-support.html'],
    confidence: 'high',
    hits: ['Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all'],
    misses: ['CDI devices: nvidia.com/gpu=0'],
  },
  {
    id: 'docker_daemon',
    title: 'docker’s daemon does not answer',
    signs: [
      { has: 'Cannot connect to the Docker daemon' },
      { has: 'permission denied while trying to connect to the Docker daemon' },
      { has: 'permission denied while trying to connect to the docker API' },
    ],
    cause: 'The daemon does not run, or this user may not use its socket.',
    remedy:
      'sudo systemctl start docker; sudo usermod -aG docker $USER and log in again. Or without docker: rig up --engine sandbox',
    source: ['https://docs.docker.com/engine/install/linux-postinstall/'],
    confidence: 'high',
    hits: [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    ],
    misses: ['Docker daemon started'],
  },
  {
    id: 'port_taken',
    title: 'a port is in use',
    signs: [
      { has: 'Address already in use', like: /address already in use/i },
      { has: 'port is already allocated' },
      { has: 'EADDRINUSE' },
      { has: 'The server socket has failed to listen on any local network address' },
    ],
    cause: 'Another program, or an earlier run that still lives, listens there.',
    remedy:
      'rig ps shows what rig runs; ss -ltnp shows the rest; another port: rig up --jupyter-port N, torchrun --master-port N',
    source: ['https://pytorch.org/docs/stable/elastic/run.html'],
    confidence: 'high',
    hits: [
      'RuntimeError: The server socket has failed to listen on any local network address. port: 29500',
      'OSError: [Errno 98] Address already in use',
    ],
    misses: ['this e-mail address is already in use by another account'],
  },
  {
    id: 'namespaces_forbidden',
    title: 'user namespaces are forbidden here',
    signs: [
      { has: 'unshare failed: Operation not permitted' },
      { has: 'unshare failed: No space left on device' },
      { has: 'write failed /proc/self/uid_map: Operation not permitted' },
      { has: 'setting up uid map: Permission denied' },
      { has: 'loopback: Failed RTM_NEWADDR' },
    ],
    cause:
      'AppArmor (Ubuntu 23.10 and newer), a sysctl, or the seccomp filter of an outer container forbids them.',
    remedy: 'rig doctor names what forbids it and how to allow it; rig up falls back to proot where it can',
    here: (host) => host.namespaces.remedy ?? undefined,
    source: ['docs/doctor.md#namespaces'],
    confidence: 'high',
    hits: [
      'unshare: unshare failed: Operation not permitted',
      'bwrap: setting up uid map: Permission denied',
    ],
    misses: ['mount: Operation not permitted'],
  },
  {
    id: 'disk_full',
    title: 'a disk is full',
    signs: [
      { has: 'No space left on device', like: /^(?!.*(shm|shared memory|unshare)).*/ },
      { has: 'ENOSPC' },
      { has: 'Disk quota exceeded' },
    ],
    cause: 'The file system that was written to has no space or no inodes left, or a quota is reached.',
    remedy: 'df -h and df -i show which; rig gc removes what no environment uses',
    here: (host) =>
      host.disk.free !== null && host.disk.free < 20e9
        ? `${host.disk.path} has ${(host.disk.free / 1e9).toFixed(1)} GB left: rig gc, or set TORCHRIG_HOME to a larger disk`
        : undefined,
    source: ['docs/doctor.md#disk-low'],
    confidence: 'high',
    yieldsTo: ['shm_nccl', 'shm_dataloader', 'namespaces_forbidden'],
    hits: ['OSError: [Errno 28] No space left on device: /workspace/checkpoints/last.pt'],
    misses: ['NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x: No space left on device'],
  },
  {
    id: 'out_of_memory_host',
    title: 'the kernel ended a process for lack of memory',
    signs: [
      { has: 'is killed by signal: Killed' },
      { has: 'Out of memory: Killed process' },
      { has: 'Memory cgroup out of memory' },
      { has: 'OOMKilled' },
      { has: 'exitcode', like: /exitcode\s*:\s*-9\b/ },
      { has: "DefaultCPUAllocator: can't allocate memory" },
    ],
    cause: 'The machine’s memory, or the limit of the environment, was exceeded (not the GPU’s memory).',
    remedy:
      'fewer DataLoader workers, memory-mapped data, or a higher limit: memory: 64g in torchrig.yaml (rig up --memory)',
    here: (host) =>
      host.memory.limit !== null
        ? `rig itself runs under a limit of ${(host.memory.limit / 2 ** 30).toFixed(1)} GiB${inContainer(host) ? ' (the container’s)' : ''}: raise it, or use fewer workers`
        : undefined,
    source: ['https://docs.kernel.org/admin-guide/cgroup-v2.html#memory'],
    confidence: 'high',
    hits: [
      'RuntimeError: DataLoader worker (pid(s) 4711) is killed by signal: Killed. ',
      ' exitcode  : -9 (pid: 2811)',
    ],
    misses: [
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB',
      ' exitcode  : 1 (pid: 2811)',
    ],
  },
  {
    id: 'exec_format',
    title: 'a program for another processor',
    signs: [{ has: 'exec format error', like: /exec format error/i }, { has: 'Exec format error' }],
    cause: 'An image or program for arm64 runs on x86-64, or the other way round.',
    remedy:
      'build for this machine: platform in torchrig.lock is linux/amd64 or linux/arm64; rig lock on the machine that will run it',
    source: ['https://docs.docker.com/build/building/multi-platform/'],
    confidence: 'high',
    hits: ['exec /usr/bin/tini: exec format error'],
    misses: ['unknown image format error'],
  },
];
