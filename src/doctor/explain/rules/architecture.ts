import type { Rule } from '../rule.ts';
import { driverBranch } from '../rule.ts';

/** The build has no code for this GPU, or the driver cannot run the build. */
export const ARCHITECTURE_RULES: readonly Rule[] = [
  {
    id: 'sm120_unsupported',
    title: 'this torch has no code for a Blackwell GPU',
    signs: [
      { has: 'is not compatible with the current PyTorch installation', like: /sm_1[0-9]\d/ },
      { has: 'not compatible', like: /CUDA capability sm_1[0-9]\d/ },
    ],
    cause:
      'torch before 2.7, and the cu118 to cu126 wheels of every release, hold neither machine code nor PTX for compute capability 10.0 and 12.0.',
    remedy:
      'rig lock with `cuda: 12.8` or newer and torch 2.7 or newer in torchrig.yaml; driver 570 or newer',
    here: (host) =>
      (driverBranch(host) ?? 999) < 570
        ? `update the driver first: ${host.driver.kernel} is older than 570; then \`cuda: "12.8"\` in torchrig.yaml, rig lock, rig up`
        : undefined,
    source: ['https://github.com/pytorch/pytorch/issues/150733'],
    confidence: 'high',
    hits: [
      'UserWarning: NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.',
      'NVIDIA B200 with CUDA capability sm_100 is not compatible with the current PyTorch installation.',
    ],
    misses: [
      'UserWarning: Tesla V100 with CUDA capability sm_70 is not compatible with the current PyTorch installation.',
      'The current PyTorch install supports CUDA capabilities sm_100 sm_120.',
    ],
  },
  {
    id: 'pascal_volta_dropped',
    title: 'this torch build dropped Maxwell, Pascal and Volta GPUs',
    signs: [
      { has: 'is not compatible with the current PyTorch installation', like: /sm_[567]\d\b(?<!sm_75)/ },
      { has: 'which is of cuda capability', like: /cuda capability [567]\.[0-4]\b/ },
      { has: 'no longer supports this GPU because it is too old' },
    ],
    cause:
      'cu128 of 2.7 and of 2.11 and later, cu129 from 2.11 and every cu13x have no code below 7.5; driver 580 reports CUDA 13.0, so tools pick those.',
    remedy:
      'set `cuda: "12.6"` in torchrig.yaml and run rig lock: cu126 (torch 2.6 to 2.14) has sm_50 to sm_90',
    source: [
      'https://github.com/pytorch/pytorch/issues/157517',
      'https://github.com/pytorch/pytorch/issues/172352',
    ],
    confidence: 'high',
    hits: [
      'Tesla V100-SXM2-16GB with CUDA capability sm_70 is not compatible with the current PyTorch installation.',
      'Found GPU0 NVIDIA GeForce GTX 1080 Ti which is of cuda capability 6.1.',
    ],
    misses: [
      'NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.',
      'Found GPU0 NVIDIA A100 which is of cuda capability 8.0.',
    ],
  },
  {
    id: 'no_kernel_image',
    title: 'a CUDA program has no machine code for this GPU',
    signs: [
      { has: 'no kernel image is available for execution on the device' },
      { has: 'cudaErrorNoKernelImageForDevice' },
    ],
    cause:
      'The architecture of the GPU is not in the binary: of torch itself, or of an extension (flash-attn, xformers, bitsandbytes).',
    remedy:
      'rig compat shows which variant covers this GPU; rebuild an extension with TORCH_CUDA_ARCH_LIST set to its compute capability',
    here: (host) => {
      const found = host.gpus.map((gpu) => gpu.computeCapability).find((each) => each !== null);
      return found
        ? `rig compat shows which variant has code for compute capability ${found}; rebuild an extension with TORCH_CUDA_ARCH_LIST=${found}`
        : undefined;
    },
    source: ['https://github.com/pytorch/pytorch/issues/31285'],
    confidence: 'medium',
    yieldsTo: ['sm120_unsupported', 'pascal_volta_dropped'],
    hits: ['RuntimeError: CUDA error: no kernel image is available for execution on the device'],
    misses: [
      'docker: no image is available for linux/arm64',
      'ImportError: no kernel named python3 is available',
    ],
  },
  {
    id: 'ptx_222',
    title: 'the driver cannot compile PTX of a newer CUDA',
    signs: [
      { has: 'the provided PTX was compiled with an unsupported toolchain' },
      { has: 'CUDA_ERROR_UNSUPPORTED_PTX_VERSION' },
      { has: 'cudaErrorUnsupportedPtxVersion' },
    ],
    cause:
      'The binary has only PTX for this GPU and it is newer than the driver; minor-version compatibility does not cover compiling PTX.',
    remedy: 'update the driver, or choose a variant with machine code for this GPU: rig compat',
    source: ['https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html'],
    confidence: 'medium',
    hits: ['RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.'],
    misses: [
      'ptxas info : compiled with toolchain 12.6',
      'the provided file was compiled with an unsupported compiler',
    ],
  },
  {
    id: 'driver_too_old',
    title: 'the NVIDIA driver is older than this torch needs',
    signs: [
      { has: 'The NVIDIA driver on your system is too old' },
      { has: 'CUDA driver version is insufficient for CUDA runtime version' },
      { has: 'cudaErrorInsufficientDriver' },
    ],
    cause:
      "Each CUDA major version has a lowest driver (13.x: 580, 12.x: 525.60.13, 11.x: 450.80.02); the Python index's default torch is built for CUDA 13 since 2.11. 'found version 12080' means CUDA 12.8.",
    remedy:
      'rig compat names what runs on this driver; `cuda: auto` in torchrig.yaml and rig lock choose it; or update the driver',
    here: (host) =>
      host.driver.kernel
        ? `driver ${host.driver.kernel} is installed: \`rig compat\` names the newest torch and CUDA for it, \`cuda: auto\` and rig lock choose them`
        : undefined,
    source: ['https://docs.nvidia.com/deploy/cuda-compatibility/'],
    confidence: 'high',
    hits: [
      'RuntimeError: The NVIDIA driver on your system is too old (found version 12080). Please update your GPU driver',
      'CUDA driver version is insufficient for CUDA runtime version',
    ],
    misses: ['Your pip is too old (found version 21.0)', 'found version 12080 of the table'],
  },
  {
    id: 'cu118_triton',
    title: "Triton's assembler is newer than the driver",
    signs: [
      { has: 'Triton Error [CUDA]: device kernel image is invalid' },
      { has: 'CUDA_ERROR_INVALID_IMAGE' },
      { has: 'cudaErrorInvalidKernelImage' },
    ],
    cause:
      'Triton brings the ptxas of CUDA 12; with a driver below 525 its output is too new, though cu118 runs otherwise.',
    remedy:
      'driver 525 or newer, or TRITON_PTXAS_PATH set to the ptxas of a CUDA 11.8 toolkit, or no torch.compile',
    source: ['https://github.com/pytorch/pytorch/issues/119054'],
    confidence: 'high',
    hits: ['RuntimeError: Triton Error [CUDA]: device kernel image is invalid'],
    misses: ['Triton Error [CUDA]: out of memory', 'the image is invalid: manifest unknown'],
  },
  {
    id: 'triton_min_cc',
    title: 'this GPU is too old for torch.compile',
    signs: [
      { has: 'too old to be supported by the triton GPU compiler' },
      { has: 'too old to be supported by the Triton GPU compiler' },
    ],
    cause: 'Triton generates code for compute capability 7.0 and newer only.',
    remedy: 'run without torch.compile: TORCHDYNAMO_DISABLE=1',
    source: ['https://github.com/apple/ml-cross-entropy/issues/41'],
    confidence: 'high',
    hits: [
      'RuntimeError: Found NVIDIA GeForce GTX 1080 which is too old to be supported by the triton GPU compiler, which is used as the backend.',
    ],
    misses: ['triton 2.0 is too old, please upgrade', 'Your GPU is supported by the triton GPU compiler'],
  },
  {
    id: 'blackwell_211',
    title: 'torch 2.11 has known faults on Blackwell',
    signs: [{ has: '2.11.', like: /torch\D{0,20}2\.11\.\d.*(sm_1[02]\d|blackwell|RTX 50\d\d|\bB[23]00\b)/i }],
    cause: 'The cu130 wheels of 2.11 lost their PTX; packaging and kernel repairs came in 2.12.',
    remedy: 'set `torch: ">=2.12"` in torchrig.yaml and run rig lock',
    source: ['https://github.com/pytorch/pytorch/issues/176426'],
    confidence: 'low',
    hits: ['torch 2.11.0+cu130 on NVIDIA GeForce RTX 5090 (sm_120): launch failed'],
    misses: ['torch 2.12.0+cu130 on NVIDIA GeForce RTX 5090 (sm_120): launch failed', 'torchaudio 2.11.0'],
  },
  {
    id: 'conv3d_bf16_29',
    title: 'torch 2.9.0 computes conv3d in bf16 slowly and with much memory',
    signs: [
      { has: 'conv3d', like: /2\.9\.0/i },
      { has: '2.9.0', like: /torch.*(conv3d|Conv3d)/ },
    ],
    cause: 'The cuDNN path for 3-D convolutions in half precision was disabled in torch 2.9.0.',
    remedy: 'set `torch: ">=2.9.1"` in torchrig.yaml and run rig lock --upgrade torch',
    source: ['https://github.com/pytorch/pytorch/issues/166643'],
    confidence: 'medium',
    hits: ['torch 2.9.0+cu128: Conv3d in bfloat16 allocates 38 GiB', 'slow conv3d since torch 2.9.0'],
    misses: ['torch 2.9.1+cu128: Conv3d in bfloat16', 'scipy 2.9.0: conv2d'],
  },
];
