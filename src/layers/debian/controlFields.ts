/** The fields of one Debian control paragraph, in order; a value keeps its continuation lines (with their leading blank) and trailing blanks. */
export type ControlFields = Map<string, string>;

/** Parses the first paragraph of a control file (Debian Policy 5.1). Lines that fit nothing are dropped. */
export function parseControlFields(text: string): ControlFields {
  const fields: ControlFields = new Map();
  let current: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') {
      if (fields.size > 0) break;
      continue;
    }
    if ((line.startsWith(' ') || line.startsWith('\t')) && current !== undefined) {
      fields.set(current, `${fields.get(current)}\n${line}`);
      continue;
    }
    const match = /^([^\s:#][^\s:]*):[ \t]*(.*)$/.exec(line);
    if (!match) continue;
    current = match[1] ?? '';
    fields.set(current, match[2] ?? '');
  }
  return fields;
}
