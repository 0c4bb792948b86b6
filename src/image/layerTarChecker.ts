import { TarScanner, type TarMember } from './tarScanner.ts';

export interface LayerTarChecker {
  feed(chunk: Buffer): void;
  end(): void;
  /** Members so far. */
  count(): number;
}

/**
 * Checks the tar of a layer: relative paths without `..`, none twice, folders before what is in them and not below a file,
 * plausible modes and owners, no devices, hard links to what came before.
 */
export function layerTarChecker(report: (what: string) => void): LayerTarChecker {
  const seen = new Map<string, TarMember['type']>();
  const orphaned = new Set<string>();
  const check = (member: TarMember): void => {
    const { path, type } = member;
    const name = JSON.stringify(path);
    const parts = path.replace(/^\.\//, '').split('/');
    if (path !== '.' && (path === '' || parts.some((part) => part === '' || part === '.' || part === '..')))
      report(`the path ${name} is not inside the image`);
    if (seen.has(path)) report(`${name} is there twice`);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const above = parent === '' ? 'dir' : seen.get(parent);
    // Other tools may leave out a folder that a lower layer has; ours never do.
    if (above === undefined) orphaned.add(parent);
    else if (above !== 'dir') report(`${name} lies below a ${above}`);
    if (orphaned.has(path)) report(`${name} comes behind what is in it`);
    if (type === 'other') report(`${name} is a device or something unknown`);
    if (type === 'symlink' && member.target === '') report(`${name} links nowhere`);
    if (type === 'hardlink' && seen.get(member.target) !== 'file')
      report(`${name} is a hard link to no earlier file`);
    const numbers = [member.mode, member.uid, member.gid, member.mtime];
    if (numbers.some((number) => !(number >= 0)) || member.mode > 0o177777)
      report(`${name} has odd mode, owner or time`);
    seen.set(path, type);
  };
  const scanner = new TarScanner(check, report);
  return {
    feed: (chunk) => scanner.feed(chunk),
    end: () => scanner.end(),
    count: () => seen.size,
  };
}
