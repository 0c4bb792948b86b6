/** The generated sections of a maintainer script, and what is left outside them; both as normalised lines. */
export interface ScriptParts {
  sections: string[][];
  rest: string[];
}

/** Lines as templates compare them: continuation lines joined, comments and empty lines gone, blanks collapsed. */
export function normalisedLines(text: string): string[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
}

/** Splits at debhelper's own marks, `# Automatically added by …` and `# End automatically added section`. */
export function sectionsOf(text: string): ScriptParts {
  const sections: string[][] = [];
  const rest: string[] = [];
  let section: string[] | undefined;
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    if (section === undefined && /^# Automatically added by \S+$/.test(line)) section = [];
    else if (section !== undefined && line === '# End automatically added section') {
      sections.push(normalisedLines(section.join('\n')));
      section = undefined;
    } else (section ?? rest).push(line);
  }
  // a section that never ends is none
  return { sections, rest: normalisedLines([...rest, ...(section ?? [])].join('\n')) };
}

const IDLE = /^(set -eu?|exit 0|:|true)$/;
const ARM = /^\(?[\w|*-]+( \| [\w|*-]+)*\)( ;;)?$/;
const COMPLAINT = /^echo "[\w ]+ called with unknown (argument|option) [`\\'\w$"]+ ?>&2$/;

/** True if the lines outside the sections do nothing: `set -e`, `exit 0`, and a `case "$1"` whose arms are empty or complain. */
export function onlyEmptyFrame(lines: readonly string[]): boolean {
  let inCase = false;
  let complained = false;
  for (const line of lines) {
    if (line === 'case "$1" in' && !inCase) inCase = true;
    else if (inCase && line === 'esac') inCase = false;
    else if (inCase && COMPLAINT.test(line)) complained = true;
    else if (inCase && complained && line === 'exit 1') complained = false;
    else if (!(IDLE.test(line) || (inCase && (line === ';;' || ARM.test(line))))) return false;
  }
  return !inCase;
}
