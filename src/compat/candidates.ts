import pep440 from '@renovatebot/pep440';
import { EXIT, RigError } from '../kernel/index.ts';
import type { SolveRequest } from './solveTypes.ts';
import type { Build, CompatTables, Platform, Release, Variant } from './tables.ts';
import { majorMinor } from './versions.ts';

/** One torch release in one variant: what the solver judges. */
export interface Candidate {
  release: Release;
  /** `cu126` or `cpu`. */
  variant: string;
  /** Undefined for cpu. */
  cuda: Variant | undefined;
  /** Undefined: no wheel for this platform. */
  build: Build | undefined;
  /** It is what the index gives without asking for a variant. */
  isDefault: boolean;
}

/** Parsed `torch` wish: which versions match, and the variant a local tag names. */
export interface TorchWish {
  text: string | undefined;
  matches: (version: string) => boolean;
  variant: string | undefined;
}

/** @throws RigError RIG-COMPAT-003 when it is neither prefix, version nor PEP 440 range. */
export function parseTorchWish(text: string | undefined): TorchWish {
  const wish = text?.replace(/^torch\s*(?=[=<>!~]|$)/, '').trim();
  if (wish === undefined || wish === '' || wish === 'auto' || wish === 'latest' || wish === '*')
    return { text: undefined, matches: () => true, variant: undefined };
  const local = /\+([a-z0-9.]+)$/.exec(wish);
  const bare = local ? wish.slice(0, local.index) : wish;
  const variant = local?.[1];
  if (/^\d+(\.\d+)*$/.test(bare))
    return { text: wish, matches: (version) => version === bare || version.startsWith(`${bare}.`), variant };
  if (pep440.validRange(bare))
    return { text: wish, matches: (version) => pep440.satisfies(version, bare), variant };
  throw new RigError('RIG-COMPAT-003', `"${text}" is not a torch version`, {
    why: 'A prefix (2.7), an exact version (2.7.1) or a range (>=2.6,<2.8) is meant.',
    hint: 'rig compat list',
    exitCode: EXIT.usage,
  });
}

/** Parsed `cuda` wish. @throws RigError RIG-COMPAT-004 */
export function parseCudaWish(text: string | undefined): {
  text: string;
  matches: (variant: string, cuda: string | undefined) => boolean;
} {
  const wish = (text ?? 'auto').trim().toLowerCase();
  if (wish === 'auto' || wish === '') return { text: 'auto', matches: () => true };
  if (wish === 'cpu' || wish === 'none') return { text: 'cpu', matches: (variant) => variant === 'cpu' };
  if (/^cu\d{2,3}$/.test(wish)) return { text: wish, matches: (variant) => variant === wish };
  if (/^\d{2}(\.\d+){0,2}$/.test(wish)) {
    return {
      text: wish,
      matches: (_variant, cuda) =>
        cuda !== undefined &&
        (cuda === wish ||
          cuda.startsWith(`${wish}.`) ||
          (wish.split('.').length === 3 && majorMinor(cuda) === cuda && cuda === majorMinor(wish))),
    };
  }
  throw new RigError('RIG-COMPAT-004', `"${text}" is not a CUDA version`, {
    why: 'auto, cpu, a CUDA version (12.6) or a variant (cu126) is meant.',
    hint: 'rig compat list',
    exitCode: EXIT.usage,
  });
}

/** Every candidate that the request means, newest release first. */
export function candidatesFor(request: SolveRequest, platform: Platform, tables: CompatTables): Candidate[] {
  const torch = parseTorchWish(request.torch);
  const cuda = parseCudaWish(request.cuda);
  const found: Candidate[] = [];
  for (const release of tables.releases.toReversed()) {
    if (!torch.matches(release.version)) continue;
    const fallback = release.indexDefault[platform];
    const add = (variant: string, row: Variant | undefined, build: Build | undefined): void => {
      if (torch.variant !== undefined && torch.variant !== variant) return;
      if (cuda.matches(variant, row?.cuda))
        found.push({ release, variant, cuda: row, build, isDefault: variant === fallback });
    };
    for (const [name, row] of Object.entries(release.variants)) add(name, row, row.builds[platform]);
    const glibc = release.cpu[platform];
    if (glibc !== undefined || cuda.text === 'cpu')
      add(
        'cpu',
        undefined,
        glibc === undefined ? undefined : { architectures: [], ptx: null, glibc, nvidia: {}, triton: null },
      );
  }
  return found;
}

export function nameOf(candidate: Candidate): string {
  return `torch ${candidate.release.version} ${candidate.variant}`;
}
