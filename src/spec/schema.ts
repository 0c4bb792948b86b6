import * as v from 'valibot';
import { readGpuList, readGpus } from './readGpus.ts';
import { readHostPath, readMount, readPublished, readTarget } from './readMount.ts';
import { readEnvValue, readName } from './readName.ts';
import { readDebianPackage, readRequirement } from './readPackage.ts';
import { readBoolean, readCpus, readMemory, readServicePort, readSize } from './readQuantity.ts';
import { readBase, readCuda, readPython, readTorch } from './readVersion.ts';
import type { Reading } from './reading.ts';

/** What a JSON Schema may say of a value; kept beside its reader so that editors and rig agree. */
export interface ForEditors {
  description: string;
  [keyword: string]: unknown;
}

/** Every scalar arrives as the text that was written (YAML failsafe schema): `2.10` stays `2.10`. */
function written<T>(read: (text: string) => Reading<T>, editors: ForEditors) {
  return v.pipe(
    v.string(),
    v.metadata({ editors }),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const reading = read(dataset.value);
      if ('value' in reading) return reading.value;
      addIssue({ message: reading.problem, ...(reading.suggestion ? { expected: reading.suggestion } : {}) });
      return NEVER;
    }),
  );
}

const size = (description: string): ForEditors => ({
  description,
  anyOf: [
    { type: 'string', pattern: '^\\s*\\d+(\\.\\d+)?\\s*[bBkKmMgGtT]?([iI]?[bB])?\\s*$' },
    { type: 'integer', minimum: 1 },
  ],
  examples: ['32g', '512m'],
});
const port = (description: string): ForEditors => ({
  description,
  anyOf: [{ type: 'integer', minimum: 1, maximum: 65_535 }, { const: 'none' }],
});
const text = (description: string, examples: unknown[] = []): ForEditors => ({
  description,
  type: 'string',
  ...(examples.length > 0 ? { examples } : {}),
});
const versionText = (description: string, pattern: string, examples: unknown[]): ForEditors => ({
  description,
  anyOf: [{ type: 'string', pattern }, { type: 'number' }],
  examples,
});

const mountSchema = v.union([
  written(readMount, text('SOURCE:TARGET[:ro]', ['/data:/workspace/data/raw:ro'])),
  v.pipe(
    v.strictObject({
      source: written(
        readHostPath,
        text('Folder of the host; relative to this file, ~ is your home.', ['/data', '~/data']),
      ),
      target: written(readTarget, {
        description: 'Absolute path inside.',
        type: 'string',
        pattern: '^/.',
        examples: ['/workspace/data/raw'],
      }),
      readonly: v.optional(
        written(readBoolean, { description: 'Refuse writing from inside.', type: 'boolean', default: false }),
      ),
    }),
    v.transform((mount) => ({ ...mount, readonly: mount.readonly ?? false })),
  ),
]);

const gpusSchema = v.union([
  written(readGpus, {
    description: 'all | none | indexes or uuids with commas',
    type: 'string',
    examples: ['all', 'none', '0,1'],
  }),
  v.pipe(
    v.array(v.string()),
    v.metadata({
      editors: {
        description: 'GPUs by index or uuid.',
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: {
          anyOf: [
            { type: 'integer', minimum: 0 },
            { type: 'string', pattern: '^(GPU|MIG)-' },
          ],
        },
      },
    }),
    v.rawTransform<string[], (number | string)[]>(({ dataset, addIssue, NEVER }) => {
      const reading = readGpuList(dataset.value);
      if ('value' in reading) return reading.value;
      addIssue({ message: reading.problem, ...(reading.suggestion ? { expected: reading.suggestion } : {}) });
      return NEVER;
    }),
  ),
]);

/** torchrig.yaml (docs/contract.md, "Files"): one source for validation, types and the JSON Schema of editors. */
export const fileSchema = v.strictObject({
  preset: v.optional(
    written(readName, text('A built-in spec to start from, or none for an empty one.', ['v2.7', 'none'])),
  ),
  name: v.optional(
    written(readName, {
      description: "The environment's name; the folder's name when absent.",
      anyOf: [{ type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' }, { type: 'number' }],
    }),
  ),
  torch: v.optional(
    written(
      readTorch,
      versionText(
        'torch: exact ("2.7.1"), a prefix ("2.7"), a range, or none. torchvision, torchaudio and triton follow.',
        '^[\\s\\d.<>=!~,*a-z+-]+$',
        ['2.7.1', '>=2.6,<2.8', 'none'],
      ),
    ),
  ),
  cuda: v.optional(
    written(
      readCuda,
      versionText('CUDA of the torch build.', '^(auto|cpu|1\\d\\.\\d)$', ['auto', 'cpu', '12.6', '12.8']),
    ),
  ),
  python: v.optional(
    written(readPython, versionText('CPython, major.minor.', '^3\\.(9|[1-9]\\d)$', ['3.11'])),
  ),
  packages: v.optional(
    v.strictObject({
      python: v.optional(
        v.array(
          written(readRequirement, text('A Python requirement (PEP 508).', ['einops', 'transformers<5'])),
        ),
      ),
      requirements: v.optional(
        written(readHostPath, text('requirements.txt, pyproject.toml or pylock.toml beside this file.')),
      ),
      debian: v.optional(v.array(written(readDebianPackage, text('A Debian package.', ['ffmpeg'])))),
    }),
  ),
  base: v.optional(
    written(readBase, text('What the image stands on; debian:12 is assembled from packages.', ['debian:12'])),
  ),
  workspace: v.optional(
    written(readHostPath, text('Folder of the host seen at /workspace.', ['./workspace'])),
  ),
  mounts: v.optional(v.array(mountSchema)),
  gpus: v.optional(gpusSchema),
  memory: v.optional(written(readMemory, size('Memory limit.'))),
  cpus: v.optional(
    written(readCpus, {
      description: 'CPU limit; fractions allowed.',
      type: 'number',
      exclusiveMinimum: 0,
      examples: [8, 0.5],
    }),
  ),
  shm: v.optional(written(readSize, size('Size of /dev/shm, which DataLoader workers and NCCL use.'))),
  ports: v.optional(
    v.strictObject({
      jupyter: v.optional(
        written(readServicePort, port('Port of Jupyter Lab on 127.0.0.1, or none: not started.')),
      ),
      ssh: v.optional(written(readServicePort, port('Port of SSH on 127.0.0.1, or none: not started.'))),
      publish: v.optional(
        v.array(
          written(readPublished, {
            description: 'Further ports, HOST:INSIDE.',
            anyOf: [
              { type: 'integer', minimum: 1, maximum: 65_535 },
              { type: 'string', pattern: '^\\d{1,5}(:\\d{1,5})?$' },
            ],
          }),
        ),
      ),
    }),
  ),
  env: v.optional(
    v.record(
      v.string(),
      written(readEnvValue, {
        description: 'Value of an environment variable.',
        type: ['string', 'number', 'boolean'],
      }),
    ),
  ),
});

/** A valid file, each value read, nothing merged or made absolute yet. */
export type FileSpec = v.InferOutput<typeof fileSchema>;

/** Keys allowed at a place (list indexes written `*`), for the nearest name of an unknown one. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(fileSchema.entries),
  packages: ['python', 'requirements', 'debian'],
  ports: ['jupyter', 'ssh', 'publish'],
  'mounts.*': ['source', 'target', 'readonly'],
};
