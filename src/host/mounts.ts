export interface Mount {
  target: string;
  type: string;
  /** Options of the mount and of its file system. */
  options: string[];
}

const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The mount that a path lies on: the longest target that contains it, the last of equals (proc(5), mountinfo). */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const fields = left?.split(' ') ?? [];
    const system = right?.split(' ') ?? [];
    const target = unescape(fields[4] ?? '');
    if (!target || !system[0]) continue;
    const inside = target === '/' || path === target || path.startsWith(`${target}/`);
    if (!inside || target.length < (best?.target.length ?? 0)) continue;
    best = {
      target,
      type: system[0],
      options: [...(fields[5] ?? '').split(','), ...(system[2] ?? '').split(',')],
    };
  }
  return best;
}
