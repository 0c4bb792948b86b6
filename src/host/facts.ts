/**
 * What is known of a machine. A value of null means "there is none" unless `unknown` names it: then it could not be
 * found out, and the entry says why. Keys of `unknown` are paths of this object: `driver.userMode`, `gpus`, `kernelLog`.
 */
export interface HostFacts {
  system: SystemFacts;
  cpu: CpuFacts;
  memory: MemoryFacts;
  driver: DriverFacts;
  /** As the PCI bus and the driver list them; empty where there is none. */
  gpus: GpuFacts[];
  container: ContainerFacts;
  namespaces: NamespaceFacts;
  cgroup: CgroupFacts;
  limits: LimitFacts;
  engines: EngineFacts[];
  toolkit: ToolkitFacts;
  disk: DiskFacts;
  shm: ShmFacts;
  /** Xid lines of the kernel log, newest last; null when it may not be read. */
  xid: XidFact[] | null;
  unknown: Record<string, string>;
  /** Milliseconds that gathering took. */
  gatherMs: number;
}

export interface SystemFacts {
  os: 'linux' | 'darwin' | 'other';
  /** `x86_64`, `aarch64`. */
  arch: string;
  /** The image platform that runs natively. */
  platform: 'linux/amd64' | 'linux/arm64' | null;
  /** `6.8.0-45-generic`. */
  kernel: string | null;
  /** `debian`, `ubuntu`, ... of os-release. */
  distro: string | null;
  distroVersion: string | null;
  /** `Ubuntu 24.04.1 LTS`. */
  prettyName: string | null;
  /** `2.36`; null with musl or unknown. */
  glibc: string | null;
  /** 1 or 2 under the Windows Subsystem for Linux. */
  wsl: 1 | 2 | null;
  /** `kvm`, `vmware`, `amazon`, ...; null on bare metal. */
  virtualMachine: string | null;
  /** NVIDIA Jetson model, where the device tree names one. */
  jetson: string | null;
  secureBoot: boolean | null;
  selinux: 'enforcing' | 'permissive' | null;
  uid: number | null;
}

export interface CpuFacts {
  model: string | null;
  /** Logical processors of the machine. */
  processors: number;
  /** What this process may use: the smaller of affinity and cgroup quota; a quota may be a fraction. */
  usable: number;
  affinity: number;
  /** cgroup CPU quota in cores, or null without one. */
  quota: number | null;
  /** Of interest to torch: `avx2`, `avx512f`, `avx512_bf16`, `amx_tile`, `asimd`, `sve`, ... */
  flags: string[];
  numaNodes: number;
}

export interface MemoryFacts {
  /** Bytes of the machine. */
  total: number | null;
  available: number | null;
  swap: number | null;
  /** cgroup limit in bytes, or null without one. */
  limit: number | null;
}

export interface DriverFacts {
  /** NVIDIA kernel module that is loaded: `570.86.10`. */
  kernel: string | null;
  /** `open` or `proprietary`. */
  flavour: 'open' | 'proprietary' | null;
  /** libcuda that a program here would load: `570.86.10`. */
  userMode: string | null;
  libcuda: string | null;
  /** libnvidia-ml's version, from its file name. */
  nvml: string | null;
  /** What nvidia-smi says of itself: does it answer, and with which error if not. */
  smi: { state: 'ok' | 'missing' | 'failed' | 'timeout'; message: string | null };
  /** Newest CUDA of the user-mode driver, where nvidia-smi tells. */
  cuda: string | null;
  nouveau: boolean;
  /** The nvidia module is installed for this kernel but not loaded. */
  installedNotLoaded: boolean;
  /** Present among /dev/nvidiactl, /dev/nvidia-uvm, /dev/nvidia0, /dev/dxg, ... */
  devices: string[];
  /** CUDA forward-compatibility libraries on this machine's loader path. */
  compatLibraries: string[];
  fabricManager: 'running' | 'absent' | null;
  nvswitches: number;
}

export interface GpuFacts {
  index: number;
  /** `NVIDIA H100 80GB HBM3`; null when only the PCI bus knows of it. */
  name: string | null;
  uuid: string | null;
  /** Bus address, `0000:01:00.0`. */
  bus: string | null;
  /** PCI ids `10de:2684`. */
  pci: string | null;
  /** `8.9`. */
  computeCapability: string | null;
  /** Bytes. */
  memory: number | null;
  memoryUsed: number | null;
  /** Kernel driver that is bound to it: `nvidia`, `nouveau`, `vfio-pci`. */
  boundTo: string | null;
  mig: { enabled: boolean; instances: { uuid: string; profile: string }[] } | null;
  persistence: boolean | null;
  ecc: boolean | null;
  uncorrectedErrors: number | null;
  pcie: {
    generation: number | null;
    maxGeneration: number | null;
    width: number | null;
    maxWidth: number | null;
  } | null;
  numaNode: number | null;
  /** NVLinks of the card; null where it has none, or where there is no second card to ask about. */
  nvlink: NvlinkFacts | null;
  /** How it reaches the other cards, by their index, in the words of `nvidia-smi topo`: `NV18`, `PIX`, `NODE`, `SYS`. */
  peers: Record<number, string>;
  /** Degrees Celsius, and active throttle reasons. */
  temperature: number | null;
  throttled: string | null;
  computeMode: string | null;
}

export interface NvlinkFacts {
  links: number;
  active: number;
  /** GB/s of each active link in one direction. */
  rate: number | null;
}

export interface ContainerFacts {
  /** What we run inside of: `docker`, `podman`, `kubernetes`, `lxc`, `systemd-nspawn`, `apptainer`, `proot`, ... */
  kind: string | null;
  /** Seccomp mode of this process: 0 none, 1 strict, 2 filter. */
  seccomp: number | null;
  noNewPrivileges: boolean | null;
  rootReadOnly: boolean | null;
}

export interface NamespaceFacts {
  /** By doing: a user, mount and pid namespace with its own tmpfs and /proc. */
  usable: boolean | null;
  /** Why not, in words. */
  forbiddenBy: string | null;
  /** What would allow it. */
  remedy: string | null;
  /** May the user map a range of ids (newuidmap and an entry in /etc/subuid)? */
  idRange: boolean;
}

export interface CgroupFacts {
  version: 1 | 2 | 'hybrid' | null;
  /** Controllers that this user could set limits with. */
  writable: boolean | null;
  systemd: boolean;
}

export interface LimitFacts {
  /** Soft limits; null is unlimited. */
  openFiles: number | null;
  processes: number | null;
  lockedMemory: number | null;
  addressSpace: number | null;
  stack: number | null;
}

export interface EngineFacts {
  name: 'docker' | 'podman' | 'bwrap' | 'unshare' | 'proot' | 'apptainer' | 'enroot';
  version: string | null;
  /** Present and, for a daemon, answering. */
  state: 'ok' | 'missing' | 'silent';
  /** Its own words where it does not answer. */
  message: string | null;
}

export interface ToolkitFacts {
  /** NVIDIA Container Toolkit. */
  version: string | null;
  /** Runtimes that docker knows, where it answers: has it `nvidia`? */
  dockerRuntime: boolean | null;
  cdi: { file: string; devices: string[]; driver: string | null }[];
}

export interface DiskFacts {
  /** Where TORCHRIG_HOME is or would be. */
  path: string;
  free: number | null;
  total: number | null;
  /** `ext4`, `overlay`, `nfs`, ... */
  type: string | null;
  writable: boolean | null;
}

export interface ShmFacts {
  total: number | null;
  free: number | null;
}

export interface XidFact {
  code: number;
  line: string;
}
