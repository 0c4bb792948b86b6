import type { Rule } from '../rule.ts';
import { driverBranch, inContainer } from '../rule.ts';

/** Kernel module, user-mode libraries, device nodes. */
export const DRIVER_RULES: readonly Rule[] = [
  {
    id: 'libcuda_stub',
    title: 'the stub of libcuda is loaded instead of the driver',
    signs: [{ has: 'CUDA driver is a stub library' }, { has: 'CUDA_ERROR_STUB_LIBRARY' }],
    cause:
      'A folder /usr/local/cuda/lib64/stubs comes before the real libcuda.so.1: on LD_LIBRARY_PATH or as a link in an image.',
    remedy:
      'remove stubs from LD_LIBRARY_PATH, start the container with its GPUs (rig up, docker --gpus all), then ldconfig',
    here: (host) =>
      host.driver.libcuda?.includes('/stubs/')
        ? `remove ${host.driver.libcuda} from the search path of libraries`
        : undefined,
    source: [
      'https://github.com/numba/numba/issues/9732',
      'https://github.com/NVIDIA/nvidia-container-toolkit/issues/185',
    ],
    confidence: 'high',
    hits: [
      'RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 34: CUDA driver is a stub library',
    ],
    misses: ['linking against the stub library libfoo'],
  },
  {
    id: 'libcuda_not_found',
    title: 'libcuda is not found',
    signs: [
      { has: 'libcuda.so cannot found' },
      { has: 'cannot find -lcuda', like: /-lcuda(?!\w)/ },
      { has: 'libcuda.so.1: cannot open shared object file' },
    ],
    cause:
      'The driver’s library is not in the loader’s cache, or only libcuda.so.1 is there and an old Triton wants libcuda.so.',
    remedy:
      'ldconfig; or set TRITON_LIBCUDA_PATH to the folder of libcuda.so.1; without an NVIDIA driver it is normal',
    here: (host) =>
      host.gpus.length === 0 && host.driver.kernel === null
        ? 'this machine has no NVIDIA driver: the code must run on the CPU, or on another machine'
        : undefined,
    source: [
      'https://github.com/MAGICS-LAB/DNABERT_2/issues/56',
      'https://github.com/state-spaces/mamba/issues/14',
    ],
    confidence: 'high',
    hits: [
      'AssertionError: libcuda.so cannot found!',
      '/usr/bin/ld: cannot find -lcuda: No such file or directory',
    ],
    misses: ['/usr/bin/ld: cannot find -lcudart', 'libcuda.so.1 => /usr/lib/x86_64-linux-gnu/libcuda.so.1'],
  },
  {
    id: 'err804',
    title: 'forward compatibility is not allowed on this GPU',
    signs: [
      { has: 'forward compatibility was attempted on non supported HW' },
      { has: 'cudaErrorCompatNotSupportedOnDevice' },
    ],
    cause:
      'A cuda-compat libcuda (of an image, or on LD_LIBRARY_PATH) is loaded; it works on data-centre GPUs only. Also: libcuda is newer than the kernel module.',
    remedy:
      'take /usr/local/cuda/compat out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, or update the driver, or use an older CUDA',
    here: (host) =>
      host.driver.compatLibraries.length > 0
        ? `take ${host.driver.compatLibraries.join(' and ')} out of the loader’s path; the driver here is ${host.driver.kernel ?? 'unknown'}`
        : undefined,
    source: ['https://github.com/pytorch/pytorch/issues/40671'],
    confidence: 'high',
    hits: [
      'CUDA initialization: Unexpected error from cudaGetDeviceCount(). Error 804: forward compatibility was attempted on non supported HW',
    ],
    misses: ['Error 803: system has unsupported display driver / cuda driver combination'],
  },
  {
    id: 'err803',
    title: 'kernel module and libcuda are of different versions',
    signs: [
      { has: 'system has unsupported display driver / cuda driver combination' },
      { has: 'cudaErrorSystemDriverMismatch' },
    ],
    cause:
      'The driver was updated without loading its new module, or a container has libraries of the old one.',
    remedy:
      'restart the machine (or unload and load the nvidia modules), then the containers: rig down && rig up',
    here: (host) =>
      host.driver.kernel && host.driver.userMode && host.driver.kernel !== host.driver.userMode
        ? `module ${host.driver.kernel}, libraries ${host.driver.userMode}: restart the machine, then rig up`
        : undefined,
    source: ['https://github.com/NVIDIA/nvidia-container-toolkit/issues/394'],
    confidence: 'medium',
    hits: ['Error 803: system has unsupported display driver / cuda driver combination'],
    misses: ['Error 804: forward compatibility was attempted on non supported HW'],
  },
  {
    id: 'err802',
    title: 'the NVSwitch fabric is not up',
    signs: [
      { has: 'Error 802', like: /system not yet initialized/ },
      { has: 'cudaErrorSystemNotReady' },
      { has: 'CUDA_ERROR_SYSTEM_NOT_READY' },
    ],
    cause: 'On HGX and DGX machines nvidia-fabricmanager does not run, or its version is not the driver’s.',
    remedy: 'sudo systemctl enable --now nvidia-fabricmanager (exactly the driver’s version)',
    here: (host) =>
      host.driver.nvswitches === 0
        ? 'no NVSwitch is seen here: try the kernel option nokaslr, or `options nvidia_uvm uvm_disable_hmm=1` in /etc/modprobe.d, and restart'
        : `install nvidia-fabricmanager of version ${host.driver.kernel ?? 'of the driver'} and run: sudo systemctl enable --now nvidia-fabricmanager`,
    source: ['https://github.com/pytorch/pytorch/issues/35710', 'https://github.com/jax-ml/jax/issues/34113'],
    confidence: 'high',
    hits: [
      'CUDA initialization: Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized',
    ],
    misses: ['HTTP Error 802: system not ready', 'torch.distributed: process group not yet initialized'],
  },
  {
    id: 'nvml_unknown',
    title: 'the container lost its GPU devices',
    signs: [{ has: 'Failed to initialize NVML: Unknown Error' }],
    cause:
      'With cgroup v2 and systemd, a `systemctl daemon-reload` sets the device rules anew and drops those that the runtime hook had added.',
    remedy:
      'restart the container; to prevent it use CDI, or give the devices by name (--device /dev/nvidia0 --device /dev/nvidiactl --device /dev/nvidia-uvm)',
    source: [
      'https://github.com/NVIDIA/nvidia-container-toolkit/discussions/1133',
      'https://github.com/NVIDIA/nvidia-container-toolkit/issues/48',
    ],
    confidence: 'high',
    hits: ['Failed to initialize NVML: Unknown Error'],
    misses: ['Failed to initialize NVML: Insufficient Permissions', 'NVML: Unknown sensor'],
  },
  {
    id: 'nvml_mismatch',
    title: 'driver libraries were updated under the running kernel module',
    signs: [{ has: 'Driver/library version mismatch' }, { has: 'NVML_ERROR_LIB_RM_VERSION_MISMATCH' }],
    cause:
      'The packages of the driver are newer than the module that is loaded, most often after unattended upgrades.',
    remedy:
      'restart the machine; or stop all GPU programs, rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia, and run nvidia-smi. Hold the packages to prevent it',
    here: (host) =>
      host.driver.kernel && host.driver.nvml
        ? `module ${host.driver.kernel}, library ${host.driver.nvml}: restart the machine`
        : undefined,
    source: ['https://github.com/NVIDIA/nvidia-docker/issues/365'],
    confidence: 'high',
    hits: ['Failed to initialize NVML: Driver/library version mismatch'],
    misses: ['protocol version mismatch', 'Failed to initialize NVML: Unknown Error'],
  },
  {
    id: 'nvml_perm',
    title: 'the devices of the GPU may not be opened',
    signs: [{ has: 'Failed to initialize NVML: Insufficient Permissions' }],
    cause:
      'SELinux labels forbid /dev/nvidia* inside the container, or the user is not in the group of the device.',
    remedy: 'podman: --security-opt=label=disable, or sudo setsebool -P container_use_devices on',
    source: ['https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/troubleshooting.html'],
    confidence: 'high',
    hits: ['Failed to initialize NVML: Insufficient Permissions'],
    misses: ['mkdir: Insufficient Permissions', 'Failed to initialize NVML: Unknown Error'],
  },
  {
    id: 'driver_not_running',
    title: 'no NVIDIA driver is loaded',
    signs: [
      { has: "couldn't communicate with the NVIDIA driver" },
      { has: 'Failed to initialize NVML: Driver Not Loaded' },
      { has: 'Found no NVIDIA driver on your system' },
      { has: "modprobe: ERROR: could not insert 'nvidia'" },
    ],
    cause:
      'The driver is not installed, was not rebuilt for this kernel, is held back by Secure Boot, or nouveau has the card.',
    remedy: 'rig doctor says which of them; usually: install the driver of the distribution and restart',
    here: (host) => {
      if (host.gpus.length === 0)
        return 'this machine shows no NVIDIA GPU on its PCI bus: use the CPU, or another machine';
      if (host.driver.nouveau)
        return 'nouveau drives the card: blacklist it, install the NVIDIA driver, restart';
      if (host.driver.installedNotLoaded && host.system.secureBoot)
        return 'the module is installed but Secure Boot refuses it: sign it (mokutil --import) or turn Secure Boot off in the firmware';
      return undefined;
    },
    source: ['https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/'],
    confidence: 'high',
    hits: [
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
      'RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU',
    ],
    misses: ['Loaded NVIDIA driver 570.86', "couldn't communicate with the server"],
  },
  {
    id: 'no_gpus',
    title: 'torch finds no GPU',
    signs: [
      { has: 'No CUDA GPUs are available' },
      { has: 'no CUDA-capable device is detected' },
      { has: 'cudaErrorNoDevice' },
    ],
    cause:
      'The driver answers but gives no device: CUDA_VISIBLE_DEVICES is empty or wrong, or the container was started without GPUs.',
    remedy:
      'check CUDA_VISIBLE_DEVICES; start with GPUs: rig up --gpus all, docker run --gpus all, podman run --device nvidia.com/gpu=all',
    here: (host) =>
      host.gpus.length === 0
        ? 'this machine shows no NVIDIA GPU: run on the CPU (device="cpu"), or on another machine'
        : inContainer(host)
          ? 'rig itself runs in a container: give that container its GPUs'
          : undefined,
    source: ['https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#cuda-environment-variables'],
    confidence: 'medium',
    hits: ['RuntimeError: No CUDA GPUs are available', 'cuInit failed: no CUDA-capable device is detected'],
    misses: ['2 CUDA GPUs are available', 'No GPUs were requested'],
  },
  {
    id: 'invalid_ordinal',
    title: 'a GPU number was used that is not visible',
    signs: [
      { has: 'invalid device ordinal' },
      { has: 'cudaErrorInvalidDevice', like: /cudaErrorInvalidDevice\b(?!Function|Pointer)/ },
    ],
    cause:
      'LOCAL_RANK is not smaller than the number of visible GPUs; CUDA_VISIBLE_DEVICES is narrower than nproc_per_node.',
    remedy: 'start as many processes as torch.cuda.device_count() says: rig run --gpus N',
    here: (host) =>
      host.gpus.length > 0
        ? `this machine has ${host.gpus.length}: --nproc_per_node ${host.gpus.length} at most`
        : undefined,
    source: ['https://github.com/pytorch/torchtitan/issues/423'],
    confidence: 'high',
    hits: ['RuntimeError: CUDA error: invalid device ordinal'],
    misses: ['ordinal encoder: invalid category', 'cudaErrorInvalidDeviceFunction'],
  },
  {
    id: 'mig_multi',
    title: 'several MIG slices in one process',
    signs: [
      { has: 'MIG', like: /\bMIG\b.*(device_count\D{0,5}1\b|only one|one MIG)/i },
      { has: 'MIG-', like: /(NCCL|ncclInvalidUsage|invalid device)/ },
    ],
    cause:
      'A process can use one MIG device, and slices have no peer-to-peer path: NCCL between them fails or hangs.',
    remedy:
      'one process for each slice, with CUDA_VISIBLE_DEVICES=MIG-<uuid>: gpus: [MIG-uuid] in torchrig.yaml',
    here: (host) => {
      const uuid = host.gpus.flatMap((gpu) => gpu.mig?.instances ?? [])[0]?.uuid;
      return uuid ? `one process for each slice: gpus: [${uuid}] in torchrig.yaml` : undefined;
    },
    source: ['https://github.com/pytorch/pytorch/issues/130181', 'https://github.com/NVIDIA/nccl/issues/431'],
    confidence: 'high',
    hits: [
      'MIG enabled: torch.cuda.device_count()==1 although 7 instances exist',
      'NCCL WARN CUDA_VISIBLE_DEVICES=MIG-aaa,MIG-bbb: ncclInvalidUsage',
    ],
    misses: ['MIG mode is disabled', 'MIGRATION of multiple tables done'],
  },
  {
    id: 'gpu_fell_off',
    title: 'a GPU stopped answering (Xid 79 and its kin)',
    signs: [
      { has: 'GPU has fallen off the bus' },
      { has: 'Unable to determine the device handle for GPU', like: /(Unknown Error|GPU is lost)/ },
      { has: 'NVRM: Xid', like: /\): (48|63|64|74|79|94|95|119|120)\b/ },
    ],
    cause: 'Power, heat, PCIe contact, memory errors or the firmware of the card: the code is not to blame.',
    remedy:
      'restart the machine; look at dmesg and nvidia-smi -q; if it comes back, check power and seat, or have the card exchanged',
    source: ['https://docs.nvidia.com/deploy/xid-errors/'],
    confidence: 'high',
    hits: [
      'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.',
      'Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error',
    ],
    misses: ['NVRM: Xid (PCI:0000:3b:00): 13, pid=1234, Graphics Exception', 'the bus has fallen'],
  },
  {
    id: 'ecc_error',
    title: 'uncorrectable memory error of the GPU',
    signs: [{ has: 'uncorrectable ECC error encountered' }, { has: 'cudaErrorECCUncorrectable' }],
    cause: 'A cell of the GPU’s memory lost its content: hardware.',
    remedy:
      'nvidia-smi -q -d ECC,ROW_REMAPPER; restart or reset the GPU so that rows are remapped; exchange it if it happens again',
    source: ['https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/'],
    confidence: 'high',
    hits: ['RuntimeError: CUDA error: uncorrectable ECC error encountered'],
    misses: ['corrected ECC error count: 3'],
  },
  {
    id: 'driver_newer_than_gpu',
    title: 'this driver no longer knows the GPU',
    signs: [
      { has: 'is not supported by open', like: /NVRM|nvidia/i },
      { has: 'supported through the NVIDIA', like: /Legacy drivers/ },
    ],
    cause: 'Drivers after 580 dropped Maxwell, Pascal and Volta; open kernel modules need Turing or newer.',
    remedy:
      'install the 580 branch (Maxwell to Volta), or the proprietary kernel modules instead of the open ones',
    here: (host) =>
      (driverBranch(host) ?? 0) > 580
        ? `driver ${host.driver.kernel} is newer than 580: install the 580 branch`
        : undefined,
    source: ['https://docs.nvidia.com/datacenter/tesla/drivers/'],
    confidence: 'medium',
    hits: [
      'NVRM: installed in this system is supported through the NVIDIA 470.xx Legacy drivers.',
      'NVRM: the NVIDIA GPU 0000:01:00.0 is not supported by open nvidia.ko because it does not include the required GPU System Processor',
    ],
    misses: ['this codec is not supported by open source players'],
  },
];
