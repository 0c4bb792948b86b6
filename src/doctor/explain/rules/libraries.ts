import type { Rule } from '../rule.ts';

/** Two libraries that do not belong together. */
export const LIBRARY_RULES: readonly Rule[] = [
  {
    id: 'cudnn_ld_library_path',
    title: 'a foreign cuDNN is loaded instead of the one that torch was built with',
    signs: [
      { has: 'cuDNN version incompatibility' },
      { has: 'Could not load library libcudnn' },
      { has: 'Unable to load any of {libcudnn' },
      { has: 'Unable to load any of', like: /libcudnn/ },
      { has: 'CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH' },
    ],
    cause:
      'LD_LIBRARY_PATH, or a cuDNN of the system (apt, a cudnn base image), comes before the nvidia-cudnn wheel; cuDNN finds its parts by name.',
    remedy:
      'unset LD_LIBRARY_PATH, and install no cuDNN beside the wheels; rig doctor names the copy that is in the way',
    source: [
      'https://github.com/pytorch/pytorch/pull/80877',
      'https://github.com/pytorch/pytorch/issues/185512',
    ],
    confidence: 'high',
    yieldsTo: ['cudnn_920_engine'],
    hits: [
      'RuntimeError: cuDNN version incompatibility: PyTorch was compiled  against (9, 5, 1) but found runtime version (9, 1, 0).',
      'Could not load library libcudnn_cnn.so.9. Error: libcudnn_cnn.so.9: cannot open shared object file',
    ],
    misses: ['cuDNN version: 90501', 'Could not load library libfoo.so.9'],
  },
  {
    id: 'cudnn_920_engine',
    title: 'cuDNN 9.20 takes a missing part from the system’s cuDNN',
    signs: [{ has: 'libcudnn_engines_tensor_ir' }],
    cause:
      'nvidia-cudnn-cu13 9.20.0.48 lacks libcudnn_engines_tensor_ir; the loader takes that of a system-wide cuDNN of another version.',
    remedy: 'remove the system’s cuDNN, or rig lock --upgrade nvidia-cudnn-cu13',
    source: ['https://github.com/pytorch/pytorch/issues/188892'],
    confidence: 'medium',
    hits: [
      '/usr/lib/x86_64-linux-gnu/libcudnn_engines_tensor_ir.so.9: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH',
    ],
    misses: ['libcudnn_engines_precompiled.so.9: loaded'],
  },
  {
    id: 'broken_library',
    title: 'a library file is damaged',
    signs: [
      { has: 'invalid ELF header' },
      { has: 'file too short', like: /\.so\b/ },
      { has: 'ELF load command' },
      { has: 'ELF file data encoding not' },
    ],
    cause:
      'The file is no whole library: an interrupted copy, a full or failing disk, a Git LFS pointer, or a change by hand.',
    remedy:
      'rig doctor names every library that is not as its wheel brought it; rig down --purge && rig up makes the environment anew (/workspace is kept)',
    source: ['docs/doctor.md#library-corrupt'],
    confidence: 'high',
    hits: [
      'ImportError: /opt/torchrig/env/lib/python3.11/site-packages/torch/lib/libtorch_python.so: invalid ELF header',
      'OSError: libtorch_cpu.so: file too short',
      'ImportError: libc10.so: ELF load command past end of file',
    ],
    misses: ['ValueError: file too short', 'libtorch_python.so: loaded'],
  },
  {
    id: 'nvjitlink',
    title: 'an older CUDA toolkit supplies libnvJitLink',
    signs: [{ has: 'undefined symbol: __nvJitLink' }],
    cause: 'A CUDA toolkit on LD_LIBRARY_PATH comes before the nvidia-nvjitlink wheel.',
    remedy: 'unset LD_LIBRARY_PATH; torch 2.6 and newer load the right one first',
    source: [
      'https://github.com/pytorch/pytorch/issues/111469',
      'https://github.com/pytorch/pytorch/pull/141063',
    ],
    confidence: 'high',
    hits: [
      'ImportError: libcusparse.so.12: undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12',
    ],
    misses: ['ImportError: libfoo.so: undefined symbol: cudaMalloc', 'libnvJitLink.so.12 => not needed'],
  },
  {
    id: 'mkl_iJIT',
    title: 'MKL 2024.1 or newer with an old conda build of torch',
    signs: [{ has: 'iJIT_NotifyEvent' }],
    cause: 'Old conda builds of torch take a profiling symbol from MKL that 2024.1 no longer has.',
    remedy: 'conda install "mkl<2024.1", or use the wheels: rig up',
    source: ['https://github.com/pytorch/pytorch/issues/123097'],
    confidence: 'low',
    hits: ['ImportError: /opt/conda/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent'],
    misses: ['ImportError: libtorch_cpu.so: undefined symbol: mkl_blas_sgemm'],
  },
  {
    id: 'torchaudio_pair',
    title: 'torchaudio belongs to another torch',
    signs: [
      { has: 'undefined symbol: torch_library_impl' },
      { has: 'libtorchaudio', like: /undefined symbol|cannot open|Could not load/ },
    ],
    cause:
      'torchaudio no longer pins torch: a resolver alone takes the newest torchaudio for every torch, and it does not load.',
    remedy: 'rig lock: it pairs torch, torchvision and torchaudio by table',
    source: ['measured: torch 2.7.1 with torchaudio 2.11.0'],
    confidence: 'high',
    hits: ['OSError: site-packages/torchaudio/lib/_torchaudio.abi3.so: undefined symbol: torch_library_impl'],
    misses: ['undefined symbol: torch_other', 'import torchaudio'],
  },
  {
    id: 'torchvision_nms',
    title: 'torchvision belongs to another torch, or to another variant',
    signs: [
      { has: 'operator torchvision::nms does not exist' },
      {
        has: "Couldn't load custom C++ ops. This can happen if your PyTorch and torchvision versions are incompatible",
      },
      { has: "Could not run 'torchvision::nms' with arguments from the 'CUDA' backend" },
    ],
    cause: 'torch and torchvision come from different releases, or one is a CPU and the other a CUDA build.',
    remedy:
      'rig lock: it pairs torch, torchvision and torchaudio by table; without rig, install the pair in one command from one index',
    source: ['docs/compatibility.md'],
    confidence: 'medium',
    hits: ['RuntimeError: operator torchvision::nms does not exist'],
    misses: ['RuntimeError: operator mylib::nms does not exist', 'torchvision.ops.nms returned 0 boxes'],
  },
  {
    id: 'uv_extra_index',
    title: 'another torch variant than meant was installed',
    signs: [
      { has: '--extra-index-url', like: /torch/ },
      { has: 'Torch not compiled with CUDA enabled' },
      { has: 'torch', like: /Torch not compiled with CUDA|torch\.version\.cuda (is|==|=) None/ },
    ],
    cause:
      'With an extra index the newest wheel of any index wins, so a CPU build or another CUDA variant gets in.',
    remedy:
      'rig lock and rig up; without rig, give one index for torch (--index-url) or uv’s --torch-backend',
    source: ['https://docs.astral.sh/uv/guides/integration/pytorch/'],
    confidence: 'medium',
    hits: [
      'AssertionError: Torch not compiled with CUDA enabled',
      'pip install torch --extra-index-url $PYTORCH_INDEX',
    ],
    misses: ['torch.version.cuda is 12.6', 'pip install numpy --extra-index-url $INDEX'],
  },
  {
    id: 'numpy2',
    title: 'a package was built for NumPy 1 and runs with NumPy 2',
    signs: [
      { has: 'A module that was compiled using NumPy 1.x cannot be run in' },
      { has: 'RuntimeError: Numpy is not available' },
      { has: 'numpy.dtype size changed, may indicate binary incompatibility' },
      { has: 'numpy.core.multiarray failed to import' },
    ],
    cause:
      'torch before 2.3, and other packages of that time, were built against the binary interface of NumPy 1.',
    remedy: 'add "numpy<2" to packages.python in torchrig.yaml and run rig lock; or torch 2.3 or newer',
    source: ['https://github.com/pytorch/pytorch/issues/107302'],
    confidence: 'medium',
    hits: [
      'A module that was compiled using NumPy 1.x cannot be run in',
      'RuntimeError: Numpy is not available',
    ],
    misses: ['NumPy 2.0.0 is available', 'RuntimeError: cupy is not available'],
  },
  {
    id: 'pyarrow_datasets',
    title: 'an old `datasets` with a new pyarrow',
    signs: [{ has: "module 'pyarrow' has no attribute 'PyExtensionType'" }],
    cause:
      'New pyarrow releases have no PyExtensionType; old releases of datasets (2.14 and before) use it. A resolver picks such an old one when nothing bounds it.',
    remedy: 'write "datasets>=4" under packages.python in torchrig.yaml and run rig lock',
    source: ['measured: datasets 2.14.4 with pyarrow 26'],
    confidence: 'high',
    hits: ["AttributeError: module 'pyarrow' has no attribute 'PyExtensionType'"],
    misses: ["AttributeError: module 'pyarrow' has no attribute 'foo'"],
  },
  {
    id: 'glibc',
    title: 'the C library of this system is too old',
    signs: [
      { has: 'version `GLIBC_', like: /version `GLIBC_2\.\d+' not found/ },
      { has: 'manylinux_2_28', like: /not a supported wheel|no matching|incompatible|isn't compatible/i },
    ],
    cause:
      'torch 2.7 and newer (2.6 for cu126) need glibc 2.28: CentOS 7, Amazon Linux 2, Ubuntu 18.04 and Debian 9 are older.',
    remedy: 'rig up: the environment brings its own glibc; bare: torch 2.5.1 or older',
    here: (host) =>
      host.system.glibc
        ? `this machine has glibc ${host.system.glibc}; \`rig up\` brings Debian 12's 2.36 with the environment`
        : undefined,
    source: [
      'https://github.com/pytorch/pytorch/issues/123649',
      'https://github.com/pytorch/pytorch/pull/138732',
    ],
    confidence: 'high',
    hits: ["ImportError: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by libtorch_cpu.so)"],
    misses: ["version `GLIBCXX_3.4.29' not found", 'ldd (GNU libc) 2.28'],
  },
  {
    id: 'glibcxx',
    title: 'the C++ library of this system is too old, or another one is loaded',
    signs: [
      { has: 'version `GLIBCXX_', like: /GLIBCXX_[\d.]+' not found/ },
      { has: 'version `CXXABI_', like: /CXXABI_[\d.]+' not found/ },
    ],
    cause:
      'A package was built with a newer compiler than the libstdc++ that is found first, often one of conda or on LD_LIBRARY_PATH.',
    remedy: 'unset LD_LIBRARY_PATH; inside conda: conda install -c conda-forge libstdcxx-ng; or rig up',
    source: ['https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html'],
    confidence: 'high',
    hits: ["ImportError: libstdc++.so.6: version `GLIBCXX_3.4.32' not found"],
    misses: ["libm.so.6: version `GLIBC_2.27' not found"],
  },
  {
    id: 'no_cc',
    title: 'torch.compile finds no C compiler',
    signs: [
      { has: 'Failed to find C compiler' },
      { has: 'InvalidCxxCompiler' },
      { has: 'No working C++ compiler found' },
    ],
    cause: 'Inductor and Triton compile small C or C++ programs at run time.',
    remedy:
      'rig exec -- apt-get install -y g++ ; or add g++ to packages.debian in torchrig.yaml and run rig lock',
    source: ['https://github.com/pytorch/pytorch/issues/97146'],
    confidence: 'high',
    hits: [
      'torch._inductor.exc.InductorError: RuntimeError: Failed to find C compiler. Please specify via CC environment variable',
      'torch._inductor.exc.InvalidCxxCompiler: No working C++ compiler found in torch._inductor.config.cpp.cxx',
    ],
    misses: ['Found C compiler: /usr/bin/gcc', 'Failed to find C library'],
  },
  {
    id: 'no_python_h',
    title: 'the headers of Python are missing',
    signs: [{ has: 'Python.h: No such file or directory' }, { has: "'Python.h' file not found" }],
    cause: 'torch.compile and Triton compile against the headers of the running Python.',
    remedy:
      'rig exec -- apt-get install -y python3-dev ; or add python3-dev to packages.debian in torchrig.yaml',
    source: ['https://github.com/pytorch/pytorch/issues/129351'],
    confidence: 'high',
    hits: ['/tmp/tmpx/main.c:5:10: fatal error: Python.h: No such file or directory'],
    misses: ['fatal error: cuda.h: No such file or directory'],
  },
  {
    id: 'ptxas_missing',
    title: 'nvcc or ptxas is needed and not there',
    signs: [
      { has: 'CUDA_HOME environment variable is not set' },
      { has: "No such file or directory: '/usr/local/cuda/bin/nvcc'" },
      { has: 'nvcc: not found' },
      { has: 'nvcc: command not found' },
    ],
    cause: 'An extension is compiled from source; torch’s wheels bring the CUDA libraries, not the compiler.',
    remedy:
      'install a wheel of the extension that fits this torch, or a CUDA toolkit of the same version and set CUDA_HOME',
    source: ['https://docs.nvidia.com/cuda/cuda-installation-guide-linux/'],
    confidence: 'high',
    hits: ['OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.'],
    misses: ["No CUDA runtime is found, using CUDA_HOME='/usr/local'"],
  },
  {
    id: 'module_missing',
    title: 'a Python package is missing',
    signs: [{ has: 'ModuleNotFoundError: No module named' }],
    cause: 'The package is not in the environment that runs, or another Python runs than meant.',
    remedy:
      'add it to packages.python in torchrig.yaml, then rig lock and rig up; for a try: rig exec -- pip install NAME',
    source: ['https://docs.python.org/3/library/exceptions.html#ModuleNotFoundError'],
    confidence: 'high',
    hits: ["ModuleNotFoundError: No module named 'flash_attn'"],
    misses: ["ImportError: cannot import name 'foo' from 'bar'"],
  },
];
