import type { Rule } from '../rule.ts';

const total = (bytes: number | null): string | undefined =>
  bytes === null ? undefined : `${(bytes / 2 ** 30).toFixed(0)} GiB`;

/** What goes wrong in training code. */
export const TRAINING_RULES: readonly Rule[] = [
  {
    id: 'cuda_oom',
    title: 'the GPU’s memory is full',
    signs: [
      { has: 'CUDA out of memory' },
      { has: 'CUDA error: out of memory' },
      { has: 'Triton Error [CUDA]: out of memory' },
    ],
    cause:
      'Weights, optimiser state, activations and fragments together exceed the card; or another process holds a part of it (nvidia-smi).',
    remedy:
      'a smaller batch with gradient accumulation, bf16, activation checkpointing; against fragments PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True',
    here: (host) => {
      const busy = host.gpus.find((gpu) => gpu.memory !== null && (gpu.memoryUsed ?? 0) > gpu.memory * 0.3);
      return busy
        ? `GPU ${busy.index} already has ${total(busy.memoryUsed)} of ${total(busy.memory)} in use: end the other process (nvidia-smi), or a smaller batch`
        : undefined;
    },
    source: ['https://pytorch.org/docs/stable/notes/cuda.html#memory-management'],
    confidence: 'high',
    hits: [
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB',
    ],
    misses: ['Out of memory: Killed process 4711 (python)'],
  },
  {
    id: 'fork_cuda',
    title: 'CUDA was used before a fork',
    signs: [{ has: 'Cannot re-initialize CUDA in forked subprocess' }],
    cause:
      'A CUDA context does not survive fork; a DataLoader worker or multiprocessing child touched the GPU.',
    remedy:
      "multiprocessing.set_start_method('spawn'), and no tensor on the GPU inside a Dataset; ask NVML instead of torch.cuda before forking",
    source: ['https://github.com/pytorch/pytorch/issues/40403'],
    confidence: 'high',
    hits: [
      "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method",
    ],
    misses: ['Cannot re-initialize the logger in forked subprocess'],
  },
  {
    id: 'device_assert',
    title: 'an index is out of range on the GPU',
    signs: [
      { has: 'device-side assert triggered' },
      { has: 'Assertion `srcIndex < srcSelectDimSize` failed' },
      { has: 'Assertion `t >= 0 && t < n_classes` failed' },
    ],
    cause:
      'A label or token id is not below the number of classes or rows of the embedding. The line in the traceback is not where it happened.',
    remedy:
      'run once on the CPU or with CUDA_LAUNCH_BLOCKING=1: the message then names the line; compare num_classes, vocab_size and the data',
    source: ['https://pytorch.org/docs/stable/notes/cuda.html#asynchronous-execution'],
    confidence: 'high',
    hits: ['RuntimeError: CUDA error: device-side assert triggered'],
    misses: ['AssertionError: assert triggered in test'],
  },
  {
    id: 'illegal_access',
    title: 'a CUDA kernel touched memory that is not its own',
    signs: [{ has: 'an illegal memory access was encountered' }, { has: 'cudaErrorIllegalAddress' }],
    cause: 'A fault in a kernel (an extension, a custom kernel, torch itself), rarely in the hardware.',
    remedy:
      'CUDA_LAUNCH_BLOCKING=1 finds the call, compute-sanitizer the kernel; update the extension; without torch.compile to tell them apart',
    source: ['https://docs.nvidia.com/compute-sanitizer/'],
    confidence: 'medium',
    hits: ['RuntimeError: CUDA error: an illegal memory access was encountered'],
    misses: ['illegal instruction (core dumped)'],
  },
  {
    id: 'cublas_init',
    title: 'cuBLAS could not start',
    signs: [
      { has: 'CUBLAS_STATUS_NOT_INITIALIZED' },
      { has: 'CUBLAS_STATUS_ALLOC_FAILED' },
      { has: 'CUDNN_STATUS_NOT_INITIALIZED' },
    ],
    cause:
      'Mostly too little free GPU memory for its workspace; else an index out of range just before, or foreign CUDA libraries on LD_LIBRARY_PATH.',
    remedy: 'free GPU memory (nvidia-smi), run once on the CPU, unset LD_LIBRARY_PATH',
    source: ['https://docs.nvidia.com/cuda/cublas/'],
    confidence: 'medium',
    hits: ['RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`'],
    misses: ['CUBLAS_STATUS_SUCCESS'],
  },
  {
    id: 'nccl_timeout',
    title: 'a collective operation waited too long',
    signs: [
      { has: 'Watchdog caught collective operation timeout' },
      { has: 'ProcessGroupNCCL', like: /timed? ?out/i },
    ],
    cause:
      'One rank does not arrive: it crashed, runs another number of steps, saves a checkpoint alone, or the network between nodes is blocked.',
    remedy:
      'look for the first error of any rank (rig logs); NCCL_DEBUG=INFO; TORCH_NCCL_TRACE_BUFFER_SIZE=2000 keeps a record of who waits',
    source: ['https://pytorch.org/docs/stable/torch_nccl_environment_variables.html'],
    confidence: 'medium',
    hits: [
      '[rank3]:[E ProcessGroupNCCL.cpp:616] [Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=12)',
    ],
    misses: ['Watchdog started', 'HTTP timeout'],
  },
  {
    id: 'nccl_error',
    title: 'NCCL failed',
    signs: [
      { has: 'unhandled cuda error', like: /NCCL|nccl/ },
      { has: 'ncclUnhandledCudaError' },
      { has: 'ncclRemoteError' },
      { has: 'ncclSystemError' },
    ],
    cause: 'NCCL’s own message stands further up; without NCCL_DEBUG=WARN it is not shown.',
    remedy:
      'run again with NCCL_DEBUG=WARN and give the log to rig explain; rig doctor checks /dev/shm, peer-to-peer and the all-reduce',
    source: ['https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html'],
    confidence: 'low',
    yieldsTo: ['shm_nccl', 'mig_multi', 'cuda_oom'],
    hits: [
      'torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:2017, unhandled cuda error (run with NCCL_DEBUG=INFO for details)',
    ],
    misses: ['NCCL version 2.26.2+cuda12.2'],
  },
  {
    id: 'master_addr',
    title: 'a process group without an address',
    signs: [
      { has: 'environment variable MASTER_ADDR expected' },
      { has: 'environment variable RANK expected' },
      { has: 'environment variable MASTER_PORT expected' },
    ],
    cause: 'init_process_group was called in a process that torchrun did not start.',
    remedy:
      'start with rig run --gpus N -- python train.py (or torchrun); with mp.spawn set MASTER_ADDR=127.0.0.1 and MASTER_PORT first',
    source: ['https://pytorch.org/docs/stable/distributed.html#environment-variable-initialization'],
    confidence: 'high',
    hits: [
      'ValueError: Error initializing torch.distributed using env:// rendezvous: environment variable MASTER_ADDR expected, but not set',
    ],
    misses: ['MASTER_ADDR=127.0.0.1'],
  },
  {
    id: 'device_mix',
    title: 'tensors on different devices',
    signs: [
      { has: 'Expected all tensors to be on the same device' },
      { has: 'should be the same', like: /Input type .* and weight type .* should be the same/ },
    ],
    cause: 'A model, a buffer or a batch was not moved to the GPU.',
    remedy: 'model.to(device) and batch.to(device); register constants of a module with register_buffer',
    source: ['https://pytorch.org/docs/stable/tensor_attributes.html'],
    confidence: 'high',
    hits: [
      'RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!',
    ],
    misses: ['Expected all tensors to be contiguous'],
  },
  {
    id: 'weights_only',
    title: 'torch.load refuses objects other than weights',
    signs: [{ has: 'Weights only load failed' }],
    cause: 'Since 2.6 torch.load reads weights only, because a pickle can run any code.',
    remedy:
      'save state_dict() alone; for a file that you made yourself: torch.load(path, weights_only=False), or add_safe_globals',
    source: ['https://pytorch.org/docs/stable/notes/serialization.html#weights-only'],
    confidence: 'high',
    hits: [
      '_pickle.UnpicklingError: Weights only load failed. In PyTorch 2.6, we changed the default value of the `weights_only` argument',
    ],
    misses: ['weights_only=True'],
  },
  {
    id: 'embedding_missing',
    title: 'token ids were fed to a layer that wants vectors',
    signs: [
      { has: 'expected scalar type Float but found Long' },
      { has: 'mat1 and mat2 must have the same dtype, but got Long and Float' },
      { has: '"addmm_cuda" not implemented for \'Long\'' },
    ],
    cause:
      'nn.TransformerEncoder and nn.Linear take floating-point vectors: an nn.Embedding must come first.',
    remedy: 'x = embedding(tokens) before the encoder; `rig train` has a recipe that does it',
    source: ['https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html'],
    confidence: 'medium',
    hits: ['RuntimeError: mat1 and mat2 must have the same dtype, but got Long and Float'],
    misses: ['mat1 and mat2 must have the same dtype, but got Half and Float'],
  },
  {
    id: 'amp_deprecated',
    title: 'torch.cuda.amp is deprecated',
    signs: [{ has: 'torch.cuda.amp.', like: /is deprecated/ }],
    cause: 'The device became an argument.',
    remedy: "torch.amp.autocast('cuda') and torch.amp.GradScaler('cuda'); with bf16 no scaler is needed",
    source: ['https://pytorch.org/docs/stable/amp.html'],
    confidence: 'high',
    hits: [
      "FutureWarning: `torch.cuda.amp.autocast(args...)` is deprecated. Please use `torch.amp.autocast('cuda', args...)` instead.",
    ],
    misses: ['import torch.cuda.amp.autocast_mode'],
  },
];
