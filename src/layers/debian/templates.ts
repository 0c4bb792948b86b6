import type { Template } from './scriptTable.ts';

/** One template found in a section, with what stood in its placeholders. */
export interface TemplateMatch {
  template: string;
  values: Readonly<Record<string, string>>;
}

// A placeholder that could hold a command of its own would make any script look like debhelper's.
const VALUE = '[^;|&$`<>()\\n]*';
const TEXT = '[^;|&$`<>()]*?';
const compiled = new WeakMap<Template, RegExp>();

const PLACEHOLDER = /( ?)(?<!\$)\{([A-Z_]+)\}/g;

function literal(text: string): string {
  return text.replace(/[.*+?^(){}|[\]\\$/]/g, '\\$&');
}

function linePattern(line: string, seen: Set<string>): string {
  let source = '';
  let done = 0;
  for (const match of line.matchAll(PLACEHOLDER)) {
    const [whole, blank = '', name = ''] = match;
    const value = seen.has(name) ? `\\k<${name}>` : `(?<${name}>${name === 'DIRS' ? TEXT : VALUE})`;
    seen.add(name);
    source += literal(line.slice(done, match.index));
    done = match.index + whole.length;
    // blanks are collapsed, so an empty argument takes its blank along
    source += blank && (done === line.length || line[done] === ' ') ? `(?: ${value})?` : blank + value;
  }
  return source + literal(line.slice(done));
}

function pattern(template: Template): RegExp {
  const seen = new Set<string>();
  const source = template.lines.map((line) => linePattern(line, seen)).join('\n');
  return new RegExp(`^${source}(?:\\n|$)`, 'u');
}

/** The templates a section consists of, in order; undefined when any part of it is none. */
export function matchTemplates(
  lines: readonly string[],
  templates: readonly Template[],
): TemplateMatch[] | undefined {
  let left = lines.join('\n');
  const matches: TemplateMatch[] = [];
  while (left !== '') {
    let match: RegExpExecArray | null = null;
    for (const template of templates) {
      let regexp = compiled.get(template);
      if (!regexp) compiled.set(template, (regexp = pattern(template)));
      match = regexp.exec(left);
      if (!match) continue;
      matches.push({ template: template.name, values: { ...match.groups } });
      break;
    }
    if (!match) return undefined;
    left = left.slice(match[0].length);
  }
  return matches;
}
