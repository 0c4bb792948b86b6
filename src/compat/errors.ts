import type { ErrorCatalogue } from '../kernel/index.ts';

export const COMPAT_ERRORS: ErrorCatalogue = {
  'RIG-COMPAT-001': {
    title: 'Not an NVIDIA driver version',
    explanation:
      'A driver is given as its branch (580) or with its release (570.86.10), the way /sys/module/nvidia/version or nvidia-smi show it. CUDA versions (12.8) are another number.',
  },
  'RIG-COMPAT-002': {
    title: 'Unknown GPU name',
    explanation:
      'The tables list GPUs by their usual names (RTX 4090, H100 PCIe, A100 80GB SXM). A card that is not listed can be given by its compute capability: --compute-capability 8.9.',
  },
  'RIG-COMPAT-003': {
    title: 'Not a torch version',
    explanation:
      'A prefix (2.7), an exact version (2.7.1, 2.7.1+cu126) or a PEP 440 range (>=2.6,<2.8) is meant.',
  },
  'RIG-COMPAT-004': {
    title: 'Not a CUDA version',
    explanation: 'auto, cpu, a CUDA version (12.6) or a variant name (cu126) is meant.',
  },
  'RIG-COMPAT-005': { title: 'Not a Python version', explanation: 'Major and minor are meant: 3.11.' },
  'RIG-COMPAT-006': {
    title: 'A package asks for torch in a way that cannot be read',
    explanation: 'What a package wants of torch is compared as a PEP 440 range; this one is none.',
  },
  'RIG-COMPAT-007': {
    title: 'Not a compute capability',
    explanation: "Two numbers with a point (8.9, 12.0), or the compiler's name for it (sm_89).",
  },
  'RIG-COMPAT-008': {
    title: 'Not a platform',
    explanation: 'Images are built for linux/amd64 and linux/arm64.',
  },
  'RIG-COMPAT-009': {
    title: 'Not a glibc version',
    explanation: 'The version that ldd --version shows: 2.31.',
  },
  'RIG-COMPAT-010': {
    title: 'A wheel cannot be read',
    explanation:
      'A wheel is a zip file; its directory or the member that was wanted is damaged, cut short or packed in an unknown way. A fresh download or another mirror helps.',
  },
  'RIG-COMPAT-012': {
    title: 'Not a torch wheel',
    explanation: 'The file has no torch/version.py, METADATA or libtorch_python.so, or is not for Linux.',
  },
  'RIG-COMPAT-013': {
    title: 'A torch release is not served',
    explanation:
      'The package source lists no wheel of this release for the platform, so there is nothing to learn it from.',
  },
  'RIG-COMPAT-014': {
    title: 'New tables cannot be read',
    explanation:
      'What was given to `rig compat update` is not there, too large, or not JSON. The tables in use have not changed.',
  },
  'RIG-COMPAT-015': {
    title: 'New tables are not taken',
    explanation:
      'Tables must fit their schema in full (an unknown field is an error) and must not contradict themselves: every release with its pairs, every fact with a source, CUDA and architectures that go together. Nor are tables older than the built-in ones. The tables in use have not changed.',
  },
};
