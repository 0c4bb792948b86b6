/**
 * The INI dialect of Python's configparser as pip uses it: sections, `key = value` or `key: value`, continuation lines that are
 * indented, whole-line comments with # or ;. Keys are lower case with - for _. Lines that are none of these are returned as errors.
 */
export function parseIni(text: string): { sections: Map<string, Map<string, string>>; bad: number[] } {
  const sections = new Map<string, Map<string, string>>();
  const bad: number[] = [];
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    if (/^[#;]/.test(trimmed)) continue;
    const header = /^\[([^\]]+)\]/.exec(trimmed);
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(trimmed);
    if (/^\s/.test(line) && section && key !== undefined)
      section.set(key, `${section.get(key) ?? ''}\n${trimmed}`.trim());
    else if (header?.[1] !== undefined) {
      section = sections.get(header[1]) ?? new Map<string, string>();
      sections.set(header[1], section);
      key = undefined;
    } else if (pair?.[1] !== undefined && section) {
      key = pair[1].trim().toLowerCase().replaceAll('_', '-');
      section.set(key, pair[2] ?? '');
    } else bad.push(index + 1);
  }
  return { sections, bad };
}
