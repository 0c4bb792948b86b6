/** Every finding that doctor knows: what it is about and why it matters. Ids are permanent. docs/doctor.md is made from it. */
export const FINDINGS = {
  // the driver
  'no-gpu':
    'No NVIDIA GPU is on the PCI bus, in /proc/driver/nvidia or under /dev, or all are given to virtual machines. torch runs on the CPU.',
  'driver-missing':
    'A card is there, and no NVIDIA module exists for the running kernel. After a kernel update it must be built anew.',
  'driver-not-loaded':
    'The module is built for this kernel but not loaded. The kernel log says why; lines begin with NVRM.',
  'driver-unknown':
    'The files that tell the driver’s version may not be read, so neither "there is one" nor "there is none" would be true.',
  nouveau: 'The free driver nouveau holds the card. CUDA needs NVIDIA’s, and the two cannot share a card.',
  'secure-boot':
    'With Secure Boot the kernel loads signed modules only. The driver’s module is signed with a key of this machine, which the firmware must be told once.',
  'driver-mismatch':
    'Kernel module and libraries must be of exactly one version. Mostly the packages were updated and the machine was not restarted.',
  'libcuda-missing':
    'The kernel module is loaded, but programs find no libcuda.so.1. In a container: it was started without its GPUs.',
  'libcuda-stub':
    'Toolkits ship an empty libcuda for linking, in a folder named stubs. On a search path it hides the real one (error 34).',
  'compat-libraries':
    'A newer libcuda of the package cuda-compat is on the search path. It works on data-centre cards only, elsewhere it is error 804.',
  'container-without-devices':
    'A container sees its host’s driver in /proc and /sys, but was given no /dev/nvidia devices.',
  'driver-hangs':
    'nvidia-smi does not answer within two seconds. Mostly a card has stopped responding; the kernel log has an Xid.',
  'smi-failed': 'nvidia-smi answers with an error. Its own words are the evidence.',
  'fabric-manager':
    'On HGX and DGX machines the GPUs talk over NVSwitches, which the fabric manager must set up. Without it every CUDA program fails with error 802.',
  jetson:
    'Jetson modules have a driver and a memory of their own kind; the wheels for servers do not run on them.',
  'lock-does-not-fit':
    'torch as the lock has it cannot run on a GPU or driver of this machine: no machine code for the architecture, or a driver below the floor of its CUDA.',
  'no-torch-fits': 'No torch release in the tables runs on this GPU and driver together.',
  'gpu-not-in-table':
    'The tables do not know this card, and the driver does not tell its compute capability. Nothing is guessed.',
  // the folder
  'spec-invalid':
    'torchrig.yaml cannot be used. This machine was looked at all the same, but not whether what the file asks for runs here, nor into its environment.',
  'lock-invalid':
    'torchrig.lock cannot be used. This machine was looked at all the same, but not whether what is locked runs here.',
  // the cards
  xid: 'The kernel module writes an Xid for each error of a card. Codes such as 48, 74, 79 and 95 mean hardware; 13, 31 and 43 mostly mean a faulty program.',
  'gpu-ecc':
    'Memory of the card lost its content and could not be corrected. Results since then may be wrong.',
  'gpu-throttled': 'The card runs slower than it could: heat, power, or a brake signal of the power supply.',
  'gpu-pcie-width':
    'Fewer PCIe lanes than the card has. Some boards share lanes between slots; risers lose them.',
  'nvlink-down':
    'A card has fewer active NVLinks than another of its kind in this machine. Training over several cards runs at the pace of the slowest link.',
  'gpu-busy': 'More than 30 % of the card’s memory is taken before anything of yours runs.',
  'gpu-prohibited': 'The card’s compute mode forbids computing.',
  mig: 'The card is cut into MIG instances. A process can use one of them, and they cannot talk to each other.',
  'mig-empty': 'MIG mode is on and no instance was made: CUDA finds no device.',
  'gpus-differ': 'Cards of different kinds. Data-parallel training waits for the slowest in every step.',
  'gpus-unread': 'Without nvidia-smi, memory, compute capability and health of the cards are not known.',
  'gpu-slow':
    'Measured rates are far below the physical limit of the card in the tables. Healthy is 65 % for matrix products and 70 % for memory. Throttling, a shared card or a wrong power limit are usual reasons.',
  'link-slow': 'Copies between host and card are slow: a slot with few lanes or an old generation.',
  'peer-copy-wrong':
    'A tensor copied from one GPU to another arrives changed. Some boards do that with IOMMU or ACS on.',
  'rates-failed': 'The measurement of a card’s speed ended with an error.',
  // the machine
  'memory-low':
    'import torch takes about 0.4 GiB on the CPU, torch.compile and workers 2 GiB more. A cgroup limit counts as well as the machine’s memory.',
  'shm-small':
    'DataLoader workers and NCCL hand data over in /dev/shm. Containers get 64 MB unless told otherwise; then workers die with a bus error.',
  'home-unwritable': 'rig keeps everything below TORCHRIG_HOME, and cannot write there.',
  'disk-low':
    'The v2.7 environment takes about 10 GB with its downloads, an update as much again while both are kept.',
  'disk-network': 'Environments need overlay mounts, hard links and locks, which network file systems lack.',
  'open-files': 'Every worker and every shared tensor needs file descriptors.',
  'address-space':
    'CUDA reserves address space of twice the card’s memory, torch several GiB: RLIMIT_AS breaks both, whatever is really used.',
  'no-avx2': 'torch’s fast paths on the CPU need AVX2; some packages do not start without it.',
  'cpus-limited':
    'Affinity or a cgroup quota allows fewer processors than the machine has. Libraries that count processors start too many threads.',
  platform: 'torch publishes wheels for x86_64 and aarch64.',
  wsl1: 'WSL 1 has no Linux kernel: no GPU, no namespaces.',
  'not-linux':
    'Environments are Linux root file systems. Building them works elsewhere, running them needs Linux.',
  'unknown-facts': 'Something could not be read. Findings that would need it were not made.',
  // engines
  namespaces:
    'The sandbox needs user namespaces (or root). A distribution, a sysctl or an outer container forbids them here.',
  'no-id-range':
    'With a range of subordinate ids, users and groups inside are real. Without it one id is mapped, and ownership is pretended.',
  'docker-silent': 'The program docker is there, but no daemon answers it.',
  'docker-no-nvidia': 'docker needs the NVIDIA Container Toolkit, or CDI files, to give GPUs to containers.',
  'cdi-missing': 'podman gives GPUs to containers by CDI files, which nvidia-ctk writes.',
  'cdi-stale':
    'The CDI file names libraries of a driver that is no longer loaded: containers would get files that are not there.',
  selinux: 'SELinux labels may forbid containers to open the GPU’s devices.',
  'source-unreachable':
    'The Python package index of this machine (pip’s own settings) does not answer. What is stored can be used; nothing new can be fetched.',
  // inside an environment
  'environment-broken': 'Not even Python can be started inside the environment.',
  'versions-differ':
    'What runs is not what the lock says: a package was replaced, or another Python answers.',
  'packages-drifted':
    'Packages were installed inside the environment after it was made. Allowed, but another machine will not have them.',
  'package-missing': 'A package of the lock is not there any more.',
  'import-failed': 'A package of the lock cannot be imported.',
  'torch-broken': 'torch cannot be imported or used.',
  'library-corrupt':
    'A shared library has not the size or hash that its wheel recorded: a disk fault, an interrupted copy, or a change by hand.',
  'stray-libraries':
    'Another copy of a CUDA or torch library is found before the environment’s own, by LD_LIBRARY_PATH or by a link.',
  'gpu-query-failed': 'Asking the GPUs ended with an error.',
  'gpus-missing': 'torch sees fewer GPUs than the environment was given.',
  'allocation-failed': 'Memory could not be allocated and written on the device.',
  'matmul-wrong':
    'A 2000 x 2000 product failed, or differs from its float64 reference by more than rounding.',
  'product-wrong':
    'A product in fp32, tf32, bf16 or fp16 fails, or differs from float64 by more than that precision explains.',
  'compile-failed': 'torch.compile fails, or its result differs from eager.',
  'no-compiler': 'torch.compile writes C++ (and C for Triton’s launcher) and compiles it at run time.',
  'no-python-headers': 'Triton’s launcher includes Python.h.',
  'dataloader-failed': 'Worker processes could not hand their batches over.',
  'gloo-failed': 'Two processes on this machine could not add up a tensor with gloo.',
  'nccl-failed': 'The visible GPUs could not add up a tensor with NCCL.',
  'jupyter-kernel': 'Jupyter answers, but a kernel could not be started or did not compute.',
  'workspace-unwritable': 'The folder seen at /workspace cannot be written from inside.',
  'workspace-full': 'Little space is left where checkpoints go.',
  'module-shadowed':
    'A file in the workspace or on PYTHONPATH has the name of a module (random.py, torch.py), and Python takes it instead.',
  preload: 'LD_PRELOAD puts a library before all others.',
} as const;

export type FindingId = keyof typeof FINDINGS;
