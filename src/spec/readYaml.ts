import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { interpolate } from './interpolate.ts';
import type { Finding, Place } from './findings.ts';

/** A torchrig.yaml is a page of text; more than this is some other file. */
const MAX_BYTES = 256 * 1024;
/** The format itself needs four levels. */
const MAX_DEPTH = 16;
/** Nodes after aliases are expanded. */
const MAX_NODES = 20_000;

export interface ReadYaml {
  /** Scalars as text, objects without prototype; undefined for an empty document. */
  data: unknown;
  findings: Finding[];
  /** Where each path (JSON of its keys) was written. */
  places: Map<string, Place>;
  /** Paths whose value could not be read: nothing more is said of them. */
  failed: Set<string>;
}

/**
 * YAML text to plain data in which every scalar is the text that was written (`torch: 2.10` is "2.10"), with variables of the
 * form `${NAME}` put in from `env`. Never throws: what is wrong is a finding with its position.
 */
export function readYaml(bytes: Uint8Array, env: NodeJS.ProcessEnv): ReadYaml {
  const result: ReadYaml = { data: undefined, findings: [], places: new Map(), failed: new Set() };
  const refuse = (message: string, line = 1, column = 1): ReadYaml => {
    result.findings.push({ path: [], line, column, message });
    return result;
  };
  if (bytes.length > MAX_BYTES)
    return refuse(`the file is larger than ${MAX_BYTES} bytes: this is no torchrig.yaml`);
  const text = decode(bytes);
  if (text === undefined) return refuse('this is not a text file in UTF-8');
  if (nestedTooDeeply(text)) return refuse(`nested too deeply (at most ${MAX_DEPTH} levels)`);
  const lines = new LineCounter();
  const document = parse(text, lines);
  if (typeof document === 'string') return refuse(`not YAML: ${document}`);
  for (const problem of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const message = wording(problem.code, problem.message);
    result.findings.push({ path: [], line, column: col, message });
  }
  if (result.findings.length > 0 || saysNothing(document.contents)) return result;
  if (!isMap(document.contents))
    return refuse('a torchrig.yaml is a mapping of keys to values (torch: "2.7.1")');
  new Walk(document, lines, env, result).start(document.contents);
  return result;
}

/** An empty document, with or without `---`. */
function saysNothing(contents: Node | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === '' && contents.type === 'PLAIN');
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    return /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** A look before the parser, which recurses (and, at 100,000 levels, takes the process with it). Quotes are ignored: an over-estimate. */
function nestedTooDeeply(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    if (open > MAX_DEPTH * 4) return true;
  }
  const indent = text.match(/^ {200}/m) !== null;
  const compact = text.match(/^ *(?:[-?:][ \t]+){32}/m) !== null;
  return indent || compact;
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed | string {
  try {
    return parseDocument(text, { lineCounter, schema: 'failsafe', prettyErrors: false });
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 200) : 'the parser gave up';
  }
}

function wording(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is written twice';
  if (code === 'MULTIPLE_DOCS') return 'a second document ("---") begins here; one is allowed';
  if (code === 'TAB_AS_INDENT') return 'a tab indents this line; YAML wants blanks';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags ("!...") are not used here';
  if (code === 'RESOURCE_EXHAUSTION') return `nested too deeply (at most ${MAX_DEPTH} levels)`;
  return `not YAML: ${message}`;
}

/** One pass over the parsed document. */
class Walk {
  private nodes = 0;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private readonly env: NodeJS.ProcessEnv;
  private readonly result: ReadYaml;

  constructor(document: Document.Parsed, lines: LineCounter, env: NodeJS.ProcessEnv, result: ReadYaml) {
    this.document = document;
    this.lines = lines;
    this.env = env;
    this.result = result;
  }

  start(root: Node): void {
    this.result.data = this.visit(root, [], []);
  }

  private visit(node: Node | null | undefined, path: (string | number)[], open: readonly Node[]): unknown {
    this.nodes += 1;
    if (this.nodes > MAX_NODES) return this.fail(node, path, 'too many values (aliases included)');
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (!target) return this.fail(node, path, 'no anchor of this name comes before');
      if (open.includes(target)) return this.fail(node, path, 'this alias contains itself');
      return this.visit(target, path, [...open, target]);
    }
    if (path.length > MAX_DEPTH)
      return this.fail(node, path, `nested too deeply (at most ${MAX_DEPTH} levels)`);
    this.remember(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.visit(item as Node, [...path, index], open));
    if (isMap(node)) return this.map(node.items, path, open);
    return this.scalar(node, path);
  }

  private map(
    items: readonly { key: unknown; value: unknown }[],
    path: (string | number)[],
    open: readonly Node[],
  ): unknown {
    const object = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of items) {
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.fail(key as Node | null, path, 'a key is a single word');
        continue;
      }
      const at = [...path, key.value];
      const place = this.position(key);
      this.result.places.set(JSON.stringify(at), {
        ...place,
        key: place,
        source: key.value,
        interpolated: false,
      });
      // `mounts:` with nothing behind it, as when its lines are commented out, says nothing; env is made of texts.
      const empty = value === null || (isScalar(value) && value.value === '' && value.type === 'PLAIN');
      if (empty && path[0] !== 'env') continue;
      object[key.value] = this.visit(value as Node | null, at, open);
    }
    return object;
  }

  private scalar(node: Node | null | undefined, path: (string | number)[]): unknown {
    const text = isScalar(node) ? String(node.value) : '';
    const filled = interpolate(text, this.env);
    if ('problem' in filled) return this.fail(node, path, filled.problem);
    const place = this.result.places.get(JSON.stringify(path));
    if (place) {
      place.source = text;
      place.interpolated = filled.text !== text;
    }
    return filled.text;
  }

  private fail(node: Node | null | undefined, path: (string | number)[], message: string): undefined {
    const { line, column } = this.position(node);
    this.result.findings.push({ path, line, column, message });
    this.result.failed.add(JSON.stringify(path));
    return undefined;
  }

  private remember(node: Node | null | undefined, path: (string | number)[]): void {
    const id = JSON.stringify(path);
    const known = this.result.places.get(id);
    const here = node?.range ? this.position(node) : known;
    if (here)
      this.result.places.set(id, {
        source: '',
        interpolated: false,
        ...known,
        line: here.line,
        column: here.column,
      });
  }

  private position(node: Node | null | undefined): { line: number; column: number } {
    const { line, col } = this.lines.linePos(node?.range?.[0] ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}
