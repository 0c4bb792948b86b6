import * as v from 'valibot';
import { isDigest, isSha256Hex } from '../kernel/index.ts';
import type { Digest } from '../kernel/index.ts';

const line = (what: string): v.GenericSchema<string> =>
  v.pipe(
    v.string(`${what} must be a string`),
    v.regex(/^\P{Cc}+$/u, `${what} is empty or has control characters`),
  );

const version = (what: string): v.GenericSchema<string> =>
  v.pipe(
    v.string(`${what} must be a string`),
    v.regex(/^[0-9A-Za-z][0-9A-Za-z.+:~!_-]*$/, `${what} is not a version`),
  );

const count = (what: string, least: number): v.GenericSchema<number> =>
  v.pipe(
    v.number(`${what} must be a number`),
    v.safeInteger(`${what} must be a whole number`),
    v.minValue(least, `${what} must not be less than ${least}`),
  );

const sha256 = v.pipe(
  v.string('sha256 must be a string'),
  v.check(isSha256Hex, 'sha256 is not 64 lower-case hex digits'),
);

const platform = v.picklist(['linux/amd64', 'linux/arm64'], 'platform must be linux/amd64 or linux/arm64');

const image = v.pipe(
  v.string('image must be a string'),
  v.check(isDigest, 'image is not sha256: and 64 hex digits'),
  v.transform((text) => text as Digest),
);

/** A file name alone: it becomes part of paths. */
const wheelFile = v.pipe(
  v.string('file must be a string'),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl$/, 'file is not the name of a wheel'),
);

/** Relative, without `.` and `..`: it becomes part of an address. */
const poolPath = v.pipe(
  v.string('path must be a string'),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._+~%:-]*(\/[A-Za-z0-9_][A-Za-z0-9._+~%:-]*)*\.deb$/,
    'path is not a relative path of a .deb',
  ),
);

const plan = v.strictObject({
  torch: version('torch'),
  torchvision: v.optional(version('torchvision')),
  torchaudio: v.optional(version('torchaudio')),
  triton: v.optional(version('triton')),
  variant: version('variant'),
  cuda: v.optional(version('cuda')),
  cudnn: v.optional(version('cudnn')),
  nccl: v.optional(version('nccl')),
  python: version('python'),
  platform,
  driverFloor: v.optional(version('driverFloor')),
  architectures: v.array(version('architectures')),
  ptx: v.optional(version('ptx')),
  glibc: version('glibc'),
  nvidia: v.optional(v.record(line('nvidia'), version('nvidia')), {}),
});

const wheel = v.strictObject({
  name: v.pipe(
    v.string('name must be a string'),
    v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'name is not normalised (PEP 503)'),
  ),
  version: version('version'),
  file: wheelFile,
  size: count('size', 1),
  sha256,
});

const deb = v.strictObject({
  name: v.pipe(
    v.string('name must be a string'),
    v.regex(/^[a-z0-9][a-z0-9+.-]+$/, 'name is not a Debian package name'),
  ),
  version: version('version'),
  arch: v.picklist(['amd64', 'arm64', 'all'], 'arch must be amd64, arm64 or all'),
  archive: v.pipe(
    v.string('archive must be a string'),
    v.regex(/^[a-z0-9][a-z0-9.-]*$/, 'archive is not a plain name'),
  ),
  path: poolPath,
  size: count('size', 1),
  sha256,
});

/** The content of torchrig.lock as TOML gives it: what is null in `Lock` is a missing key here. */
export const lockSchema = v.strictObject({
  format: v.literal(1),
  platform,
  epoch: count('epoch', 0),
  image: v.optional(image),
  asked: v.strictObject({
    torch: v.optional(line('torch')),
    cuda: line('cuda'),
    python: version('python'),
    base: line('base'),
    packages: v.strictObject({
      python: v.array(line('a requirement')),
      debian: v.array(line('a package')),
    }),
  }),
  plan: v.optional(plan),
  python: v.optional(v.array(wheel), []),
  debian: v.optional(v.array(deb), []),
});

export type LockFileContent = v.InferOutput<typeof lockSchema>;
