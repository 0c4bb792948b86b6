/** A commented torchrig.yaml over a preset; every commented line may be uncommented as it stands. */
export function specTemplate(options: { preset: string; schema: string; about: string }): string {
  const { preset, schema, about } = options;
  return `# yaml-language-server: $schema=${schema}
# An environment of torchrig: rig up starts it, rig doctor checks it. Every key may be left out.

preset: ${preset}${' '.repeat(Math.max(1, 25 - preset.length))}# ${about}
# name: my-lab                   # default: the folder's name

# A torch of your own; torchvision, torchaudio and triton follow. rig lock then writes torchrig.lock: put it in git.
# torch: "2.7.1"                 # exact, "2.7", or a range ">=2.6,<2.8"
# cuda: auto                     # auto | cpu | 11.8 | 12.6 | 12.8

# Added to what the preset has.
packages:
#   python: [einops, "timm>=1.0"]
#   requirements: requirements.txt
#   debian: [ffmpeg]

workspace: ./workspace           # seen at /workspace
mounts:
#   - {source: ~/data, target: /workspace/data/raw, readonly: true}

# gpus: all                      # all | none | [0, 1] | GPU-uuid | MIG-uuid
# memory: 32g
# cpus: 8
# shm: 8g                        # /dev/shm, for DataLoader workers and NCCL
ports:
#   jupyter: 8888                # written here: refused when taken; left out: the next free one. none: not started
#   ssh: 2222
#   publish: ["6006:6006"]
env:
#   LOG_LEVEL: DEBUG
#   HF_TOKEN: "\${HF_TOKEN:?set it in your shell}"   # from your environment, never in this file
`;
}

/** What does not belong into git: data, models, secrets, by-products. torchrig.yaml and torchrig.lock do. */
export const GITIGNORE_LINES: readonly string[] = [
  '/workspace/data/',
  '/workspace/models/',
  '.env',
  '.ipynb_checkpoints/',
  '__pycache__/',
  '*.pyc',
];

/** What does not belong into an image that is built on top of ours. */
export const DOCKERIGNORE_LINES: readonly string[] = [
  '.git',
  '.env',
  '**/.ipynb_checkpoints',
  '**/__pycache__',
  '**/*.pyc',
  'workspace/data',
  'workspace/models',
];
