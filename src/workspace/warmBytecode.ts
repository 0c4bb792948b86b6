import type { InsideCommand } from './jupyterProcess.ts';
import { INSIDE } from './layout.ts';

/** Modules worth warming, in the order in which a user meets them. What an environment lacks is passed over. */
const MODULES = [
  'ipykernel.kernelapp',
  'jupyterlab.labapp',
  'IPython.core.interactiveshell',
  'matplotlib.pyplot',
  'torch',
  'torch.utils.data',
  'torch._dynamo',
  'torch._inductor.compile_fx',
  'torch.distributed',
  'torch.onnx',
  'torchvision',
  'torchaudio',
  'pandas',
  'scipy.stats',
  'sklearn.linear_model',
  'transformers.models.bert.modeling_bert',
  'transformers.trainer',
  'datasets',
  'accelerate',
  'onnx',
  'onnxruntime',
  'onnxscript',
  'torch.utils.tensorboard',
] as const;

/**
 * The command that lets Python write the byte code of what people import first (16,851 modules exist; about 4,000 are ever needed),
 * at the lowest priority of processor and disk. To be run once inside a new environment, in the background; harmless to kill, and
 * needless the second time (then it costs a few seconds of idle time and writes nothing).
 */
export function warmBytecode(options: { modules?: readonly string[] } = {}): InsideCommand {
  const modules = options.modules ?? MODULES;
  // One process a module: memory is given back, and one that dies does not take the rest with it.
  const script = 'for module in "$@"; do "$PYTHON" -c "import $module" >/dev/null 2>&1 </dev/null || :; done';
  return {
    argv: [
      '/usr/bin/nice',
      '-n',
      '19',
      '/bin/sh',
      '-c',
      `ionice -c 3 -p $$ 2>/dev/null || :; ${script}`,
      'sh',
      ...modules,
    ],
    // No GPU is woken up, and one thread is enough.
    env: { PYTHON: INSIDE.python, CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: '1', MPLBACKEND: 'Agg' },
  };
}
